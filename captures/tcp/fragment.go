package tcp

import (
	"bytes"
	"net/netip"
	"slices"
)

// fragments puts IP datagrams together that were cut on their way (RFC 791
// §3.2, RFC 8200 §4.5). Those with a piece missing are given up: their octets
// are missing in the stream, which says so.
type fragments struct {
	waits map[datagramKey]*datagram
	order []datagramKey // the oldest first
}

// maxDatagrams is how many datagrams wait for their other pieces: 16 MiB at
// the most.
const maxDatagrams = 256

type datagramKey struct {
	src, dst netip.Addr
	id       uint32
}

// datagram is what has come of one.
type datagram struct {
	header []byte // of the piece at its beginning
	pieces []fragment
	size   int // -1 while the last piece has not come
}

type fragment struct {
	at   int
	data []byte
	more bool // others follow
}

// whole is ip where it is no fragment, or the datagram that it completes, and
// how many of that one's octets were not captured; nil where more has to come.
func (f *fragments) whole(ip []byte, cut int) ([]byte, int) {
	key, header, piece, ok := fragmentOf(ip)
	if !ok {
		return ip, cut
	}
	if header == nil || piece.at+len(piece.data) > 0xffff || piece.more && len(piece.data)%8 != 0 {
		return nil, 0
	}
	d := f.waits[key]
	if d == nil {
		d = f.begin(key)
	}
	if !d.take(header, piece) {
		delete(f.waits, key)
		return nil, 0
	}
	data := d.data()
	if data == nil {
		return nil, 0
	}
	delete(f.waits, key)
	return data, 0
}

func (f *fragments) begin(key datagramKey) *datagram {
	if f.waits == nil {
		f.waits = map[datagramKey]*datagram{}
	}
	if f.order = append(f.order, key); len(f.order) > maxDatagrams {
		delete(f.waits, f.order[0])
		f.order = f.order[1:]
	}
	d := &datagram{size: -1}
	f.waits[key] = d
	return d
}

// take adds a piece. It is false where pieces contradict one another, which is
// an attack and no network (RFC 5722); the same one again is nothing.
func (d *datagram) take(header []byte, p fragment) bool {
	i, again := slices.BinarySearchFunc(d.pieces, p.at, func(x fragment, at int) int { return x.at - at })
	switch {
	case again:
		return len(d.pieces[i].data) == len(p.data)
	case i > 0 && d.pieces[i-1].at+len(d.pieces[i-1].data) > p.at,
		i < len(d.pieces) && p.at+len(p.data) > d.pieces[i].at,
		d.size >= 0 && (!p.more || p.at+len(p.data) > d.size),
		len(d.pieces) >= 1<<13:
		return false
	}
	p.data = bytes.Clone(p.data)
	d.pieces = slices.Insert(d.pieces, i, p)
	if !p.more {
		d.size = p.at + len(p.data)
	}
	if p.at == 0 {
		d.header = bytes.Clone(header)
	}
	return true
}

// data is the datagram, if all of it has come.
func (d *datagram) data() []byte {
	at := 0
	for _, p := range d.pieces {
		if p.at != at {
			return nil
		}
		at += len(p.data)
	}
	if at != d.size {
		return nil
	}
	ip := d.header
	for _, p := range d.pieces {
		ip = append(ip, p.data...)
	}
	if ip[0]>>4 == 4 {
		big.PutUint16(ip[2:], short(len(ip)))
		big.PutUint16(ip[6:], 0)
		return ip
	}
	big.PutUint16(ip[4:], short(len(ip)-40))
	return ip
}

// short is a length where it fits, else 0: parse takes what is there then.
func short(n int) uint16 {
	if n > 0xffff {
		return 0
	}
	return uint16(n)
}

// fragmentOf takes an IP packet that is a piece of a TCP datagram; of another
// one, or one of which the end was not captured, header is nil.
func fragmentOf(ip []byte) (key datagramKey, header []byte, p fragment, ok bool) {
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		return fragmentOf4(ip)
	case len(ip) >= 40 && ip[0]>>4 == 6:
		return fragmentOf6(ip)
	}
	return key, nil, p, false
}

func fragmentOf4(ip []byte) (key datagramKey, header []byte, p fragment, ok bool) {
	field := big.Uint16(ip[6:])
	if field&0x3fff == 0 {
		return key, nil, p, false
	}
	head, total := int(ip[0]&15)*4, int(big.Uint16(ip[2:]))
	if ip[9] != 6 || head < 20 || total < head || total > len(ip) {
		return key, nil, p, true
	}
	key = datagramKey{netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:])), uint32(big.Uint16(ip[4:]))}
	return key, ip[:head:head], fragment{int(field&0x1fff) * 8, ip[head:total], field&0x2000 != 0}, true
}

func fragmentOf6(ip []byte) (key datagramKey, header []byte, p fragment, ok bool) {
	next, rest := ip[6], ip[40:min(len(ip), 40+int(big.Uint16(ip[4:])))]
	for range 8 { // those that stand before a fragment header
		if next != 0 && next != 43 && next != 60 || len(rest) < 8 || len(rest) < 8+int(rest[1])*8 {
			break
		}
		next, rest = rest[0], rest[8+int(rest[1])*8:]
	}
	if next != 44 || len(rest) < 8 || big.Uint16(rest[2:])&0xfff9 == 0 {
		return key, nil, p, false
	}
	field := big.Uint16(rest[2:])
	if len(ip) < 40+int(big.Uint16(ip[4:])) {
		return key, nil, p, true
	}
	key = datagramKey{netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:])), big.Uint32(rest[4:])}
	header = bytes.Clone(ip[:40])
	header[6] = rest[0]
	return key, header, fragment{int(field &^ 7), rest[8:], field&1 != 0}, true
}
