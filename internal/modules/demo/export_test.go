package demo

import "slices"

// KnowsNamePart reports whether the generator can have put a word into a name.
func KnowsNamePart(word string) bool {
	for _, list := range [][]string{families, middles[male], middles[female], givens[male], givens[female]} {
		if slices.Contains(list, word) {
			return true
		}
	}
	return false
}
