-- What is past due is counted by agency and procedure on every page of figures: the
-- index alone answers it (SQLite wants finished_at in it too), without a look at a
-- hundred thousand dossiers.
DROP INDEX dossier_dossier_due;
CREATE INDEX dossier_dossier_due ON dossier_dossier (due_at, id, competent_id, procedure_code, paused_at, finished_at) WHERE finished_at IS NULL AND due_at IS NOT NULL;
