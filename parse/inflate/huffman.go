package inflate

import (
	"errors"
	"math/bits"
)

const (
	maxBits  = 15 // of a code
	fastBits = 9  // codes up to here are found by one look-up
)

// huffman is a set of prefix codes: RFC 1951 §3.2.2.
type huffman struct {
	fast   [1 << fastBits]uint16 // symbol<<4 | length, by the next bits; 0: a longer code, or none
	first  [maxBits + 1]int      // the first code of a length
	count  [maxBits + 1]int      // how many there are
	offset [maxBits + 1]int      // where their symbols begin
	symbol [maxLit]uint16        // by length, then by code
	most   uint                  // the longest code
}

// build makes the codes out of their lengths, where 0 is a symbol without
// code. Too many are an error, and too few, but for none at all and for one of
// one bit: a block may have one distance or no copy (RFC 1951 §3.2.7).
func (h *huffman) build(lengths []uint8) error {
	h.count = [maxBits + 1]int{}
	for _, n := range lengths {
		h.count[n]++
	}
	h.count[0] = 0
	h.most = 0
	code, at := 0, 0
	for n := 1; n <= maxBits; n++ {
		code = (code + h.count[n-1]) << 1
		h.first[n], h.offset[n] = code, at
		at += h.count[n]
		if h.count[n] > 0 {
			h.most = uint(n)
		}
		if code+h.count[n] > 1<<n {
			return errors.New("more codes than their lengths have room for")
		}
	}
	if full := code+h.count[maxBits] == 1<<maxBits; !full && at > 0 && !(at == 1 && h.count[1] == 1) {
		return errors.New("fewer codes than their lengths have room for")
	}
	clear(h.fast[:])
	next, place := h.first, h.offset
	for sym, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbol[place[n]] = uint16(sym)
		place[n]++
		if n <= fastBits {
			h.short(uint(next[n]), uint(n), uint16(sym))
		}
		next[n]++
	}
	return nil
}

// short enters a code into the look-up. Codes come with their first bit
// lowest, so the rest of the index is what follows.
func (h *huffman) short(code, n uint, sym uint16) {
	at := uint(bits.Reverse16(uint16(code))) >> (16 - n)
	for ; at < 1<<fastBits; at += 1 << n {
		h.fast[at] = sym<<4 | uint16(n)
	}
}

// symbol reads one, and asks for no more bits than its code has.
func (d *decoder) symbol(h *huffman) (int, error) {
	for {
		e := h.fast[d.bits&(1<<fastBits-1)]
		if n := uint(e & 15); n > 0 && n <= d.count {
			d.drop(n)
			return int(e >> 4), nil
		}
		if d.count >= min(fastBits, h.most) || len(d.x.in) == 0 {
			return d.slowSymbol(h)
		}
		if err := d.fill(d.count + 1); err != nil {
			return 0, err
		}
	}
}

// slowSymbol reads a code bit by bit.
func (d *decoder) slowSymbol(h *huffman) (int, error) {
	code := 0
	for n := uint(1); n <= h.most; n++ {
		if err := d.fill(n); err != nil {
			return 0, err
		}
		code = code<<1 | int(d.bits>>(n-1)&1)
		if i := code - h.first[n]; i >= 0 && i < h.count[n] {
			d.drop(n)
			return int(h.symbol[h.offset[n]+i]), nil
		}
	}
	return 0, errors.New("a code that does not exist")
}
