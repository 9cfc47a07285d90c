CREATE TABLE register_definition (
	id      TEXT PRIMARY KEY, -- "<pack>/<code>"
	pack    TEXT NOT NULL,
	code    TEXT NOT NULL,
	version INTEGER NOT NULL,
	hash    TEXT NOT NULL,
	def     TEXT NOT NULL,
	public  INTEGER NOT NULL
);

-- One line of a register. Rows are never deleted; only state, valid_to, document_id and rev change.
CREATE TABLE register_entry (
	id             TEXT PRIMARY KEY,
	register       TEXT NOT NULL,
	agency_id      TEXT NOT NULL,
	agency_path    TEXT NOT NULL,
	agency_name    TEXT NOT NULL,
	number         TEXT NOT NULL,
	number_key     TEXT NOT NULL,
	year           INTEGER NOT NULL,
	seq            BIGINT NOT NULL,
	holder         TEXT NOT NULL,
	holders        TEXT NOT NULL,
	title          TEXT NOT NULL,
	result_code    TEXT NOT NULL,
	procedure_code TEXT NOT NULL,
	issued_on      TEXT NOT NULL,
	valid_from     TEXT NOT NULL,
	valid_to       TEXT,
	state          TEXT NOT NULL,
	data           TEXT NOT NULL,
	dossier_id     TEXT NOT NULL,
	dossier_number TEXT NOT NULL,
	document_id    TEXT NOT NULL,
	rev            BIGINT NOT NULL,
	created_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX register_entry_seq ON register_entry (register, agency_id, year, seq);
CREATE INDEX register_entry_number ON register_entry (register, number_key);
CREATE INDEX register_entry_dossier ON register_entry (dossier_id);
CREATE INDEX register_entry_list ON register_entry (register, id);
CREATE INDEX register_entry_path ON register_entry (register, agency_path text_pattern_ops, id);
CREATE INDEX register_entry_expiry ON register_entry (valid_to) WHERE valid_to IS NOT NULL AND state IN ('valid', 'suspended');

-- Under whom an entry is found again: citizen number or tax code.
CREATE TABLE register_holder (
	key         TEXT COLLATE "C" NOT NULL,
	entry_id    TEXT NOT NULL,
	result_code TEXT NOT NULL,
	PRIMARY KEY (key, entry_id)
);

-- Folded words of the holder's name, from each word on, for search by prefix.
CREATE TABLE register_search (
	register TEXT NOT NULL,
	key      TEXT COLLATE "C" NOT NULL,
	entry_id TEXT NOT NULL,
	PRIMARY KEY (register, key, entry_id)
);

-- What happened to an entry. Only ever added to.
CREATE TABLE register_change (
	entry_id   TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	at         BIGINT NOT NULL,
	kind       TEXT NOT NULL,
	from_state TEXT NOT NULL,
	to_state   TEXT NOT NULL,
	reason     TEXT NOT NULL,
	basis      TEXT NOT NULL,
	actor      TEXT NOT NULL,
	effective  TEXT NOT NULL,
	PRIMARY KEY (entry_id, seq)
);

CREATE TABLE register_number (
	register  TEXT NOT NULL,
	agency_id TEXT NOT NULL,
	year      INTEGER NOT NULL,
	n         BIGINT NOT NULL,
	PRIMARY KEY (register, agency_id, year)
);
