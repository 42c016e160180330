package tcp

import (
	"encoding/binary"
	"net/netip"
)

var big = binary.BigEndian

// The link types that mail is found on, by their numbers in pcap files.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRawBSD   = 12
	linkRawOpen  = 14
	linkPPP      = 9
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// EtherTypes that carry IP, or something that does.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
	etherOld  = 0x9100
	etherPPP  = 0x8864
	etherMPLS = 0x8847
)

// reads reports whether packets on such links are read.
func reads(link uint16) bool {
	switch link {
	case linkNull, linkEthernet, linkRawBSD, linkRawOpen, linkPPP, linkRaw, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2:
		return true
	}
	return false
}

// network is the IP packet in a frame, or nil.
func network(link uint16, data []byte) []byte {
	switch link {
	case linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6:
		return data
	case linkNull, linkLoop: // an address family in somebody's byte order: the IP version says the same
		return behind(data, 4)
	case linkEthernet:
		return ether(data, 12)
	case linkSLL:
		return ether(data, 14)
	case linkSLL2:
		if len(data) < 20 {
			return nil
		}
		return typed(big.Uint16(data), data[20:])
	case linkPPP:
		return ppp(data)
	}
	return nil
}

// ether reads the EtherType at data[at] and what follows it.
func ether(data []byte, at int) []byte {
	if len(data) < at+2 {
		return nil
	}
	return typed(big.Uint16(data[at:]), data[at+2:])
}

// typed is the IP packet in data of that EtherType.
func typed(kind uint16, data []byte) []byte {
	for range 4 { // as many tags as anybody stacks
		switch kind {
		case etherIPv4, etherIPv6:
			return data
		case etherVLAN, etherQinQ, etherOld:
			if len(data) < 4 {
				return nil
			}
			kind, data = big.Uint16(data[2:]), data[4:]
		case etherPPP:
			return ppp(behind(data, 6))
		case etherMPLS:
			if len(data) < 4 {
				return nil
			}
			if data[2]&1 != 0 { // the bottom of the stack
				return data[4:]
			}
			data = data[4:]
		default:
			return nil
		}
	}
	return nil
}

// ppp is the IP packet in a PPP frame (RFC 1661 §2).
func ppp(data []byte) []byte {
	if len(data) >= 2 && data[0] == 0xff && data[1] == 3 {
		data = data[2:]
	}
	if len(data) >= 2 && (big.Uint16(data) == 0x21 || big.Uint16(data) == 0x57) {
		return data[2:]
	}
	return nil
}

func behind(data []byte, n int) []byte {
	if len(data) < n {
		return nil
	}
	return data[n:]
}

// TCP's flags, RFC 9293 §3.1.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

// segment is one TCP segment as it was captured.
type segment struct {
	src, dst netip.AddrPort
	seq, ack uint32
	flags    byte
	data     []byte
	missing  int // octets behind data that were sent and not captured
}

// begins reports whether it opens a connection, from either side.
func (s *segment) begins() bool { return s.flags&flagSYN != 0 }

// parse takes an IP packet of which cut octets at its end were not captured.
func parse(ip []byte, cut int) (s segment, ok bool) {
	if len(ip) == 0 {
		return s, false
	}
	switch ip[0] >> 4 {
	case 4:
		return parseIPv4(ip, cut)
	case 6:
		return parseIPv6(ip, cut)
	}
	return s, false
}

func parseIPv4(ip []byte, cut int) (s segment, ok bool) {
	if len(ip) < 20 {
		return s, false
	}
	head, total := int(ip[0]&15)*4, int(big.Uint16(ip[2:]))
	if total == 0 { // segmentation offload: the length did not fit or was not known yet
		total = len(ip) + cut
	}
	if head < 20 || head > len(ip) || total < head || ip[9] != 6 || big.Uint16(ip[6:])&0x3fff != 0 {
		return s, false
	}
	from, to := netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
	return parseTCP(from, to, ip[head:], total-head)
}

func parseIPv6(ip []byte, cut int) (s segment, ok bool) {
	if len(ip) < 40 {
		return s, false
	}
	total := int(big.Uint16(ip[4:]))
	if total == 0 {
		total = len(ip) - 40 + cut
	}
	from, to := netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
	next, rest := ip[6], ip[40:]
	for range 8 { // extension headers, RFC 8200 §4
		length := 0
		switch next {
		case 6:
			return parseTCP(from, to, rest, total)
		case 0, 43, 60: // hop-by-hop, routing, destination
			length = 8
			if len(rest) >= 2 {
				length += int(rest[1]) * 8
			}
		case 51: // authentication
			length = 8
			if len(rest) >= 2 {
				length = (int(rest[1]) + 2) * 4
			}
		case 44: // a fragment that is whole
			if len(rest) < 8 || big.Uint16(rest[2:])&0xfff9 != 0 {
				return s, false
			}
			length = 8
		default:
			return s, false
		}
		if length > len(rest) || length > total {
			return s, false
		}
		next, rest, total = rest[0], rest[length:], total-length
	}
	return s, false
}

// parseTCP takes a segment of total octets, of which data was captured,
// perhaps with the link's padding behind it.
func parseTCP(from, to netip.Addr, data []byte, total int) (s segment, ok bool) {
	if len(data) < 20 {
		return s, false
	}
	head := int(data[12]>>4) * 4
	if head < 20 || head > len(data) || head > total {
		return s, false
	}
	s = segment{
		src: netip.AddrPortFrom(from, big.Uint16(data)), dst: netip.AddrPortFrom(to, big.Uint16(data[2:])),
		seq: big.Uint32(data[4:]), ack: big.Uint32(data[8:]), flags: data[13],
	}
	s.data = data[head:min(len(data), total)]
	s.missing = total - head - len(s.data)
	return s, true
}
