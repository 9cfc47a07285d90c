-- One row per stored content. Its state serialises those who store the same
-- bytes again with the sweep that removes them.
CREATE TABLE blob_object (
    hash        TEXT   PRIMARY KEY,
    size        BIGINT NOT NULL,
    state       TEXT   NOT NULL,            -- live, deleting
    touched_at  BIGINT NOT NULL,            -- last time somebody stored these bytes
    verified_at BIGINT NOT NULL,            -- last time they were read and compared
    problem     TEXT   NOT NULL             -- '', missing, corrupt
);
CREATE INDEX blob_object_verified ON blob_object (verified_at, hash);
CREATE INDEX blob_object_problem ON blob_object (problem, hash);

-- One row per file somebody handed in; many may share one content.
CREATE TABLE blob_file (
    id         TEXT   PRIMARY KEY,
    hash       TEXT   NOT NULL,
    size       BIGINT NOT NULL,
    type       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    owner      TEXT   NOT NULL,
    once       TEXT,                        -- idempotency key of the owner, NULL when none
    scan       TEXT   NOT NULL,             -- clean, pending, quarantined, infected
    scan_note  TEXT   NOT NULL,             -- name of the virus, or why it was not scanned
    scan_after BIGINT NOT NULL,             -- when the next scan is due
    scan_tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    freed_at   BIGINT NOT NULL,             -- since when nothing claims it; 0 while claimed
    deleted_at BIGINT
);
CREATE UNIQUE INDEX blob_file_once ON blob_file (owner, once);
CREATE INDEX blob_file_hash ON blob_file (hash);
CREATE INDEX blob_file_owner ON blob_file (owner, freed_at);
CREATE INDEX blob_file_freed ON blob_file (freed_at, id);
CREATE INDEX blob_file_deleted ON blob_file (deleted_at, id);
CREATE INDEX blob_file_scan ON blob_file (scan, scan_after, id);

-- What a file is part of. A claimed file is never swept.
CREATE TABLE blob_claim (
    file_id    TEXT   NOT NULL,
    stream     TEXT   NOT NULL,             -- the journal stream of what holds it: dossier/<id>, draft/<id>
    claimed_at BIGINT NOT NULL,
    PRIMARY KEY (file_id, stream)
);
CREATE INDEX blob_claim_stream ON blob_claim (stream, file_id);

-- Uploads in chunks, resumable after any interruption.
CREATE TABLE blob_upload (
    id         TEXT   PRIMARY KEY,
    name       TEXT   NOT NULL,
    size       BIGINT NOT NULL,             -- as declared; -1 when unknown
    owner      TEXT   NOT NULL,
    once       TEXT,
    received   BIGINT NOT NULL,
    parts      BIGINT NOT NULL,
    state      TEXT   NOT NULL,             -- open, done, refused
    file_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX blob_upload_once ON blob_upload (owner, once);
CREATE INDEX blob_upload_owner ON blob_upload (owner, state);
CREATE INDEX blob_upload_expires ON blob_upload (expires_at, id);

CREATE TABLE blob_part (
    upload_id TEXT   NOT NULL,
    start     BIGINT NOT NULL,
    size      BIGINT NOT NULL,
    hash      TEXT   NOT NULL,
    staged    TEXT   NOT NULL,              -- Staged.ID of the bytes
    PRIMARY KEY (upload_id, start)
);
CREATE INDEX blob_part_staged ON blob_part (staged);
