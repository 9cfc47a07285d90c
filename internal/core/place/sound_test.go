package place

import (
	"fmt"
)

// sound returns the first broken invariant of an index.
func sound(x *Index) error {
	for code, versions := range x.byCode {
		for i, a := range versions {
			if i > 0 && overlaps(versions[i-1].Unit, a.Unit) {
				return fmt.Errorf("two units carry %s on one day", code)
			}
			if level, ok := LevelOf(code); !ok || level != a.Level || a.Name == "" || a.Kind.info().level != level {
				return fmt.Errorf("%s is no sound %s", code, a.Level)
			}
			if !a.ValidTo.IsZero() && a.ValidTo.Before(a.ValidFrom) {
				return fmt.Errorf("%s ends before it begins", code)
			}
			if (a.Level == Province) != (a.Parent == "") {
				return fmt.Errorf("%s lies in %q", code, a.Parent)
			}
			if a.Level != Province && (x.at(a.Parent, a.ValidFrom) == nil || x.at(a.Parent, a.last()) == nil) {
				return fmt.Errorf("%s lies in %s, which does not stand as long", code, a.Parent)
			}
			if !a.ValidTo.IsZero() && a.Level != District && len(a.next) == 0 {
				return fmt.Errorf("%s ended and nothing took it over", code)
			}
			full := 0
			for _, e := range a.next {
				if e.Share == Full {
					full++
				}
				if !e.to.ValidOn(e.Day) || !a.ValidOn(e.Day.AddDays(-1)) {
					return fmt.Errorf("%s → %s on %s: they do not stand then", code, e.to.Code, e.Day)
				}
			}
			if full > 0 && len(a.next) > 1 && !a.ValidTo.IsZero() {
				return fmt.Errorf("%s went whole to one of several", code)
			}
		}
	}
	return nil
}
