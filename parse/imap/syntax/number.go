package syntax

import (
	"math"
	"strconv"
)

// Num is a number that may be absent: FETCH data with RFC822.SIZE 0 is not
// FETCH data without it. In JSON it is a number, and left out where absent.
type Num struct {
	N     uint64
	Known bool
}

// IsZero reports whether the number is absent: encoding/json asks it for omitzero.
func (n Num) IsZero() bool { return !n.Known }

// String is the number, or "" where it is absent.
func (n Num) String() string {
	if !n.Known {
		return ""
	}
	return strconv.FormatUint(n.N, 10)
}

// MarshalJSON gives the number, or null where it is absent.
func (n Num) MarshalJSON() ([]byte, error) {
	if !n.Known {
		return []byte("null"), nil
	}
	return strconv.AppendUint(nil, n.N, 10), nil
}

// digits reads a number of at most max. A number that is too large is a
// departure and gives max.
func (c *cursor) digits(want string, max uint64) uint64 {
	if c.stopped {
		return 0
	}
	begin, i := c.pos, c.pos
	var n uint64
	over := false
	for ; i < len(c.data) && class[c.data[i]]&digitChar != 0; i++ {
		d := uint64(c.data[i] - '0')
		if n > (max-d)/10 {
			over = true
			continue
		}
		n = n*10 + d
	}
	if i == begin {
		c.negative(want)
		return 0
	}
	if over {
		n = max
		c.defect(want+" of at most "+strconv.FormatUint(max, 10), "")
	}
	c.pos = i
	return n
}

// negative names numbers below zero, and NIL in place of one, which some
// servers send, and goes past them.
func (c *cursor) negative(want string) {
	if c.atWord("NIL") {
		c.defect(want, "NIL")
		c.word("NIL")
		return
	}
	if c.peek() != '-' || class[c.peekAt(1)]&digitChar == 0 {
		c.fail(want)
		return
	}
	c.defect(want, "a negative number")
	c.pos++
	for !c.atEnd() && class[c.peek()]&digitChar != 0 {
		c.pos++
	}
}

// number reads a number of 32 bits.
func (c *cursor) number() uint32 { return uint32(c.digits("number", math.MaxUint32)) }

// nzNumber reads a number of 32 bits that is not zero.
func (c *cursor) nzNumber() uint32 {
	begin := c.pos
	n := c.number()
	if begin < len(c.data) && c.data[begin] == '0' {
		c.defectAt(begin, "nz-number", "")
	}
	return n
}

// number64 reads a number of 63 bits (RFC 9051); where servers use all 64, as
// some do for "without limit", they are taken.
func (c *cursor) number64() uint64 { return c.digits("number64", math.MaxUint64) }

// num is number64 as a Num.
func (c *cursor) num() Num {
	told := class[c.peek()]&digitChar != 0 // not where a defect, as NIL, stands for it
	n := c.number64()
	return Num{n, told && !c.stopped}
}

// nilOr reads NIL, absent, or what read reads.
func (c *cursor) nilOr(read func() Num) Num {
	if c.atNIL() {
		return Num{}
	}
	return read()
}
