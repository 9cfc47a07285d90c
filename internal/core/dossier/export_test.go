package dossier

import "motcua/internal/platform/sqldb"

// ReadThrough makes the service read through r, so that a test hears its queries.
func (s *Service) ReadThrough(r sqldb.Reader) { s.read = r }
