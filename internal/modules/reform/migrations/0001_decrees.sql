-- Decrees as uploaded. state: draft, scheduled, applied, undone. run names the list of effects that stands.
CREATE TABLE reform_decree (
	id           TEXT PRIMARY KEY,
	number       TEXT NOT NULL,
	number_key   TEXT NOT NULL,
	title        TEXT NOT NULL,
	effective    TEXT NOT NULL,
	name         TEXT NOT NULL,
	file         TEXT NOT NULL,
	state        TEXT NOT NULL,
	run          BIGINT NOT NULL,
	problems     TEXT NOT NULL,
	summary      TEXT NOT NULL,
	checked_at   BIGINT,
	created_at   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	scheduled_at BIGINT,
	scheduled_by TEXT NOT NULL DEFAULT '',
	applied_at   BIGINT,
	took_ms      BIGINT NOT NULL DEFAULT 0,
	undone_at    BIGINT,
	undone_by    TEXT NOT NULL DEFAULT '',
	failure      TEXT NOT NULL DEFAULT ''
);
-- One decree of a number is scheduled or applied at most once.
CREATE UNIQUE INDEX reform_decree_number ON reform_decree (number_key) WHERE state IN ('scheduled', 'applied');
CREATE INDEX reform_decree_newest ON reform_decree (created_at, id);

-- What a decree changes, of a dry run or as it was done.
CREATE TABLE reform_effect (
	decree_id TEXT NOT NULL,
	run       BIGINT NOT NULL,
	kind      TEXT NOT NULL,
	seq       BIGINT NOT NULL,
	subject   TEXT NOT NULL,
	label     TEXT NOT NULL,
	from_code TEXT NOT NULL,
	from_name TEXT NOT NULL,
	to_code   TEXT NOT NULL,
	to_name   TEXT NOT NULL,
	note      TEXT NOT NULL,
	PRIMARY KEY (decree_id, run, kind, seq)
);

-- The agencies a decree touches, against two decrees at once.
CREATE TABLE reform_touch (
	decree_id TEXT NOT NULL,
	code      TEXT NOT NULL,
	PRIMARY KEY (decree_id, code)
);
CREATE INDEX reform_touch_code ON reform_touch (code);
