-- Papers that staff attached for their colleagues; parties do not see them.
ALTER TABLE dossier_paper ADD COLUMN internal INTEGER NOT NULL DEFAULT 0;
