package document

import "fmt"

// draw makes the PDF of a form. The same page gives the same bytes.
func draw(k Kind, p page) ([]byte, error) {
	f, ok := formOf(k)
	if !ok {
		return nil, fmt.Errorf("there is no form %q", k)
	}
	s := newSheet(f.paper, f.name, p.at)
	f.draw(s, p)
	return s.bytes()
}
