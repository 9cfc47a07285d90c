package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// cast are the people who act, each with a token of their own.
type cast struct {
	base                                 *client // nobody
	citizens                             []citizen
	clerk, officer, leader, province     *client
	offers                               []string // birth registration online at the ward and at the commune
	made                                 atomic.Int64
	began                                int64
	wardClerk, wardOfficer, provinceLead string // logins
}

type citizen struct {
	*client
	name, number string
}

const registration = "1.001193" // đăng ký khai sinh

func hire(ctx context.Context, h house, base string) (*cast, error) {
	all, err := h.accounts()
	if err != nil {
		return nil, err
	}
	c := &cast{base: newClient(base, ""), began: time.Now().UnixNano()}
	token := func(login string) (*client, error) {
		out, err := h.run(ctx, "token", "create", "--login", login, "--name", "bench", "--days", "2")
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		return c.base.as(lines[len(lines)-1]), nil
	}
	for _, a := range all {
		var err error
		switch {
		case a.Role == "citizen" && len(c.citizens) < 8:
			var t *client
			t, err = token(a.Login)
			c.citizens = append(c.citizens, citizen{t, a.Name, a.Login})
		case a.Agency == "H64.31" && a.Role == "counter_clerk" && c.clerk == nil:
			c.clerk, err = token(a.Login)
			c.wardClerk = a.Login
		case a.Login == "chuyenvien":
			c.officer, err = token(a.Login)
			c.wardOfficer = a.Login
		case a.Agency == "H64.31" && a.Role == "leader" && c.leader == nil:
			c.leader, err = token(a.Login)
		case a.Agency == "H64" && a.Role == "leader" && c.province == nil:
			c.province, err = token(a.Login)
			c.provinceLead = a.Login
		}
		if err != nil {
			return nil, err
		}
	}
	if len(c.citizens) < 4 || c.clerk == nil || c.officer == nil || c.leader == nil || c.province == nil {
		return nil, errors.New("the demo lacks somebody")
	}
	var p struct {
		Offers []struct {
			ID         string
			AgencyName string `json:"agency_name"`
			Channel    string
		}
	}
	if err := c.base.get(ctx, "/api/v1/procedures/"+registration, &p); err != nil {
		return nil, err
	}
	for _, agency := range []string{"Bình Minh", "An Phú"} {
		for _, o := range p.Offers {
			if o.Channel == "online" && strings.Contains(o.AgencyName, agency) {
				c.offers = append(c.offers, o.ID)
			}
		}
	}
	if len(c.offers) != 2 {
		return nil, fmt.Errorf("%d agencies register births online, two are expected", len(c.offers))
	}
	return c, nil
}

var babyNames = strings.Fields("An Bảo Châu Dung Giang Hân Khôi Linh Minh Ngân Oanh Phúc Quân Sơn Thảo Uyên Vy Yến")

// child is a name that nobody else of this run has.
func (c *cast) child() (string, int64) {
	n := c.made.Add(1)
	name := "Lê"
	for i := n; ; i /= int64(len(babyNames)) {
		name += " " + babyNames[i%int64(len(babyNames))]
		if i < int64(len(babyNames)) {
			return name, n
		}
	}
}

// declaration is a whole birth registration, as a parent files it.
func declaration(offer string, who citizen, child, file string) map[string]any {
	place := map[string]any{"province": "01", "commune": "00004", "line": "Số 7 ngõ Đo Đạc"}
	return map[string]any{
		"offer": offer, "case": "default", "delivery": map[string]any{"by": "online"},
		"answers": map[string]any{
			"requester_name": who.name, "requester_no": who.number, "requester_phone": "0977123456", "relation": "mother",
			"child_name": child, "child_gender": "female", "child_birth": time.Now().AddDate(0, 0, -12).Format(time.DateOnly), "born_at": "facility",
			"facility": "Bệnh viện Đo Đạc", "birth_place": place, "home_place": place, "child_ethnic": "01", "child_nationality": "VN",
			"mother_name": who.name, "mother_no": who.number, "mother_birth": "1990", "married": true, "father_declared": false, "copies": 0, "exempt": "none", "sworn": true,
		},
		"papers": []map[string]any{{"code": "birth_notice", "file_ids": []string{file}}},
	}
}

// paperSize is the one attachment of a submission.
const paperSize = 200 << 10

// scans makes papers of 200 kB, no two the same; each worker has its own.
type scans struct{ buf []byte }

const scanHead = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n2 0 obj<</Length 204000>>stream\n"

func newScans(worker int) *scans {
	s := &scans{buf: make([]byte, paperSize)}
	r := rand.NewChaCha8([32]byte{byte(worker)})
	_, _ = r.Read(s.buf) // never fails
	copy(s.buf, scanHead)
	copy(s.buf[len(s.buf)-64:], "\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n                  ")
	return s
}

// next is the next paper; it is good until the one after.
func (s *scans) next(n int64) []byte {
	at := s.buf[len(scanHead):]
	binary.LittleEndian.PutUint64(at, uint64(n))
	binary.LittleEndian.PutUint64(at[8:], uint64(time.Now().UnixNano()))
	return s.buf
}
