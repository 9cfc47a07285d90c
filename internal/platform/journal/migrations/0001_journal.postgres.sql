-- Nothing but position is ever updated here, once, from NULL to its final value.
CREATE TABLE journal_event (
  id TEXT PRIMARY KEY,
  stream TEXT NOT NULL,
  seq BIGINT NOT NULL,
  type TEXT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  on_behalf TEXT NOT NULL,
  purpose TEXT NOT NULL,
  data TEXT NOT NULL,
  position BIGINT
);
CREATE UNIQUE INDEX journal_event_stream ON journal_event (stream, seq);
CREATE UNIQUE INDEX journal_event_position ON journal_event (position) WHERE position IS NOT NULL;
-- The sealer's to-do list: empty most of the time.
CREATE INDEX journal_event_unsealed ON journal_event (id) WHERE position IS NULL;
CREATE INDEX journal_event_type ON journal_event (type, at);

-- Head of every stream: the number and id that the next event must follow.
CREATE TABLE journal_stream (
  stream TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
  last_id TEXT NOT NULL
);

-- Hashes of records and inner nodes by tlog.StoredHashIndex.
CREATE TABLE journal_hash (
  idx BIGINT PRIMARY KEY,
  hash BYTEA NOT NULL
);

-- One row: how many events are sealed.
CREATE TABLE journal_tree (
  id BIGINT PRIMARY KEY,
  size BIGINT NOT NULL
);
INSERT INTO journal_tree (id, size) VALUES (1, 0);

CREATE TABLE journal_checkpoint (
  size BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  note TEXT NOT NULL
);

-- Who may seal, and who runs which subscriber, until when.
CREATE TABLE journal_lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL
);

-- next is the position that the subscriber handles next; tries, retry_at and
-- error belong to the event at that position.
CREATE TABLE journal_cursor (
  name TEXT PRIMARY KEY,
  next BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  retry_at BIGINT NOT NULL,
  error TEXT NOT NULL
);

-- Events that a subscriber could not handle, kept for an operator.
CREATE TABLE journal_parked (
  subscriber TEXT NOT NULL,
  position BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  tries BIGINT NOT NULL,
  error TEXT NOT NULL,
  parked_at BIGINT NOT NULL,
  PRIMARY KEY (subscriber, position)
);
