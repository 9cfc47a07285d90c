-- For the audit page: newest first, of everybody or of one account.
CREATE INDEX journal_event_at ON journal_event (at, id);
CREATE INDEX journal_event_actor ON journal_event (actor, at, id);
