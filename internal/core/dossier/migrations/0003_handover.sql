-- Dossiers that a decree carried from one agency to another while they were open, by the month it happened.
ALTER TABLE dossier_stat ADD COLUMN moved_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dossier_stat ADD COLUMN moved_out BIGINT NOT NULL DEFAULT 0;
-- The due time that was promised before another agency took over; only for entries of kind 'move'.
ALTER TABLE dossier_clock ADD COLUMN promised BIGINT;
