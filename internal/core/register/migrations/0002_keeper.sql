-- Who keeps an entry since a decree ended the agency that issued it; '' is the issuer. agency_path is the keeper's.
ALTER TABLE register_entry ADD COLUMN keeper_id TEXT NOT NULL DEFAULT '';
ALTER TABLE register_entry ADD COLUMN keeper_name TEXT NOT NULL DEFAULT '';
