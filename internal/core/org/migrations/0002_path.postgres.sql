-- LIKE 'prefix%' uses an index only in byte order.
CREATE INDEX org_agency_path ON org_agency (path text_pattern_ops);
