-- Forms that arrived after their session had ended. sealed is encrypted; its key is in the browser alone.
CREATE TABLE account_parked (
	id         TEXT PRIMARY KEY,
	account_id TEXT NOT NULL DEFAULT '',
	sealed     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX account_parked_expires ON account_parked (expires_at);
