package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Password is the one password of every demo account. It is printed at start: the
// demo guards nothing.
const Password = "motcua-demo-2026"

// AccountsFile is where the demo accounts stand, in the data folder.
const AccountsFile = "demo-accounts.json"

// Account is one line of the demo accounts, for people and for tests.
type Account struct {
	Login    string `json:"login"` // staff: a name; citizens: their citizen number
	Password string `json:"password"`
	Role     string `json:"role"`   // role code of staff; "citizen"
	Agency   string `json:"agency"` // agency id of staff (mã định danh), "" for citizens
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"` // post
}

// writeAccounts keeps the accounts beside the data.
func writeAccounts(dir string, list []Account) error {
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("demo accounts: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, AccountsFile), append(b, '\n'), 0o600)
}

// Accounts reads the accounts of a demo that was loaded into a data folder.
func Accounts(dir string) ([]Account, error) {
	b, err := os.ReadFile(filepath.Join(dir, AccountsFile))
	if err != nil {
		return nil, fmt.Errorf("demo accounts: %w", err)
	}
	var list []Account
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("demo accounts: %w", err)
	}
	return list, nil
}

// PrintAccounts writes the accounts as a table: whom one can be.
func PrintAccounts(w io.Writer, list []Account) error {
	rows := [][]string{{"Đăng nhập", "Mật khẩu", "Vai trò", "Cơ quan", "Họ tên"}}
	for _, a := range list {
		agency := "–"
		for _, spec := range province {
			if spec.Code == a.Agency {
				agency = spec.Short
			}
		}
		role := roleWords[a.Role]
		if role == "" {
			role = a.Role
		}
		rows = append(rows, []string{a.Login, a.Password, role, agency, a.Name})
	}
	// text/tabwriter counts bytes of combining marks as cells; names here are NFC,
	// one letter one cell.
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}
