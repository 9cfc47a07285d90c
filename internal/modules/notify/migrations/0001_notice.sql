CREATE TABLE notify_notice (
	id TEXT PRIMARY KEY,
	event_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	number TEXT NOT NULL,
	title TEXT NOT NULL,
	agency TEXT NOT NULL,
	due_at BIGINT,
	read_at BIGINT,
	UNIQUE (event_id, account_id)
);
CREATE INDEX notify_notice_account ON notify_notice (account_id, at DESC, id DESC);
CREATE INDEX notify_notice_unread ON notify_notice (account_id) WHERE read_at IS NULL;
CREATE INDEX notify_notice_age ON notify_notice (at);
