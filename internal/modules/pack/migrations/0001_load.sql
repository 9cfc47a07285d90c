-- One row per load of a pack. state: current (in force), replaced (by a later one), undone (rolled back).
-- files holds the texts as they were loaded: what a later diff and a rollback read.
-- published and withdrawn are the procedure versions this load brought and took out of force.
CREATE TABLE pack_load (
	id         TEXT PRIMARY KEY,
	pack       TEXT NOT NULL,
	number     BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	name       TEXT NOT NULL,
	hash       TEXT NOT NULL,
	files      TEXT NOT NULL,
	content    TEXT NOT NULL,
	published  TEXT NOT NULL,
	withdrawn  TEXT NOT NULL,
	state      TEXT NOT NULL,
	loaded_at  BIGINT NOT NULL,
	loaded_by  TEXT NOT NULL
);
CREATE UNIQUE INDEX pack_load_number ON pack_load (pack, number);
CREATE UNIQUE INDEX pack_load_current ON pack_load (pack) WHERE state = 'current';
