package syntax

import (
	"math"
	"strconv"

	"github.com/emersion/go-imap/v2"
)

// NumSet is a set of message sequence numbers or UIDs as it was written: a
// sequence-set (RFC 9051 §9), or "$", the saved search result (RFC 5182).
// In JSON it is its text: "1:5,9:*".
type NumSet struct {
	Saved  bool            // "$"
	Ranges []imap.SeqRange // 0 is "*"
}

// maxRanges is how many ranges of one set are kept. A client that names each of 100000 messages costs bounded memory.
const maxRanges = 1 << 16

// String is the set's text.
func (s NumSet) String() string { return string(s.append(nil)) }

// MarshalText gives the set's text.
func (s NumSet) MarshalText() ([]byte, error) { return s.append([]byte{}), nil }

// IsZero reports whether there is no set.
func (s NumSet) IsZero() bool { return !s.Saved && len(s.Ranges) == 0 }

func (s NumSet) append(b []byte) []byte {
	if s.Saved {
		return append(b, '$')
	}
	for i, r := range s.Ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSeqNumber(b, r.Start)
		if r.Stop != r.Start {
			b = append(b, ':')
			b = appendSeqNumber(b, r.Stop)
		}
	}
	return b
}

func appendSeqNumber(b []byte, n uint32) []byte {
	if n == 0 {
		return append(b, '*')
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// Count is how many numbers are in the set; ok is false where that depends on
// the mailbox ("*", "$"). Numbers that stand twice count twice.
func (s NumSet) Count() (n int64, ok bool) {
	if s.Saved {
		return 0, false
	}
	for _, r := range s.Ranges {
		if r.Start == 0 || r.Stop == 0 {
			return 0, false
		}
		n += int64(max(r.Start, r.Stop)) - int64(min(r.Start, r.Stop)) + 1
	}
	return n, true
}

// Contains reports whether n is in the set, where the mailbox's largest number
// is last (0: unknown, then "*" stands for every larger one).
func (s NumSet) Contains(n, last uint32) bool {
	if last == 0 {
		last = math.MaxUint32
	}
	for _, r := range s.Ranges {
		lo, hi := r.Start, r.Stop
		if lo == 0 {
			lo = last
		}
		if hi == 0 {
			hi = last
		}
		if n >= min(lo, hi) && n <= max(lo, hi) {
			return true
		}
	}
	return false
}

// Last is the largest number in the set that is written out: 0 where there is none.
func (s NumSet) Last() (last uint32) {
	for _, r := range s.Ranges {
		last = max(last, r.Start, r.Stop)
	}
	return last
}

// sequenceSet reads a sequence-set, or "$".
func (c *cursor) sequenceSet() (s NumSet) {
	outer := c.enter("sequence-set")
	defer c.leave(outer)
	if c.take('$') {
		return NumSet{Saved: true}
	}
	for {
		start, ok := c.seqNumber()
		r := imap.SeqRange{Start: start, Stop: start}
		if c.take(':') {
			stop, last := c.seqNumber()
			r.Stop, ok = stop, ok && last
		}
		if c.stopped {
			return s
		}
		if ok && len(s.Ranges) < maxRanges {
			s.Ranges = append(s.Ranges, r)
		}
		if !c.take(',') {
			return s
		}
	}
}

// seqNumber reads a number that is not zero, or "*" as 0; ok is false for the
// number 0, which is in no set.
func (c *cursor) seqNumber() (n uint32, ok bool) {
	if c.take('*') {
		return 0, true
	}
	n = c.nzNumber()
	return n, n != 0
}

// uidSet reads a set that has no "*": what a server says, or a client knows.
func (c *cursor) uidSet() NumSet {
	begin := c.pos
	s := c.sequenceSet()
	for _, r := range s.Ranges {
		if r.Start == 0 || r.Stop == 0 {
			c.defectAt(begin, "numbers without \"*\"", "")
		}
	}
	return s
}

// PartialRange is a range of results, counted from 1, or from the end where
// negative: PARTIAL (RFC 9394).
type PartialRange struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// partialRange reads a partial-range: 1:100, or -1:-100.
func (c *cursor) partialRange() (r PartialRange) {
	outer := c.enter("partial-range")
	defer c.leave(outer)
	minus := c.peek() == '-'
	r.From = c.partialNumber(minus)
	c.expect(':')
	r.To = c.partialNumber(minus)
	return r
}

func (c *cursor) partialNumber(minus bool) int64 {
	if minus {
		c.expect('-')
		return -int64(c.nzNumber())
	}
	return int64(c.nzNumber())
}
