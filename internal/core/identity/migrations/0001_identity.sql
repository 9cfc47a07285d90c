CREATE TABLE identity_state (
	id         BIGINT PRIMARY KEY,
	generation BIGINT NOT NULL
);
INSERT INTO identity_state (id, generation) VALUES (1, 1);

CREATE TABLE identity_account (
	id          TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	login       TEXT NOT NULL,
	login_key   TEXT NOT NULL,
	name        TEXT NOT NULL,
	name_key    TEXT NOT NULL,
	sort_key    TEXT NOT NULL,
	citizen_no  TEXT,
	tax_code    TEXT,
	birth       TEXT,
	gender      TEXT NOT NULL DEFAULT '',
	phone       TEXT NOT NULL DEFAULT '',
	email       TEXT NOT NULL DEFAULT '',
	address     TEXT NOT NULL DEFAULT '',
	lang        TEXT NOT NULL DEFAULT 'vi',
	state       TEXT NOT NULL,
	assurance   TEXT NOT NULL,
	agency_id   TEXT NOT NULL DEFAULT '',
	agency_path TEXT NOT NULL DEFAULT '',
	password    TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	rev         BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX identity_account_login ON identity_account (login_key);
CREATE UNIQUE INDEX identity_account_citizen ON identity_account (citizen_no) WHERE kind = 'citizen';
CREATE UNIQUE INDEX identity_account_tax ON identity_account (tax_code) WHERE kind = 'organisation';
CREATE INDEX identity_account_citizen_no ON identity_account (citizen_no);
CREATE INDEX identity_account_phone ON identity_account (phone);
CREATE INDEX identity_account_sort ON identity_account (kind, sort_key, id);
CREATE INDEX identity_account_agency ON identity_account (agency_path);

-- A session holds the hash of the secret in the cookie, never the secret.
CREATE TABLE identity_session (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL,
	account_id TEXT NOT NULL REFERENCES identity_account (id),
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	idle_ms    BIGINT NOT NULL,
	agent      TEXT NOT NULL DEFAULT '',
	address    TEXT NOT NULL DEFAULT '',
	ended_at   BIGINT
);
CREATE UNIQUE INDEX identity_session_hash ON identity_session (hash);
CREATE INDEX identity_session_account ON identity_session (account_id, seen_at);
CREATE INDEX identity_session_expires ON identity_session (expires_at);

CREATE TABLE identity_token (
	id         TEXT PRIMARY KEY,
	hash       TEXT NOT NULL,
	prefix     TEXT NOT NULL,
	account_id TEXT NOT NULL REFERENCES identity_account (id),
	name       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT,
	revoked_at BIGINT
);
CREATE UNIQUE INDEX identity_token_hash ON identity_token (hash);
CREATE INDEX identity_token_account ON identity_token (account_id);

-- One-time links with which a password is set.
CREATE TABLE identity_link (
	hash       TEXT PRIMARY KEY,
	account_id TEXT NOT NULL REFERENCES identity_account (id),
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT
);
CREATE INDEX identity_link_account ON identity_link (account_id);

CREATE TABLE identity_role (
	code       TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	perms      TEXT NOT NULL,
	pack       TEXT NOT NULL DEFAULT '',
	sort_order BIGINT NOT NULL DEFAULT 0,
	removed_at BIGINT
);

-- Failed attempts by keyed hash of login and address; nothing here names anybody.
CREATE TABLE identity_throttle (
	key      TEXT PRIMARY KEY,
	failures BIGINT NOT NULL,
	last_at  BIGINT NOT NULL,
	until    BIGINT NOT NULL
);
CREATE INDEX identity_throttle_last ON identity_throttle (last_at);
