package behaviour

import (
	"math/rand/v2"
	"testing"
)

// The set does what a plain list of numbers does, whatever comes.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var s, other numbers
		plain, otherPlain := map[uint32]bool{}, map[uint32]bool{}
		for range 60 {
			n := r.Uint32N(30) + 1
			switch r.IntN(4) {
			case 0:
				s.drop(n)
				moved := map[uint32]bool{}
				for k := range plain {
					switch {
					case k < n:
						moved[k] = true
					case k > n:
						moved[k-1] = true
					}
				}
				plain = moved
			case 1:
				other.add(n)
				otherPlain[n] = true
			default:
				if isNew := s.add(n); isNew == plain[n] {
					t.Fatalf("add(%d) to %v says new: %v", n, plain, isNew)
				}
				plain[n] = true
			}
			both := 0
			for k := uint32(0); k <= 32; k++ {
				if s.has(k) != plain[k] {
					t.Fatalf("has(%d) is %v, the set %v has %v", k, s.has(k), s.spans, plain)
				}
				if plain[k] && otherPlain[k] {
					both++
				}
			}
			if s.n != len(plain) || s.both(&other) != both {
				t.Fatalf("%d numbers, %d in both, want %d and %d", s.n, s.both(&other), len(plain), both)
			}
		}
	}
}
