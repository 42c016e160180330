package captures

import (
	"net/netip"

	"mailtap/captures/pcapng"
)

// segment is one TCP segment of a packet.
type segment struct {
	src, dst netip.AddrPort
	seq      uint32
	flags    byte
	data     []byte // what was captured
	omitted  int    // octets behind data that were on the wire and are not in the capture
}

// parseRaw takes a packet that begins with its IP header. What is no TCP over
// IP, or contradicts itself, is not ok. mailtap's own packets have no IPv6
// extension headers; captures/tcp knows them.
func parseRaw(p *pcapng.Packet) (s segment, ok bool) {
	data := p.Data
	if len(data) < 40 {
		return s, false
	}
	var src, dst netip.Addr
	var total int
	switch data[0] >> 4 {
	case 4:
		head := int(data[0]&15) * 4
		total = int(big.Uint16(data[2:])) - head
		if head < 20 || data[9] != 6 || big.Uint16(data[6:])&0x3fff != 0 { // a fragment
			return s, false
		}
		src, dst = netip.AddrFrom4([4]byte(data[12:])), netip.AddrFrom4([4]byte(data[16:]))
		data = data[head:]
	case 6:
		total = int(big.Uint16(data[4:]))
		if data[6] != 6 {
			return s, false
		}
		src, dst = netip.AddrFrom16([16]byte(data[8:])), netip.AddrFrom16([16]byte(data[24:]))
		data = data[40:]
	default:
		return s, false
	}
	return parseTCP(src, dst, data, total)
}

// parseTCP takes a TCP segment of total octets, of which data was captured.
func parseTCP(src, dst netip.Addr, data []byte, total int) (s segment, ok bool) {
	if len(data) < 20 {
		return s, false
	}
	head := int(data[12]>>4) * 4
	if head < 20 || head > len(data) || head > total {
		return s, false
	}
	s = segment{
		src: netip.AddrPortFrom(src, big.Uint16(data)), dst: netip.AddrPortFrom(dst, big.Uint16(data[2:])),
		seq: big.Uint32(data[4:]), flags: data[13],
	}
	s.data = data[head:min(len(data), total)]
	s.omitted = total - head - len(s.data)
	return s, true
}
