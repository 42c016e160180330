package behaviour

import (
	"slices"
	"sort"
)

// numbers is a set of message numbers. It is kept as ranges: clients ask for
// runs of messages, so that a mailbox of 100000 costs a few octets.
type numbers struct {
	spans []span
	n     int
}

type span struct{ low, high uint32 }

// maxSpans bounds a set: numbers beyond it are each taken for new.
const maxSpans = 1024

// at is the first span that ends at n or above it.
func (s *numbers) at(n uint32) int {
	if last := len(s.spans) - 1; last >= 0 && s.spans[last].high < n {
		return last + 1
	}
	return sort.Search(len(s.spans), func(i int) bool { return s.spans[i].high >= n })
}

func (s *numbers) has(n uint32) bool {
	i := s.at(n)
	return i < len(s.spans) && s.spans[i].low <= n
}

// add puts n in, and reports whether it was not there.
func (s *numbers) add(n uint32) bool {
	i := s.at(n)
	if i < len(s.spans) && s.spans[i].low <= n {
		return false
	}
	below := i > 0 && s.spans[i-1].high+1 == n
	above := i < len(s.spans) && s.spans[i].low == n+1
	switch {
	case below && above:
		s.spans[i-1].high = s.spans[i].high
		s.spans = slices.Delete(s.spans, i, i+1)
	case below:
		s.spans[i-1].high = n
	case above:
		s.spans[i].low = n
	case len(s.spans) < maxSpans:
		s.spans = slices.Insert(s.spans, i, span{n, n})
	}
	s.n++
	return true
}

// drop takes n out and moves what is above it down by one, as EXPUNGE does with
// message sequence numbers (RFC 9051 §7.5.1).
func (s *numbers) drop(n uint32) {
	for i := s.at(n); i < len(s.spans); i++ {
		sp := &s.spans[i]
		if sp.low > n {
			sp.low--
		} else {
			s.n--
		}
		sp.high--
	}
	s.spans = slices.DeleteFunc(s.spans, func(sp span) bool { return sp.low > sp.high })
}

// both is how many numbers are in s and in other.
func (s *numbers) both(other *numbers) (n int) {
	for _, a := range s.spans {
		for i := other.at(a.low); i < len(other.spans) && other.spans[i].low <= a.high; i++ {
			b := other.spans[i]
			n += int(min(a.high, b.high)-max(a.low, b.low)) + 1
		}
	}
	return n
}
