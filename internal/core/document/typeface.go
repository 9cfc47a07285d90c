package document

import "fmt"

// Typeface returns the embedded typeface (TrueType, regular weight) that papers are
// set in, for drawings that are no papers of this room.
func Typeface() ([]byte, error) {
	raw, err := fontFiles.ReadFile("fonts/regular.ttf")
	if err != nil {
		return nil, fmt.Errorf("typeface: %w", err)
	}
	return raw, nil
}
