-- A pack that was uploaded and waits for its plan to be accepted, for an hour.
CREATE TABLE admin_upload (
	id         TEXT PRIMARY KEY,
	account_id TEXT NOT NULL,
	name       TEXT NOT NULL,
	content    TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
