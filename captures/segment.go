package captures

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"time"

	"mailtap/captures/pcapng"
)

// TCP's flags, RFC 9293 §3.1.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagPSH = 8
	flagACK = 16
)

// maxSegment is the most octets that one packet carries (contract §4).
const maxSegment = 32 << 10

// ends are the two addresses of a connection as they are written: both of one
// family.
type ends struct{ client, server netip.AddrPort }

// from is the sender's and the receiver's address of a packet in direction d.
func (e ends) from(d int) (src, dst netip.AddrPort) {
	if d == client {
		return e.client, e.server
	}
	return e.server, e.client
}

// blocks gathers whole blocks of one file. At most one packet at its end is
// still open: what is appended to it costs no copy but the one into buf.
type blocks struct {
	buf   []byte
	start int // of the open packet's block, if open
	ip    int // of its IP header
	data  int // of its payload
	open  bool
	flow  *flow // whose packet is open
	dir   int
	time  time.Time
}

// begin opens a packet with its headers; lengths and checksums come with end.
func (b *blocks) begin(e ends, d int, flags byte, seq, ack uint32, window uint16, t time.Time) {
	b.end(0, 0)
	b.start = len(b.buf)
	b.buf = pcapng.BeginPacket(b.buf, t)
	b.ip = len(b.buf)
	src, dst := e.from(d)
	b.buf = appendIP(b.buf, src.Addr(), dst.Addr())
	b.buf = appendTCP(b.buf, src.Port(), dst.Port(), flags, seq, ack, window)
	b.data = len(b.buf)
	b.open, b.flow, b.dir, b.time = true, nil, d, t
}

// end closes the open packet, if there is one. Omitted octets of its payload
// are not in the file; sum is their checksum so far.
func (b *blocks) end(omitted int, sum uint64, comments ...[]byte) {
	if !b.open {
		return
	}
	b.open = false
	seal(b.buf[b.ip:], b.data-b.ip, omitted, sum)
	b.buf = pcapng.EndPacket(b.buf, b.start, omitted, comments...)
}

// reset forgets the blocks, which were written, and keeps their space.
func (b *blocks) reset() { b.buf, b.open = b.buf[:0], false }

var (
	big    = binary.BigEndian
	little = binary.LittleEndian
)

// appendIP appends an IPv4 header (RFC 791 §3.1) or an IPv6 one (RFC 8200 §3)
// whose lengths and checksum seal fills in.
func appendIP(dst []byte, from, to netip.Addr) []byte {
	if from.Is4() {
		dst = append(dst,
			0x45, 0, 0, 0, // version and header length, no service, total length
			0, 0, 0x40, 0, // don't fragment: the identification may be 0 (RFC 6864 §4.1)
			64, 6, 0, 0) // hop limit, TCP, checksum
		a, b := from.As4(), to.As4()
		return append(append(dst, a[:]...), b[:]...)
	}
	dst = append(dst,
		0x60, 0, 0, 0, // version, no class, no label
		0, 0, 6, 64) // payload length, TCP, hop limit
	a, b := from.As16(), to.As16()
	return append(append(dst, a[:]...), b[:]...)
}

// appendTCP appends a TCP header (RFC 9293 §3.1). A SYN has the window scale of
// 14, the largest (RFC 7323 §2.3): a window is then never full.
func appendTCP(dst []byte, from, to uint16, flags byte, seq, ack uint32, window uint16) []byte {
	length := byte(5)
	if flags&flagSYN != 0 {
		length = 7
	}
	dst = big.AppendUint16(dst, from)
	dst = big.AppendUint16(dst, to)
	dst = big.AppendUint32(dst, seq)
	dst = big.AppendUint32(dst, ack)
	dst = append(dst, length<<4, flags)
	dst = big.AppendUint16(dst, window)
	dst = append(dst, 0, 0, 0, 0) // checksum, no urgent pointer
	if flags&flagSYN != 0 {
		dst = append(dst, 2, 4, 0x80, 0, 3, 3, 14, 1) // segments of 32 KiB, scale, no operation
	}
	return dst
}

// seal fills in the lengths and checksums of an IP packet whose headers are
// the first head octets. omitted octets follow that are not in packet; sum is
// their part of the checksum.
func seal(packet []byte, head, omitted int, sum uint64) {
	total := len(packet) + omitted
	tcp := packet[20:]
	addresses := packet[12:20]
	if packet[0]>>4 == 4 {
		big.PutUint16(packet[2:], uint16(total))
		big.PutUint16(packet[10:], ^fold(checksum(0, packet[:20])))
		total -= 20
	} else {
		big.PutUint16(packet[4:], uint16(total-40))
		tcp, addresses = packet[40:], packet[8:40]
		total -= 40
	}
	sum += 6 + uint64(total) // the pseudo-header: protocol and length
	sum = checksum(sum, addresses)
	big.PutUint16(tcp[16:], ^fold(checksum(sum, tcp)))
}

// checksum adds data to an Internet checksum (RFC 1071). Only the last call of
// several may have an odd number of octets. It adds eight octets at a time as
// they lie in memory: the sum is the same in every byte order, but swapped.
func checksum(sum uint64, data []byte) uint64 {
	var s, carry uint64
	for len(data) >= 32 {
		s, carry = bits.Add64(s, little.Uint64(data), carry)
		s, carry = bits.Add64(s, little.Uint64(data[8:]), carry)
		s, carry = bits.Add64(s, little.Uint64(data[16:]), carry)
		s, carry = bits.Add64(s, little.Uint64(data[24:]), carry)
		data = data[32:]
	}
	sum += carry<<8 + uint64(bits.ReverseBytes16(fold(s)))
	for len(data) >= 2 {
		sum += uint64(big.Uint16(data))
		data = data[2:]
	}
	if len(data) == 1 {
		sum += uint64(data[0]) << 8
	}
	return sum
}

// fold brings a sum down to 16 bits.
func fold(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
