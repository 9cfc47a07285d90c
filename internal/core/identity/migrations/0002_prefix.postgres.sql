-- LIKE 'prefix%' uses an index only in byte order.
DROP INDEX identity_account_agency;
CREATE INDEX identity_account_agency ON identity_account (agency_path text_pattern_ops);
