-- The head of a dossier: narrow, for queues, headers and searches.
CREATE TABLE dossier_dossier (
	id                TEXT PRIMARY KEY,
	number            TEXT NOT NULL,
	procedure_code    TEXT NOT NULL,
	procedure_name    TEXT NOT NULL,
	version_id        TEXT NOT NULL,
	case_id           TEXT NOT NULL,
	offer_id          TEXT NOT NULL,
	title             TEXT NOT NULL,
	channel           TEXT NOT NULL,
	receiving_id      TEXT NOT NULL,
	receiving_path    TEXT NOT NULL,
	competent_id      TEXT NOT NULL,
	competent_path    TEXT NOT NULL,
	owner_account     TEXT NOT NULL,
	owner_name        TEXT NOT NULL,
	submitter_account TEXT NOT NULL,
	proxy             TEXT NOT NULL,
	sets              INTEGER NOT NULL,
	status            INTEGER NOT NULL,
	stage             TEXT NOT NULL,
	step              TEXT NOT NULL,
	clock             TEXT NOT NULL,
	submitted_at      BIGINT NOT NULL,
	received_at       BIGINT,
	due_at            BIGINT,
	paused_at         BIGINT,
	finished_at       BIGINT,
	returned_at       BIGINT,
	supplements       INTEGER NOT NULL,
	late              INTEGER NOT NULL,
	confidentiality   TEXT NOT NULL,
	parent_id         TEXT NOT NULL,
	fee_due           BIGINT NOT NULL,
	fee_paid          BIGINT NOT NULL,
	receipt_id        TEXT NOT NULL,
	entry_id          TEXT NOT NULL,
	result_id         TEXT NOT NULL,
	version           BIGINT NOT NULL,
	updated_at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX dossier_dossier_number ON dossier_dossier (number);
CREATE INDEX dossier_dossier_newest ON dossier_dossier (submitted_at, id);
CREATE INDEX dossier_dossier_procedure ON dossier_dossier (procedure_code, submitted_at, id);
-- Only what is still open and has a due time: a small part of all dossiers.
CREATE INDEX dossier_dossier_due ON dossier_dossier (due_at, id) WHERE finished_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX dossier_dossier_parent ON dossier_dossier (parent_id) WHERE parent_id <> '';

-- What only the page of one dossier needs: the parties, where it stands in its flow, what was made of it.
CREATE TABLE dossier_body (
	dossier_id TEXT PRIMARY KEY,
	owner      TEXT NOT NULL,
	submitter  TEXT NOT NULL,
	delivery   TEXT NOT NULL,
	run        TEXT NOT NULL,
	outcome    TEXT NOT NULL
);

-- Answers, one row a revision: 0 as filed, then one for each supplement.
CREATE TABLE dossier_answers (
	dossier_id TEXT NOT NULL,
	revision   INTEGER NOT NULL,
	at         BIGINT NOT NULL,
	actor      TEXT NOT NULL,
	answers    TEXT NOT NULL,
	PRIMARY KEY (dossier_id, revision)
);

-- Thành phần hồ sơ. Flags as the national portal counts them: see Paper.
CREATE TABLE dossier_paper (
	dossier_id  TEXT NOT NULL,
	seq         INTEGER NOT NULL,
	id          TEXT NOT NULL,
	code        TEXT NOT NULL,
	name        TEXT NOT NULL,
	required    INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	originals   INTEGER NOT NULL,
	copies      INTEGER NOT NULL,
	files       TEXT NOT NULL,
	digitised   INTEGER NOT NULL,
	reused      INTEGER NOT NULL,
	from_store  INTEGER NOT NULL,
	entry_id    TEXT NOT NULL,
	result_code TEXT NOT NULL,
	note        TEXT NOT NULL,
	revision    INTEGER NOT NULL,
	given_at    BIGINT,
	verified    INTEGER NOT NULL,
	PRIMARY KEY (dossier_id, seq)
) WITHOUT ROWID;

-- Work queues: one row a task. kind says what the step is for: receive, sign, return, work, wait.
CREATE TABLE dossier_task (
	dossier_id     TEXT NOT NULL,
	task           TEXT NOT NULL,
	step           TEXT NOT NULL,
	kind           TEXT NOT NULL,
	role           TEXT NOT NULL,
	agency_id      TEXT NOT NULL,
	department_id  TEXT NOT NULL,
	assignee_id    TEXT NOT NULL,
	delegated_from TEXT NOT NULL,
	for_whom       TEXT NOT NULL,
	opened_at      BIGINT NOT NULL,
	due_at         BIGINT,
	late_at        BIGINT,
	sort_at        BIGINT NOT NULL,
	closed_at      BIGINT,
	closed_by      TEXT NOT NULL,
	seen_at        BIGINT,
	PRIMARY KEY (dossier_id, task)
) WITHOUT ROWID;
-- The order of urgency, and all that counting needs, in the index itself.
CREATE INDEX dossier_task_queue ON dossier_task (agency_id, role, assignee_id, sort_at, dossier_id, task, kind, late_at) WHERE closed_at IS NULL;
CREATE INDEX dossier_task_mine ON dossier_task (assignee_id, sort_at, dossier_id, task, kind, late_at) WHERE closed_at IS NULL AND assignee_id <> '';
CREATE INDEX dossier_task_held ON dossier_task (assignee_id, dossier_id) WHERE assignee_id <> '';

-- The legal clock: only ever added to.
CREATE TABLE dossier_clock (
	dossier_id TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	kind       TEXT NOT NULL,
	at         BIGINT NOT NULL,
	reason     TEXT NOT NULL,
	basis      TEXT NOT NULL,
	paper      TEXT NOT NULL,
	hours      INTEGER NOT NULL,
	days       INTEGER NOT NULL,
	PRIMARY KEY (dossier_id, seq)
) WITHOUT ROWID;

CREATE TABLE dossier_supplement (
	id          TEXT PRIMARY KEY,
	dossier_id  TEXT NOT NULL,
	round       INTEGER NOT NULL,
	asked_at    BIGINT NOT NULL,
	asked_by    TEXT NOT NULL,
	asked_name  TEXT NOT NULL,
	reason      TEXT NOT NULL,
	guidance    TEXT NOT NULL,
	missing     TEXT NOT NULL,
	due_at      BIGINT,
	answered_at BIGINT,
	expired_at  BIGINT,
	document_id TEXT NOT NULL
);
CREATE UNIQUE INDEX dossier_supplement_round ON dossier_supplement (dossier_id, round);

-- Words typed by people about a dossier; events of the journal refer to them by id.
CREATE TABLE dossier_note (
	id         TEXT PRIMARY KEY,
	dossier_id TEXT NOT NULL,
	at         BIGINT NOT NULL,
	actor      TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	audience   TEXT NOT NULL,
	text       TEXT NOT NULL
);
CREATE INDEX dossier_note_dossier ON dossier_note (dossier_id);

CREATE TABLE dossier_fee (
	dossier_id TEXT NOT NULL,
	code       TEXT NOT NULL,
	name       TEXT NOT NULL,
	kind       TEXT NOT NULL,
	amount     BIGINT NOT NULL,
	exempt     INTEGER NOT NULL,
	paid_at    BIGINT,
	receipt_no TEXT NOT NULL,
	method     TEXT NOT NULL,
	PRIMARY KEY (dossier_id, code)
) WITHOUT ROWID;

-- Numbers given per agency and day.
CREATE TABLE dossier_number (
	agency TEXT NOT NULL,
	day    TEXT NOT NULL,
	n      BIGINT NOT NULL,
	PRIMARY KEY (agency, day)
) WITHOUT ROWID;

-- Idempotency keys of mutations.
CREATE TABLE dossier_key (
	account_id TEXT NOT NULL,
	key        TEXT NOT NULL,
	operation  TEXT NOT NULL,
	dossier_id TEXT NOT NULL,
	at         BIGINT NOT NULL,
	PRIMARY KEY (account_id, key)
) WITHOUT ROWID;
CREATE INDEX dossier_key_age ON dossier_key (at);

CREATE TABLE dossier_draft (
	id         TEXT PRIMARY KEY,
	account_id TEXT NOT NULL,
	offer_id   TEXT NOT NULL,
	version_id TEXT NOT NULL,
	case_id    TEXT NOT NULL,
	step       TEXT NOT NULL,
	answers    TEXT NOT NULL,
	papers     TEXT NOT NULL,
	owner      TEXT NOT NULL,
	proxy      TEXT NOT NULL,
	delivery   TEXT NOT NULL,
	undo       TEXT NOT NULL,
	rev        BIGINT NOT NULL,
	title      TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	dossier_id TEXT NOT NULL
);
CREATE INDEX dossier_draft_account ON dossier_draft (account_id, updated_at);
CREATE INDEX dossier_draft_expiry ON dossier_draft (expires_at);

-- Who reaches a dossier in lists, newest first: "a:<agency>", "a:<agency>|<procedure>", "p:<account>".
CREATE TABLE dossier_reach (
	key          TEXT NOT NULL,
	submitted_at BIGINT NOT NULL,
	dossier_id   TEXT NOT NULL,
	PRIMARY KEY (key, submitted_at, dossier_id)
) WITHOUT ROWID;

-- Folded names, numbers and citizen numbers, by agency, for search by prefix.
CREATE TABLE dossier_search (
	agency_id  TEXT NOT NULL,
	key        TEXT NOT NULL,
	dossier_id TEXT NOT NULL,
	PRIMARY KEY (agency_id, key, dossier_id)
) WITHOUT ROWID;

CREATE TABLE dossier_follow (
	account_id TEXT NOT NULL,
	dossier_id TEXT NOT NULL,
	at         BIGINT NOT NULL,
	PRIMARY KEY (account_id, dossier_id)
) WITHOUT ROWID;

CREATE TABLE dossier_rating (
	dossier_id TEXT PRIMARY KEY,
	account_id TEXT NOT NULL,
	stars      INTEGER NOT NULL,
	comment    TEXT NOT NULL,
	at         BIGINT NOT NULL
);

-- Reads of personal data already written to the journal in an hour.
CREATE TABLE dossier_read (
	actor      TEXT NOT NULL,
	dossier_id TEXT NOT NULL,
	hour       BIGINT NOT NULL,
	PRIMARY KEY (actor, dossier_id, hour)
) WITHOUT ROWID;
CREATE INDEX dossier_read_age ON dossier_read (hour);

-- Figures by month, kept by following the journal.
CREATE TABLE dossier_stat (
	agency_id      TEXT NOT NULL,
	procedure_code TEXT NOT NULL,
	month          TEXT NOT NULL,
	received       BIGINT NOT NULL,
	online         BIGINT NOT NULL,
	done           BIGINT NOT NULL,
	in_time        BIGINT NOT NULL,
	late           BIGINT NOT NULL,
	refused        BIGINT NOT NULL,
	withdrawn      BIGINT NOT NULL,
	closed         BIGINT NOT NULL,
	PRIMARY KEY (agency_id, procedure_code, month)
) WITHOUT ROWID;
