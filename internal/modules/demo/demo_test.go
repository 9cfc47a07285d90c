package demo_test

import (
	"testing"

	"motcua/internal/modules/demo"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func TestFirst(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t, lines()...), civil.MustDate("2026-11-20").At(10, 20))
	r := h.load(t, demo.Options{Dossiers: 200})
	t.Logf("%+v", r)
}
