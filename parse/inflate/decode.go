package inflate

import (
	"errors"
	"fmt"
)

// errStopped ends the decoder when Close does.
var errStopped = errors.New("stopped")

// decoder is DEFLATE (RFC 1951) read bit by bit. Where it needs octets that
// have not come, it first hands on all that it has: also in the middle of a
// block, since a peer may wait there for the answer.
type decoder struct {
	x     *Inflater
	yield func([]byte) bool

	bits  uint64 // the next bits, least significant first
	count uint   // how many

	window [windowSize]byte
	pos    int   // where the next octet goes
	given  int   // up to where the window was handed on
	total  int64 // octets so far, up to windowSize: how far back a copy may reach

	lit, dist huffman
	lengths   [maxLit + maxDist]uint8
}

const (
	windowSize = 32 << 10
	maxLit     = 288
	maxDist    = 32
	endOfBlock = 256
)

// run decodes blocks until the last.
func (d *decoder) run() error {
	for {
		d.mark()
		header, err := d.read(3)
		if err != nil {
			return err
		}
		switch header >> 1 {
		case 0:
			err = d.stored()
		case 1:
			d.fixed()
			err = d.block()
		case 2:
			if err = d.dynamic(); err == nil {
				err = d.block()
			}
		default:
			err = errors.New("a block of reserved type 3")
		}
		if err != nil {
			return err
		}
		if header&1 == 1 {
			d.mark()
			return d.give()
		}
	}
}

// mark notes that all octets up to here became text.
func (d *decoder) mark() {
	d.x.text = d.x.fed - int64(len(d.x.in)) - int64(d.count>>3)
}

// give hands on what is in the window and was not handed on.
func (d *decoder) give() error {
	if d.pos == d.given {
		return nil
	}
	plain := d.window[d.given:d.pos]
	d.given = d.pos
	if d.pos == windowSize {
		d.pos, d.given = 0, 0
	}
	if !d.yield(plain) {
		return errStopped
	}
	return nil
}

// put appends an octet.
func (d *decoder) put(c byte) error {
	d.window[d.pos] = c
	d.pos++
	if d.total < windowSize {
		d.total++
	}
	if d.pos-d.given == chunk || d.pos == windowSize {
		return d.give()
	}
	return nil
}

// fill waits until there are n bits.
func (d *decoder) fill(n uint) error {
	for d.count < n {
		for len(d.x.in) == 0 {
			if err := d.give(); err != nil {
				return err
			}
			if len(d.x.in) == 0 && !d.yield(nil) {
				return errStopped
			}
		}
		d.bits |= uint64(d.x.in[0]) << d.count
		d.x.in = d.x.in[1:]
		d.count += 8
	}
	return nil
}

func (d *decoder) drop(n uint) {
	d.bits >>= n
	d.count -= n
}

// read gives n bits.
func (d *decoder) read(n uint) (int, error) {
	if err := d.fill(n); err != nil {
		return 0, err
	}
	v := int(d.bits & (1<<n - 1))
	d.drop(n)
	return v, nil
}

// stored is a block without compression: RFC 1951 §3.2.4.
func (d *decoder) stored() error {
	d.drop(d.count & 7)
	n, err := d.read(16)
	if err != nil {
		return err
	}
	check, err := d.read(16)
	if err != nil {
		return err
	}
	if n != check^0xffff {
		return errors.New("the length of a stored block is damaged")
	}
	for ; n > 0; n-- {
		d.mark()
		c, err := d.read(8)
		if err != nil {
			return err
		}
		if err := d.put(byte(c)); err != nil {
			return err
		}
	}
	return nil
}

// fixed sets the codes of RFC 1951 §3.2.6.
func (d *decoder) fixed() {
	l := d.lengths[:maxLit+maxDist]
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		case i < maxLit:
			l[i] = 8
		default:
			l[i] = 5
		}
	}
	d.lit.build(l[:maxLit])
	d.dist.build(l[maxLit:])
}

// codeOrder is the order of the code length codes: RFC 1951 §3.2.7.
var codeOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the codes of a block: RFC 1951 §3.2.7.
func (d *decoder) dynamic() error {
	counts, err := d.read(14)
	if err != nil {
		return err
	}
	lits, dists, codes := counts&31+257, counts>>5&31+1, counts>>10+4
	if lits > 286 || dists > 30 {
		return fmt.Errorf("%d literal and %d distance codes are too many", lits, dists)
	}
	var lengths [19]uint8
	for _, at := range codeOrder[:codes] {
		n, err := d.read(3)
		if err != nil {
			return err
		}
		lengths[at] = uint8(n)
	}
	if err := d.lit.build(lengths[:]); err != nil {
		return err
	}
	if err := d.readLengths(lits + dists); err != nil {
		return err
	}
	if d.lengths[endOfBlock] == 0 {
		return errors.New("a block without a code for its end")
	}
	if err := d.dist.build(d.lengths[lits : lits+dists]); err != nil {
		return err
	}
	return d.lit.build(d.lengths[:lits])
}

// readLengths reads n code lengths, which d.lit encodes.
func (d *decoder) readLengths(n int) error {
	for i := 0; i < n; {
		sym, err := d.symbol(&d.lit)
		if err != nil {
			return err
		}
		if sym < 16 {
			d.lengths[i] = uint8(sym)
			i++
			continue
		}
		var value uint8
		if sym == 16 {
			if i == 0 {
				return errors.New("a code length repeats nothing")
			}
			value = d.lengths[i-1]
		}
		extra := [3][2]int{{2, 3}, {3, 3}, {7, 11}}[sym-16]
		times, err := d.read(uint(extra[0]))
		if err != nil {
			return err
		}
		for times += extra[1]; times > 0; times-- {
			if i == n {
				return errors.New("more code lengths than codes")
			}
			d.lengths[i] = value
			i++
		}
	}
	return nil
}

// The lengths and distances of RFC 1951 §3.2.5: base value, extra bits.
var (
	lengthBase  = [29]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [30]uint{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// block decodes literals and copies up to the block's end.
func (d *decoder) block() error {
	for {
		d.mark()
		sym, err := d.symbol(&d.lit)
		switch {
		case err != nil:
			return err
		case sym == endOfBlock:
			return nil
		case sym < endOfBlock:
			err = d.put(byte(sym))
		case sym-257 < len(lengthBase):
			err = d.copy(sym - 257)
		default:
			err = fmt.Errorf("length code %d does not exist", sym)
		}
		if err != nil {
			return err
		}
	}
}

// copy repeats octets of the window.
func (d *decoder) copy(code int) error {
	extra, err := d.read(lengthExtra[code])
	if err != nil {
		return err
	}
	length := lengthBase[code] + extra
	sym, err := d.symbol(&d.dist)
	if err != nil {
		return err
	}
	if sym >= len(distBase) {
		return fmt.Errorf("distance code %d does not exist", sym)
	}
	if extra, err = d.read(distExtra[sym]); err != nil {
		return err
	}
	dist := distBase[sym] + extra
	if int64(dist) > d.total {
		return errors.New("a copy from before the beginning")
	}
	for ; length > 0; length-- {
		if err := d.put(d.window[(d.pos-dist)&(windowSize-1)]); err != nil {
			return err
		}
	}
	return nil
}
