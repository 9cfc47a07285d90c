-- A finished job leaves no row. state: 'ready' waits for run_at, 'run' is under
-- a worker's lease, 'parked' waits for an operator.
CREATE TABLE job_task (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT,
  payload TEXT NOT NULL,
  state TEXT NOT NULL,
  run_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  holder TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  error TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_task_key ON job_task (kind, key) WHERE state = 'ready';
CREATE INDEX job_task_due ON job_task (run_at, id) WHERE state = 'ready';
CREATE INDEX job_task_lease ON job_task (lease_until) WHERE state = 'run';
CREATE INDEX job_task_parked ON job_task (changed_at, id) WHERE state = 'parked';

-- last_at is the last moment of the schedule for which a job was made.
CREATE TABLE job_schedule (
  name TEXT PRIMARY KEY,
  last_at BIGINT NOT NULL
);
