-- What is past due is counted by agency and by procedure on every page of figures: one
-- by one, from as few bytes as can be. SQLite wants in the index what is NULL in it.
CREATE INDEX dossier_dossier_late_agency ON dossier_dossier (competent_id, paused_at, finished_at, due_at, procedure_code) WHERE finished_at IS NULL AND paused_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX dossier_dossier_late_procedure ON dossier_dossier (procedure_code, paused_at, finished_at, due_at) WHERE finished_at IS NULL AND paused_at IS NULL AND due_at IS NOT NULL;
