-- What became of an agency: who took over from which day, by which decree. share says 'heir' for the one who took
-- what nobody else did (archive, books, standing), 'part' for the others.
CREATE TABLE org_succession (
	from_id  TEXT NOT NULL REFERENCES org_agency (id),
	to_id    TEXT NOT NULL REFERENCES org_agency (id),
	share    TEXT NOT NULL,
	on_day   TEXT NOT NULL,
	decree   TEXT NOT NULL,
	basis    TEXT NOT NULL,
	PRIMARY KEY (from_id, to_id)
);
CREATE UNIQUE INDEX org_succession_heir ON org_succession (from_id) WHERE share = 'heir';
CREATE INDEX org_succession_to ON org_succession (to_id);
