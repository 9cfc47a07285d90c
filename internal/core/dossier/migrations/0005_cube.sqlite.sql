-- Figures as a cube: a line is of an agency or of all (''), of a month ('2026-11'), a
-- year ('2026') or all time (''), of a procedure or of all (''). What a page shows is a
-- few lines of it, not the sum of every month there was.
CREATE TABLE dossier_cube (
	agency_id      TEXT NOT NULL,
	month          TEXT NOT NULL,
	procedure_code TEXT NOT NULL,
	received       BIGINT NOT NULL,
	online         BIGINT NOT NULL,
	done           BIGINT NOT NULL,
	in_time        BIGINT NOT NULL,
	late           BIGINT NOT NULL,
	refused        BIGINT NOT NULL,
	withdrawn      BIGINT NOT NULL,
	closed         BIGINT NOT NULL,
	moved_in       BIGINT NOT NULL,
	moved_out      BIGINT NOT NULL,
	PRIMARY KEY (agency_id, month, procedure_code)
) WITHOUT ROWID;
INSERT INTO dossier_cube (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
	SELECT agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out FROM dossier_stat;
INSERT INTO dossier_cube (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
	SELECT agency_id, substr(month, 1, 4), procedure_code, SUM(received), SUM(online), SUM(done), SUM(in_time), SUM(late), SUM(refused), SUM(withdrawn), SUM(closed), SUM(moved_in), SUM(moved_out) FROM dossier_cube GROUP BY 1, 2, 3;
INSERT INTO dossier_cube (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
	SELECT agency_id, '', procedure_code, SUM(received), SUM(online), SUM(done), SUM(in_time), SUM(late), SUM(refused), SUM(withdrawn), SUM(closed), SUM(moved_in), SUM(moved_out) FROM dossier_cube WHERE length(month) = 4 GROUP BY 1, 3;
INSERT INTO dossier_cube (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
	SELECT agency_id, month, '', SUM(received), SUM(online), SUM(done), SUM(in_time), SUM(late), SUM(refused), SUM(withdrawn), SUM(closed), SUM(moved_in), SUM(moved_out) FROM dossier_cube GROUP BY 1, 2;
INSERT INTO dossier_cube (agency_id, month, procedure_code, received, online, done, in_time, late, refused, withdrawn, closed, moved_in, moved_out)
	SELECT '', month, procedure_code, SUM(received), SUM(online), SUM(done), SUM(in_time), SUM(late), SUM(refused), SUM(withdrawn), SUM(closed), SUM(moved_in), SUM(moved_out) FROM dossier_cube GROUP BY 2, 3;
DROP TABLE dossier_stat;
ALTER TABLE dossier_cube RENAME TO dossier_stat;
