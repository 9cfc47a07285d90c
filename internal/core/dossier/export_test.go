package dossier

import (
	"context"

	"motcua/internal/platform/sqldb"
)

// ReadThrough makes the service read through r, so that a test hears its queries.
func (s *Service) ReadThrough(r sqldb.Reader) { s.read = r }

// Count counts as an event of that month does; figures are those of StatColumns.
func Count(ctx context.Context, tx *sqldb.Tx, agency, procedure, month string, n [10]int64) error {
	return addStat(ctx, tx, agency, procedure, month, statCount{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9]})
}

// StatColumns are the figures of a line.
func StatColumns() []string { return statColumns }

// PeriodLines are the lines from which the figures before a period and in it are told.
func PeriodLines(from, to, first, last string) map[string][3]int64 {
	out := map[string][3]int64{}
	for name, s := range (period{from, to}).lines(span{first, last}) {
		out[name] = s
	}
	return out
}
