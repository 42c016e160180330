package tcp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// inPieces cuts an IP packet into fragments of at most n octets.
func inPieces(ip []byte, n int) (pieces [][]byte) {
	n &^= 7
	head := 20
	if ip[0]>>4 == 6 {
		head = 40
	}
	body := ip[head:]
	for at := 0; at < len(body); at += n {
		part, more := body[at:min(len(body), at+n)], uint16(0)
		if at+n < len(body) {
			more = 1
		}
		p := bytes.Clone(ip[:head])
		if head == 20 {
			binary.BigEndian.PutUint16(p[2:], uint16(head+len(part)))
			binary.BigEndian.PutUint16(p[6:], more<<13|uint16(at/8))
		} else {
			binary.BigEndian.PutUint16(p[4:], uint16(8+len(part)))
			p[6] = 44
			p = append(p, ip[6], 0)
			p = binary.BigEndian.AppendUint16(p, uint16(at)|more)
			p = append(p, 0, 0, 0, 7)
		}
		pieces = append(pieces, append(p, part...))
	}
	return pieces
}

// Datagrams in pieces are put together, in whatever order and however often
// the pieces come; those that contradict one another are not believed.
func TestFragments(t *testing.T) {
	v6 := [2]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:143")}
	p := packet{from: s, seq: 1, ack: 1, flags: "A", data: "* OK " + string(bytes.Repeat([]byte("hello "), 300)) + "\r\n"}
	random := rand.New(rand.NewPCG(3, 4))
	read := func(pieces [][]byte) string {
		h := newHeard()
		a := New(h)
		for _, x := range pieces {
			a.Packet(101, when, x, len(x))
		}
		a.Flush()
		return string(h.octets[s])
	}
	for name, ip := range map[string][]byte{"IPv4": p.frame(t)[14:], "IPv6": buildFrame(t, v6[1], v6[0], p)[14:]} {
		for _, n := range []int{8, 64, 1000, 1776} {
			pieces := inPieces(ip, n)
			for range 5 {
				if got := read(pieces); got != p.data {
					t.Fatalf("%s in %d pieces: %q", name, len(pieces), got)
				}
				pieces = append(pieces[:len(pieces):len(pieces)], pieces[0]) // again, which begins another one
				random.Shuffle(len(pieces)-1, func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			}
		}
		pieces := inPieces(ip, 256)
		if got := read(pieces[1:]); got != "" {
			t.Errorf("%s without its first piece: %q", name, got)
		}
		wrong := inPieces(ip, 264)
		if got := read(append([][]byte{pieces[0], wrong[1]}, pieces[1:]...)); got == p.data {
			t.Errorf("%s with pieces that overlap was believed", name)
		}
		for _, x := range pieces { // any length, never a panic
			for n := range x {
				New(newHeard()).Packet(101, when, x[:n], len(x))
			}
		}
	}
}
