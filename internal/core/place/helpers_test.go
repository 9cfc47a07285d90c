package place

import (
	"archive/zip"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/sharedtest"
)

var (
	today  = civil.MustDate("2026-11-27")
	eve    = civil.MustDate("2025-06-30")
	reform = civil.MustDate("2025-07-01")
)

// listed is a unit of the reference lists.
type listed struct {
	Code, FullName string
	District, Ward []listed
	Wards          []listed
}

func lists(t testing.TB) (before, after []listed) {
	t.Helper()
	dir := filepath.Join(sharedtest.Dir(t), "01-admin")
	readJSON(t, filepath.Join(dir, "before-2025-07", "vn_units_63_provinces.json"), &before)
	readJSON(t, filepath.Join(dir, "after-2025-07", "vn_units_34_provinces.json"), &after)
	return before, after
}

func readJSON(t testing.TB, file string, to any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(fold.NFC(strings.TrimPrefix(string(data), "\ufeff"))), to); err != nil {
		t.Fatal(err)
	}
}

// sheet reads the rows of the first sheet of a workbook.
func sheet(t testing.TB, file string) [][]string {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	}()
	var texts struct {
		SI []struct {
			T string `xml:"t"`
			R []struct {
				T string `xml:"t"`
			} `xml:"r"`
		} `xml:"si"`
	}
	var data struct {
		Rows []struct {
			C []struct {
				R string `xml:"r,attr"`
				T string `xml:"t,attr"`
				V string `xml:"v"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	for name, to := range map[string]any{"xl/sharedStrings.xml": &texts, "xl/worksheets/sheet1.xml": &data} {
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(raw, to); err != nil {
			t.Fatal(err)
		}
	}
	var rows [][]string
	for _, r := range data.Rows {
		row := make([]string, 10)
		for _, c := range r.C {
			at := int(c.R[0] - 'A')
			v := c.V
			if c.T == "s" {
				i, err := strconv.Atoi(v)
				if err != nil {
					t.Fatal(err)
				}
				if v = texts.SI[i].T; v == "" {
					for _, part := range texts.SI[i].R {
						v += part.T
					}
				}
			}
			if at < len(row) {
				row[at] = fold.Clean(v)
			}
		}
		rows = append(rows, row)
	}
	return rows
}
