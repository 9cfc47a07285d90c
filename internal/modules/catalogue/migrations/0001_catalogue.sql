-- One row per import. file, at, line and by_line are the cursor: everything before it is accounted for.
CREATE TABLE catalogue_run (
	id          TEXT PRIMARY KEY,
	title       TEXT NOT NULL,
	files       TEXT NOT NULL,
	apply       BIGINT NOT NULL,
	state       TEXT NOT NULL,
	file        BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	line        BIGINT NOT NULL,
	by_line     BIGINT NOT NULL,
	size        BIGINT NOT NULL,
	done        BIGINT NOT NULL,
	added       BIGINT NOT NULL,
	changed     BIGINT NOT NULL,
	same        BIGINT NOT NULL,
	pending     BIGINT NOT NULL,
	refused     BIGINT NOT NULL,
	error       TEXT NOT NULL,
	started_by  TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	finished_at BIGINT
);
CREATE INDEX catalogue_run_created ON catalogue_run (created_at);

-- What became of each record of a run.
CREATE TABLE catalogue_line (
	run_id  TEXT NOT NULL,
	file    BIGINT NOT NULL,
	line    BIGINT NOT NULL,
	outcome TEXT NOT NULL,
	code    TEXT NOT NULL,
	field   TEXT NOT NULL,
	reason  TEXT NOT NULL,
	words   TEXT NOT NULL,
	hint    TEXT NOT NULL,
	PRIMARY KEY (run_id, file, line)
);
CREATE INDEX catalogue_line_outcome ON catalogue_line (run_id, outcome, file, line);
CREATE INDEX catalogue_line_code ON catalogue_line (run_id, code);

-- The accepted record of a procedure by shape of source.
CREATE TABLE catalogue_source (
	code       TEXT NOT NULL,
	shape      TEXT NOT NULL,
	record     TEXT NOT NULL,
	hash       TEXT NOT NULL,
	run_id     TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (code, shape)
);

-- A record that differs from the accepted one and waits for a decision, or has had it.
CREATE TABLE catalogue_change (
	id         TEXT PRIMARY KEY,
	run_id     TEXT NOT NULL,
	code       TEXT NOT NULL,
	shape      TEXT NOT NULL,
	kind       TEXT NOT NULL,
	name       TEXT NOT NULL,
	record     TEXT NOT NULL,
	hash       TEXT NOT NULL,
	diff       TEXT NOT NULL,
	state      TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	decided_at BIGINT,
	created_at BIGINT NOT NULL
);
CREATE INDEX catalogue_change_run ON catalogue_change (run_id, state, code);
CREATE UNIQUE INDEX catalogue_change_open ON catalogue_change (code, shape) WHERE state = 'open';

-- A part that an officer has set right. base is the hash of the part it was made of.
CREATE TABLE catalogue_edit (
	code      TEXT NOT NULL,
	part      TEXT NOT NULL,
	value     TEXT NOT NULL,
	base      TEXT NOT NULL,
	edited_by TEXT NOT NULL,
	edited_at BIGINT NOT NULL,
	PRIMARY KEY (code, part)
);

-- The entry made of all that. missing and doubts are lists between commas, for the pages that count them.
CREATE TABLE catalogue_entry (
	code       TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	field      TEXT NOT NULL,
	agency     TEXT NOT NULL,
	level      TEXT NOT NULL,
	shape      TEXT NOT NULL,
	record     TEXT NOT NULL,
	hash       TEXT NOT NULL,
	version_id TEXT NOT NULL,
	pack       TEXT NOT NULL,
	score      BIGINT NOT NULL,
	missing    TEXT NOT NULL,
	doubts     TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE INDEX catalogue_entry_agency ON catalogue_entry (agency, score, code);
CREATE INDEX catalogue_entry_score ON catalogue_entry (score, code);
