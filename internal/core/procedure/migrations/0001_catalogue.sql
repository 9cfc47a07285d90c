-- One row: counts changes of the catalogue, so that the search index in memory knows when it is old.
CREATE TABLE procedure_state (
	id         BIGINT PRIMARY KEY,
	generation BIGINT NOT NULL
);
INSERT INTO procedure_state (id, generation) VALUES (1, 1);

-- Rows never change but for withdrawn_at: dossiers are pinned to them.
-- card is what lists and search need, in JSON, so that they never read the whole definition.
CREATE TABLE procedure_version (
	id           TEXT PRIMARY KEY,
	code         TEXT NOT NULL,
	number       BIGINT NOT NULL,
	pack         TEXT NOT NULL,
	valid_from   TEXT NOT NULL,
	valid_to     TEXT,
	hash         TEXT NOT NULL,
	card         TEXT NOT NULL,
	definition   TEXT NOT NULL,
	parts        TEXT NOT NULL,
	published_at BIGINT NOT NULL,
	withdrawn_at BIGINT
);
CREATE UNIQUE INDEX procedure_version_number ON procedure_version (code, number);
CREATE INDEX procedure_version_pack ON procedure_version (pack, code);

-- Where one agency offers a procedure otherwise than the version's rule says; online '' = not at all.
CREATE TABLE procedure_offer (
	code      TEXT NOT NULL,
	agency_id TEXT NOT NULL,
	channel   TEXT NOT NULL,
	online    TEXT NOT NULL,
	PRIMARY KEY (code, agency_id, channel)
);
