-- A search by name finds hundreds and shows the newest: the time of filing stands beside
-- each word, so that only what is shown is looked up.
ALTER TABLE dossier_search ADD COLUMN submitted_at BIGINT NOT NULL DEFAULT 0;
UPDATE dossier_search SET submitted_at = COALESCE((SELECT d.submitted_at FROM dossier_dossier d WHERE d.id = dossier_search.dossier_id), 0);
