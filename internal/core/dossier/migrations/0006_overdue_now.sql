-- What is past due is counted by agency and by procedure on every page of figures, and
-- listed, longest waiting first: one by one, from indexes of running dossiers alone.
-- SQLite wants in the index what is NULL in it.
CREATE INDEX dossier_dossier_late_agency ON dossier_dossier (competent_id, paused_at, finished_at, due_at, id, procedure_code) WHERE finished_at IS NULL AND paused_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX dossier_dossier_late_procedure ON dossier_dossier (procedure_code, paused_at, finished_at, due_at, id) WHERE finished_at IS NULL AND paused_at IS NULL AND due_at IS NOT NULL;
-- What one agency took in for another.
CREATE INDEX dossier_dossier_late_received ON dossier_dossier (receiving_id, paused_at, finished_at, due_at, id) WHERE finished_at IS NULL AND paused_at IS NULL AND due_at IS NOT NULL AND receiving_id <> competent_id;

-- A queue of one procedure does not look up the dossier of every task, and what is
-- counted is counted in the index: SQLite looks every task up unless all that is asked is in it.
ALTER TABLE dossier_task ADD COLUMN procedure_code TEXT NOT NULL DEFAULT '';
UPDATE dossier_task SET procedure_code = (SELECT d.procedure_code FROM dossier_dossier d WHERE d.id = dossier_task.dossier_id);
DROP INDEX dossier_task_queue;
DROP INDEX dossier_task_mine;
CREATE INDEX dossier_task_queue ON dossier_task (agency_id, role, assignee_id, sort_at, dossier_id, task, kind, late_at, procedure_code, closed_at) WHERE closed_at IS NULL;
CREATE INDEX dossier_task_mine ON dossier_task (assignee_id, sort_at, dossier_id, task, kind, late_at, procedure_code, closed_at) WHERE closed_at IS NULL AND assignee_id <> '';
