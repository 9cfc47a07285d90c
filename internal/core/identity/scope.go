package identity

import (
	"strconv"
	"strings"

	"motcua/internal/platform/sqldb"
)

// Within renders a scope as a condition on a column that holds agency paths, and
// appends its parameters to args:
//
//	args := []any{status}
//	where := identity.Within(r.Dialect(), "d.competent_path", actor.Scope(identity.DossierRead), &args)
//	r.Query(ctx, `SELECT … WHERE d.status = $1 AND `+where+` LIMIT 50`, args...)
//
// No scope gives a condition that is never true. On SQLite it is a range, which
// an index on the column serves; on PostgreSQL it is LIKE 'prefix%', served by an
// index with text_pattern_ops, because a range there follows the collation of the
// database and paths must be compared byte by byte.
func Within(d sqldb.Dialect, column string, scope []string, args *[]any) string {
	if len(scope) == 0 {
		return "(1 = 0)"
	}
	parts := make([]string, 0, len(scope))
	for _, prefix := range scope {
		switch {
		case prefix == "/":
			return "(1 = 1)"
		case prefix == "":
			continue // a path that is missing reaches nothing
		case d == sqldb.SQLite:
			*args = append(*args, prefix, strings.TrimSuffix(prefix, "/")+"0") // "0" follows "/"
			n := len(*args)
			parts = append(parts, column+" >= $"+strconv.Itoa(n-1)+" AND "+column+" < $"+strconv.Itoa(n))
		default:
			*args = append(*args, prefix+"%") // ids and slashes hold no wildcard
			parts = append(parts, column+" LIKE $"+strconv.Itoa(len(*args)))
		}
	}
	if len(parts) == 0 {
		return "(1 = 0)"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}
