-- Dossiers that a decree carried from one agency to another while they were open, by the month it happened.
ALTER TABLE dossier_stat ADD COLUMN moved_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dossier_stat ADD COLUMN moved_out BIGINT NOT NULL DEFAULT 0;
-- The due time that was promised before another agency took over; only for entries of kind 'move'.
ALTER TABLE dossier_clock ADD COLUMN promised BIGINT;

-- Which agency was competent until when: what was open when a decree ended the agency.
CREATE TABLE dossier_handover (
	dossier_id TEXT NOT NULL,
	at         BIGINT NOT NULL,
	from_id    TEXT NOT NULL,
	from_path  TEXT NOT NULL,
	to_id      TEXT NOT NULL,
	decree     TEXT NOT NULL,
	PRIMARY KEY (dossier_id, at)
);
