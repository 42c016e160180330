package compare

import (
	"math/rand"
	"testing"
)

func stepsOf(keys string) []*Step {
	var steps []*Step
	for _, k := range keys {
		steps = append(steps, &Step{key: string(k), Name: string(k)})
	}
	return steps
}

// longest is the length of a longest common subsequence, the plain way.
func longest(a, b []*Step) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i].key == b[j].key {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func TestCommonIsALongestOne(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 3000 {
		word := func() string {
			b := make([]byte, r.Intn(24))
			for i := range b {
				b[i] = "abcd"[r.Intn(4)]
			}
			return string(b)
		}
		x, y := word(), word()
		a, b := stepsOf(x), stepsOf(y)
		got := common(a, b)
		for i, m := range got {
			if a[m.a].key != b[m.b].key || i > 0 && (m.a <= got[i-1].a || m.b <= got[i-1].b) {
				t.Fatalf("common(%q, %q) = %v: not in order, or not equal", x, y, got)
			}
		}
		if want := longest(a, b); len(got) != want {
			t.Fatalf("common(%q, %q) has %d matches, want %d", x, y, len(got), want)
		}
	}
}

func TestAlignKeepsEveryStep(t *testing.T) {
	for _, tt := range []struct{ a, b string }{{"", ""}, {"abc", ""}, {"", "abc"}, {"abcd", "xbcy"}, {"aab", "baa"}} {
		na, nb := 0, 0
		for _, p := range align(stepsOf(tt.a), stepsOf(tt.b)) {
			if p.A != nil {
				na++
			}
			if p.B != nil {
				nb++
			}
		}
		if na != len(tt.a) || nb != len(tt.b) {
			t.Errorf("align(%q, %q) has %d and %d steps", tt.a, tt.b, na, nb)
		}
	}
}

// Lists without anything in common must not take forever, nor all memory.
func TestAlignIsBounded(t *testing.T) {
	a, b := make([]*Step, 20000), make([]*Step, 20000)
	for i := range a {
		a[i] = &Step{key: "a", Name: "A"}
		b[i] = &Step{key: "b", Name: "B"}
	}
	if n := len(align(a, b)); n != 40000 {
		t.Errorf("align gives %d pairs, want 40000", n)
	}
}
