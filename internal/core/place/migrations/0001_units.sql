-- One row: which national list was loaded, how often anything changed, and how many rows decrees of this house made or closed.
CREATE TABLE place_state (
	id         BIGINT PRIMARY KEY,
	seed       TEXT NOT NULL,
	generation BIGINT NOT NULL,
	decreed    BIGINT NOT NULL
);
INSERT INTO place_state (id, seed, generation, decreed) VALUES (1, '', 1, 0);

-- origin and end_origin name the decree that opened and closed a unit, '' the national list.
CREATE TABLE place_unit (
	code       TEXT NOT NULL,
	valid_from TEXT NOT NULL,
	valid_to   TEXT,
	level      TEXT NOT NULL,
	kind       TEXT NOT NULL,
	name       TEXT NOT NULL,
	english    TEXT NOT NULL DEFAULT '',
	parent     TEXT NOT NULL DEFAULT '',
	legal      TEXT NOT NULL DEFAULT '',
	end_legal  TEXT NOT NULL DEFAULT '',
	origin     TEXT NOT NULL DEFAULT '',
	end_origin TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (code, valid_from)
);
CREATE INDEX place_unit_origin ON place_unit (origin) WHERE origin <> '';
CREATE INDEX place_unit_end_origin ON place_unit (end_origin) WHERE end_origin <> '';

CREATE TABLE place_succession (
	old_code  TEXT NOT NULL,
	old_from  TEXT NOT NULL,
	new_code  TEXT NOT NULL,
	new_from  TEXT NOT NULL,
	share     TEXT NOT NULL,
	residents BIGINT NOT NULL DEFAULT 0,
	day       TEXT NOT NULL,
	legal     TEXT NOT NULL DEFAULT '',
	origin    TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (old_code, old_from, new_code, new_from)
);
CREATE INDEX place_succession_new ON place_succession (new_code, new_from);
CREATE INDEX place_succession_origin ON place_succession (origin) WHERE origin <> '';
