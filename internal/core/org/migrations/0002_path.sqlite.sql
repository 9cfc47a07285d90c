CREATE INDEX org_agency_path ON org_agency (path);
