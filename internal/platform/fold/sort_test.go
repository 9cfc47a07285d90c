package fold

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"motcua/internal/platform/sharedtest"
)

// inOrder checks that the keys of list rise strictly.
func inOrder(t *testing.T, key func(string) string, list []string) {
	t.Helper()
	for i := 1; i < len(list); i++ {
		if a, b := key(list[i-1]), key(list[i]); a >= b {
			t.Errorf("%q (%s) does not sort before %q (%s)", list[i-1], a, list[i], b)
		}
	}
}

func TestSortFollowsTheAlphabet(t *testing.T) {
	inOrder(t, Sort, strings.Fields("a ă â b c d đ e ê f g h i j k l m n o ô ơ p q r s t u ư v w x y z"))
	inOrder(t, Sort, strings.Fields("ma mà mả mã má mạ"))
	inOrder(t, Sort, strings.Fields("a à ả ã á ạ ă ằ ẳ ẵ ắ ặ â ầ ẩ ẫ ấ ậ"))
	inOrder(t, Sort, []string{"Dak Lak", "Dung", "Đà Nẵng", "Điện Biên", "Đồng Nai", "Em"})
	inOrder(t, Sort, []string{"1", "2", "a1", "a2", "aa", "an", "ăn", "ba"})
	inOrder(t, Sort, []string{"An", "An Giang", "An Khê", "Anh"})
	for _, same := range [][2]string{{"hòa", "hoà"}, {"HÒA", "hòa"}, {"Hòa-Bình", "hoà bình"}, {"e\u0302\u0301", "ế"}} {
		if Sort(same[0]) != Sort(same[1]) {
			t.Errorf("%q and %q sort apart", same[0], same[1])
		}
	}
}

func TestNameSortOrdersByGivenName(t *testing.T) {
	inOrder(t, NameSort, []string{
		"Bùi An", "Lê An", "Lê Thị An", "Lê Văn An", "Trần An", "Bùi Thị Anh", "Lê Ánh", "Bùi Thị Ân", "Trần Bình",
		"Đào Văn Dũng", "Bùi Đạt", "Lê Thị Hà", "Lê Thị Hoa", "Nguyễn Hòa", "Phạm Hoàng", "Ưng Văn Uy", "An Ưng",
	})
	if NameSort("") != "" || NameSort(" .. ") != "" {
		t.Error("no name, no key")
	}
	if NameSort("Hường") >= NameSort("Lê Hường") {
		t.Error("a single name sorts before the same with a family name")
	}
}

// The collators of x/text know the Vietnamese alphabet independently of us. They
// compare whole lines, so single words and equal numbers of words are compared.
func TestSortAgreesWithTheCollator(t *testing.T) {
	words := givenNames(t)
	byCollator := slices.Clone(words)
	collator := collate.New(language.Vietnamese, collate.IgnoreCase)
	collator.SortStrings(byCollator)
	for i := 1; i < len(byCollator); i++ {
		a, b := byCollator[i-1], byCollator[i]
		if Key(a) == Key(b) && toneAt(a) != toneAt(b) {
			continue // hoạ and hòa: the collator looks at the letter that bears the mark, a dictionary at the tone
		}
		if Sort(a) > Sort(b) {
			t.Errorf("the collator puts %q before %q, we do not: %s, %s", a, b, Sort(a), Sort(b))
		}
	}
}

// toneAt returns which letter of a word bears its tone mark, -1 for none.
func toneAt(word string) int {
	at, letters := -1, -1
	for _, r := range norm.NFD.String(word) {
		if toneOf(r) != ngang {
			at = letters
		}
		if !isMark(r) {
			letters++
		}
	}
	return at
}

// givenNames returns the single given names of the reference data.
func givenNames(t *testing.T) []string {
	var words []string
	for _, name := range []string{"boy_one_word.txt", "girl_one_word.txt", "boy.txt", "girl.txt"} {
		file, err := os.Open(filepath.Join(sharedtest.Dir(t), "03-calendar-names", "names_duyet", name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			for _, word := range strings.Fields(NFC(lines.Text())) {
				if Key(word) != "" && !strings.ContainsAny(word, "-'’.") {
					words = append(words, word)
				}
			}
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) < 300 {
		t.Fatalf("only %d names", len(words))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return words
}
