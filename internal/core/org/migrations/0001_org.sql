-- One row: counts changes, so that readers know when their copy of the tree is old; and the national calendar last seen.
CREATE TABLE org_state (
	id         BIGINT PRIMARY KEY,
	generation BIGINT NOT NULL,
	national   TEXT NOT NULL
);
INSERT INTO org_state (id, generation, national) VALUES (1, 1, '');

CREATE TABLE org_agency (
	id         TEXT PRIMARY KEY,
	code       TEXT NOT NULL,
	old_code   TEXT NOT NULL DEFAULT '',
	name       TEXT NOT NULL,
	short_name TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	sort_key   TEXT NOT NULL,
	kind       TEXT NOT NULL,
	level      TEXT NOT NULL,
	parent_id  TEXT REFERENCES org_agency (id),
	path       TEXT NOT NULL,
	address    TEXT NOT NULL DEFAULT '',
	phone      TEXT NOT NULL DEFAULT '',
	email      TEXT NOT NULL DEFAULT '',
	unit_code  TEXT NOT NULL DEFAULT '',
	receives   BIGINT NOT NULL DEFAULT 0,
	valid_from TEXT NOT NULL,
	valid_to   TEXT,
	rev        BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX org_agency_code ON org_agency (code) WHERE valid_to IS NULL;
CREATE INDEX org_agency_code_all ON org_agency (code);
CREATE INDEX org_agency_parent ON org_agency (parent_id, sort_key, id);
CREATE INDEX org_agency_sort ON org_agency (sort_key, id);

CREATE TABLE org_department (
	id        TEXT PRIMARY KEY,
	agency_id TEXT NOT NULL REFERENCES org_agency (id),
	name      TEXT NOT NULL,
	sort_key  TEXT NOT NULL,
	closed_at BIGINT
);
CREATE INDEX org_department_agency ON org_department (agency_id, sort_key, id);

CREATE TABLE org_post (
	id            TEXT PRIMARY KEY,
	agency_id     TEXT NOT NULL REFERENCES org_agency (id),
	department_id TEXT REFERENCES org_department (id),
	title         TEXT NOT NULL,
	sort_key      TEXT NOT NULL,
	closed_at     BIGINT,
	rev           BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX org_post_agency ON org_post (agency_id, sort_key, id);
CREATE INDEX org_post_department ON org_post (department_id);

CREATE TABLE org_post_role (
	post_id TEXT NOT NULL REFERENCES org_post (id),
	role    TEXT NOT NULL,
	PRIMARY KEY (post_id, role)
);
CREATE INDEX org_post_role_role ON org_post_role (role, post_id);

-- from_day and to_day are the planned period, both days included; ended_at cuts it short at a moment.
CREATE TABLE org_holding (
	id             TEXT PRIMARY KEY,
	post_id        TEXT NOT NULL REFERENCES org_post (id),
	account_id     TEXT NOT NULL,
	from_day       TEXT NOT NULL,
	to_day         TEXT,
	ended_at       BIGINT,
	delegated_from TEXT REFERENCES org_holding (id),
	delegated_by   TEXT,
	basis          TEXT NOT NULL DEFAULT '',
	created_at     BIGINT NOT NULL
);
CREATE INDEX org_holding_account ON org_holding (account_id);
CREATE INDEX org_holding_post ON org_holding (post_id);
CREATE INDEX org_holding_delegated ON org_holding (delegated_from);

-- One layer of working time that an agency lays over its parent's. A row is never changed.
CREATE TABLE org_calendar_version (
	agency_id  TEXT NOT NULL REFERENCES org_agency (id),
	number     BIGINT NOT NULL,
	content    TEXT NOT NULL,
	reason     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	PRIMARY KEY (agency_id, number)
);
