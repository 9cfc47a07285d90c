-- Issued papers. One row a paper, for ever; the PDF itself is a blob file.
CREATE TABLE document_paper (
	id             TEXT PRIMARY KEY,
	kind           TEXT NOT NULL,
	name           TEXT NOT NULL,
	number         TEXT NOT NULL,
	series         TEXT NOT NULL,
	year           INTEGER NOT NULL,
	seq            BIGINT NOT NULL,
	agency_id      TEXT NOT NULL,
	agency_name    TEXT NOT NULL,
	dossier_id     TEXT NOT NULL,
	dossier_number TEXT NOT NULL,
	entry_id       TEXT NOT NULL,
	state          TEXT NOT NULL,
	verify_code    TEXT NOT NULL,
	file_id        TEXT NOT NULL,
	hash           TEXT NOT NULL,
	size           BIGINT NOT NULL,
	issued_at      BIGINT NOT NULL,
	ready_at       BIGINT,
	revoked_at     BIGINT,
	revoked_why    TEXT NOT NULL
);
CREATE UNIQUE INDEX document_paper_code ON document_paper (verify_code);
CREATE INDEX document_paper_dossier ON document_paper (dossier_id, issued_at);
CREATE UNIQUE INDEX document_paper_number ON document_paper (agency_id, series, year, seq) WHERE seq > 0;

-- What a paper says, until its PDF stands: personal data, dropped then.
CREATE TABLE document_data (
	paper_id TEXT PRIMARY KEY,
	data     TEXT NOT NULL
);

-- Running numbers per agency, series and year.
CREATE TABLE document_number (
	agency_id TEXT NOT NULL,
	series    TEXT NOT NULL,
	year      INTEGER NOT NULL,
	n         BIGINT NOT NULL,
	PRIMARY KEY (agency_id, series, year)
);
