package tcp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"mailtap/parse/event"
)

// heard is a sink that writes down what it is told.
type heard struct {
	lines   []string
	octets  map[event.Side][]byte
	gaps    map[event.Side]int64
	streams []*Stream
}

func newHeard() *heard {
	return &heard{octets: map[event.Side][]byte{}, gaps: map[event.Side]int64{}}
}

func (h *heard) say(format string, args ...any) {
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

func (h *heard) Open(s *Stream) {
	h.streams = append(h.streams, s)
	h.say("open %v %v > %v", s.Proto, s.Client, s.Server)
}
func (h *heard) Octets(_ *Stream, side event.Side, data []byte, _ time.Time) {
	h.octets[side] = append(h.octets[side], data...)
	h.say("%s %q", side.Letter(), data)
}
func (h *heard) Gap(_ *Stream, side event.Side, n int64, _ time.Time) {
	h.gaps[side] += n
	h.say("%s gap %d", side.Letter(), n)
}
func (h *heard) TLS(_ *Stream, t *Handshake, _ time.Time) {
	h.say("tls %s %s %s %v", t.SNI, t.Version, t.Cipher, t.Agreed)
}
func (h *heard) End(_ *Stream, side event.Side, _ time.Time) { h.say("%s end", side.Letter()) }
func (h *heard) Close(_ *Stream, by event.Side, reset bool, _ time.Time) {
	h.say("close %s reset=%t", by.Letter(), reset)
}

// packet is a segment as tests write it: seq and ack count from the SYN.
type packet struct {
	from  event.Side
	seq   uint32
	ack   uint32
	flags string // S A F R
	data  string
	snap  int // octets of data that were not captured
}

var (
	clientEnd = netip.MustParseAddrPort("192.0.2.1:40000")
	serverEnd = netip.MustParseAddrPort("198.51.100.7:2143")
	isn       = map[event.Side]uint32{event.SideClient: 0xffffff00, event.SideServer: 0x7fffff00} // both wrap
	when      = time.Date(2026, 11, 23, 16, 39, 39, 0, time.UTC)
)

// frame is p as an Ethernet frame.
func (p packet) frame(t testing.TB, tags ...uint16) []byte {
	t.Helper()
	src, dst := clientEnd, serverEnd
	if p.from == event.SideServer {
		src, dst = dst, src
	}
	return buildFrame(t, src, dst, p, tags...)
}

func buildFrame(t testing.TB, src, dst netip.AddrPort, p packet, tags ...uint16) []byte {
	t.Helper()
	tcp := &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Window: 1000,
		Seq: isn[p.from] + p.seq, Ack: isn[p.from.Other()] + p.ack,
		SYN: strings.Contains(p.flags, "S"), ACK: strings.Contains(p.flags, "A"), FIN: strings.Contains(p.flags, "F"), RST: strings.Contains(p.flags, "R")}
	kind := layers.EthernetTypeIPv4
	var ip gopacket.SerializableLayer
	var network gopacket.NetworkLayer
	if src.Addr().Is4() {
		four := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		ip, network = four, four
	} else {
		kind = layers.EthernetTypeIPv6
		six := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		ip, network = six, six
	}
	if err := tcp.SetNetworkLayerForChecksum(network); err != nil {
		t.Fatal(err)
	}
	ether := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: kind}
	stack := []gopacket.SerializableLayer{ether}
	for i, tag := range tags {
		next := layers.EthernetTypeDot1Q
		if i == len(tags)-1 {
			next = kind
		}
		if i == 0 {
			ether.EthernetType = layers.EthernetTypeDot1Q
		}
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: tag, Type: next})
	}
	stack = append(stack, ip, tcp, gopacket.Payload(p.data))
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()[:len(buf.Bytes())-p.snap]
}

const (
	c = event.SideClient
	s = event.SideServer
)

// run gives packets to a new assembler, one a millisecond.
func run(t *testing.T, packets []packet) *heard {
	t.Helper()
	h := newHeard()
	a := New(h)
	for i, p := range packets {
		f := p.frame(t)
		a.Packet(linkEthernet, when.Add(time.Duration(i)*time.Millisecond), f, len(f)+p.snap)
	}
	a.Flush()
	if a.kept != 0 {
		t.Errorf("%d octets are still kept", a.kept)
	}
	return h
}

// hands shake; what follows in tests begins with seq 1 and ack 1.
var hands = []packet{{from: c, flags: "S"}, {from: s, ack: 1, flags: "SA"}, {from: c, seq: 1, ack: 1, flags: "A"}}

func TestOrder(t *testing.T) {
	many := func(n int, p packet) (list []packet) {
		for range n {
			list = append(list, p)
		}
		return list
	}
	greeting := packet{from: s, seq: 1, ack: 1, flags: "A", data: "* OK\r\n"}
	for _, tt := range []struct {
		name    string
		packets []packet
		want    []string
	}{
		{"as it comes", []packet{greeting, {from: c, seq: 1, ack: 7, flags: "A", data: "a NOOP\r\n"}, {from: s, seq: 7, ack: 9, flags: "FA"}, {from: c, seq: 9, ack: 8, flags: "FA"}},
			[]string{`s "* OK\r\n"`, `c "a NOOP\r\n"`, "s end", "c end", "close s reset=false"}},
		{"repeated", []packet{greeting, greeting, {from: s, seq: 3, ack: 1, flags: "A", data: "OK\r\n* 1"}},
			[]string{`s "* OK\r\n"`, `s "* 1"`}},
		{"out of order", []packet{{from: s, seq: 7, ack: 1, flags: "A", data: "* 1 EXISTS\r\n"}, greeting},
			[]string{`s "* OK\r\n"`, `s "* 1 EXISTS\r\n"`}},
		{"overlapping what waits", []packet{{from: s, seq: 5, ack: 1, flags: "A", data: "\r\n* 1"}, {from: s, seq: 7, ack: 1, flags: "A", data: "* 1 EXISTS\r\n"}, {from: s, seq: 1, ack: 1, flags: "A", data: "* OK\r"}},
			[]string{`s "* OK\r"`, `s "\n* 1"`, `s " EXISTS\r\n"`}},
		{"missing, and the peer has it", append([]packet{greeting, {from: s, seq: 17, ack: 1, flags: "A", data: "* 2 EXISTS\r\n"}}, many(10, packet{from: c, seq: 1, ack: 29, flags: "A"})...),
			[]string{`s "* OK\r\n"`, "s gap 10", `s "* 2 EXISTS\r\n"`}},
		{"missing at the end", append([]packet{greeting}, many(10, packet{from: c, seq: 1, ack: 29, flags: "A"})...),
			[]string{`s "* OK\r\n"`, "s gap 22"}},
		{"missing, told at the end of the capture", []packet{greeting, {from: s, seq: 17, ack: 1, flags: "A", data: "* 2"}},
			[]string{`s "* OK\r\n"`, "s gap 10", `s "* 2"`}},
		{"a command missing, told before its answer", []packet{greeting, {from: s, seq: 7, ack: 11, flags: "A", data: "a OK\r\n"}, {from: c, seq: 11, ack: 13, flags: "A", data: "b NOOP\r\n"}, {from: s, seq: 13, ack: 19, flags: "A", data: "b OK\r\n"}},
			[]string{`s "* OK\r\n"`, "c gap 10", `s "a OK\r\n"`, `c "b NOOP\r\n"`, `s "b OK\r\n"`}},
		{"a command behind its answer in the file", []packet{greeting, {from: s, seq: 7, ack: 9, flags: "A", data: "a OK\r\n"}, {from: c, seq: 1, ack: 7, flags: "A", data: "a NOOP\r\n"}},
			[]string{`s "* OK\r\n"`, `c "a NOOP\r\n"`, `s "a OK\r\n"`}},
		{"captured in part", []packet{greeting, {from: s, seq: 7, ack: 1, flags: "A", data: "* 1 EXISTS\r\n", snap: 5}, {from: s, seq: 19, ack: 1, flags: "A", data: "* 2"}},
			[]string{`s "* OK\r\n"`, `s "* 1 EXI"`, "s gap 5", `s "* 2"`}},
		{"keepalive", []packet{greeting, {from: s, seq: 6, ack: 1, flags: "A", data: "\n"}, {from: s, seq: 6, ack: 1, flags: "A"}},
			[]string{`s "* OK\r\n"`}},
		{"reset", []packet{greeting, {from: c, seq: 1, flags: "R"}},
			[]string{`s "* OK\r\n"`, "close c reset=true"}},
		{"a stray far away", []packet{greeting, {from: s, seq: 0x60000000, ack: 1, flags: "A", data: "boo"}},
			[]string{`s "* OK\r\n"`}},
		{"pop3", []packet{{from: s, seq: 1, ack: 1, flags: "A", data: "+OK hi\r\n"}}, []string{`s "+OK hi\r\n"`}},
		{"in pieces", []packet{{from: s, seq: 1, ack: 1, flags: "A", data: "*"}, {from: s, seq: 2, ack: 1, flags: "A", data: " OK hi\r\n"}}, []string{`s "*"`, `s " OK hi\r\n"`}},
		{"smtp", []packet{{from: s, seq: 1, ack: 1, flags: "A", data: "220 hi\r\n"}, {from: c, seq: 1, ack: 9, flags: "A", data: "EHLO x\r\n"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := run(t, append(append([]packet(nil), hands...), tt.packets...))
			if tt.want == nil {
				if len(h.lines) > 0 {
					t.Errorf("a stranger was taken for mail: %q", h.lines)
				}
				return
			}
			if len(h.lines) == 0 || !strings.HasPrefix(h.lines[0], "open ") || !strings.HasSuffix(h.lines[0], " 192.0.2.1:40000 > 198.51.100.7:2143") {
				t.Fatalf("it begins with %q", h.lines)
			}
			if got := h.lines[1:]; strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// A capture that begins in the middle tells by what is said who is who.
func TestMiddle(t *testing.T) {
	for _, tt := range []struct {
		name  string
		from  event.Side
		data  string
		proto string
	}{
		{"a completion", s, "a1 OK done\r\n", "imap"},
		{"untagged", s, "* 12 EXISTS\r\n", "imap"},
		{"a command", c, "a1 FETCH 1 FLAGS\r\n", "imap"},
		{"pop3", s, "+OK 1 120\r\n", "pop3"},
		{"pop3's client", c, "RETR 1\r\n", "pop3"},
		{"http", c, "GET / HTTP/1.1\r\n", ""},
		{"ssh", s, "SSH-2.0-OpenSSH\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := run(t, []packet{{from: tt.from, seq: 1000, ack: 1, flags: "A", data: tt.data}})
			if tt.proto == "" {
				if len(h.streams) > 0 {
					t.Fatalf("taken for %v", h.streams[0].Proto)
				}
				return
			}
			if len(h.streams) != 1 || h.streams[0].Proto.String() != tt.proto || h.streams[0].Client != clientEnd {
				t.Fatalf("%q", h.lines)
			}
			if string(h.octets[tt.from]) != tt.data || !strings.Contains(strings.Join(h.lines, " "), "gap 0") {
				t.Errorf("%q", h.lines)
			}
		})
	}
}

// What looks like mail from one side may not be.
func TestMiddleOfOthers(t *testing.T) {
	for _, tt := range []struct {
		name, client, server, proto string
	}{
		{"ftp", "USER a\r\n", "331 password\r\n", ""},
		{"redis", "SET a b\r\n", "+OK\r\n", ""},
		{"pop3", "USER a\r\n", "+OK\r\n", "pop3"},
		{"pop3 in a listing", "UIDL\r\n", "7 1024\r\n8 200\r\n.\r\n", "pop3"},
		{"pop3 in a listing of small messages", "UIDL\r\n", "200 300\r\n.\r\n", "pop3"},
		{"pop3 in SASL", "Zm9v\r\n", "+OK\r\n", "pop3"},
		{"imap", "a NOOP\r\n", "a OK\r\n", "imap"},
		{"imap in a literal", "a NOOP\r\n", "some text of mail\r\n", "imap"},
	} {
		for _, order := range []string{"cs", "sc"} {
			packets := map[byte]packet{'c': {from: c, seq: 1000, ack: 1, flags: "A", data: tt.client}, 's': {from: s, seq: 1, ack: 1000, flags: "A", data: tt.server}}
			h := run(t, []packet{packets[order[0]], packets[order[1]]})
			switch {
			case tt.proto == "" && len(h.streams) > 0:
				t.Errorf("%s, %s: taken for %v", tt.name, order, h.streams[0].Proto)
			case tt.proto != "" && (len(h.streams) != 1 || h.streams[0].Proto.String() != tt.proto || h.streams[0].Client != clientEnd):
				t.Errorf("%s, %s: %q", tt.name, order, h.lines)
			}
		}
	}
}

// A capture of one direction says what the other one sent.
func TestOneDirection(t *testing.T) {
	h := run(t, []packet{{from: s, ack: 1, flags: "SA"}, {from: s, seq: 1, ack: 1, flags: "A", data: "* OK\r\n"}, {from: s, seq: 7, ack: 9, flags: "A", data: "a OK\r\n"}})
	if got := strings.Join(h.lines[1:], ", "); got != `s "* OK\r\n", c gap 8, s "a OK\r\n"` {
		t.Errorf("%s", got)
	}
}

// The same ports, used again, are another stream.
func TestPortsAgain(t *testing.T) {
	one := append(append([]packet(nil), hands...),
		packet{from: s, seq: 1, ack: 1, flags: "A", data: "+OK\r\n"},
		packet{from: s, seq: 6, ack: 1, flags: "FA"}, packet{from: c, seq: 1, ack: 7, flags: "FA"}, packet{from: s, seq: 7, ack: 2, flags: "A"})
	var two []packet
	for _, p := range one {
		p.seq += 100000
		if p.flags != "S" {
			p.ack += 100000
		}
		two = append(two, p)
	}
	h := run(t, append(one, two...))
	if len(h.streams) != 2 || h.streams[0].ID == h.streams[1].ID || string(h.octets[s]) != "+OK\r\n+OK\r\n" {
		t.Fatalf("%q", h.lines)
	}
}

// What is sent in any order, repeated, and cut anew comes out as it was, as
// long as nothing is missing; and what is missing is counted.
func TestShuffled(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 300 {
		want := map[event.Side][]byte{c: []byte("a NOOP\r\n"), s: []byte("* OK hi\r\n")}
		for _, side := range []event.Side{c, s} {
			for range random.IntN(40) {
				want[side] = append(want[side], fmt.Sprintf("line %d\r\n", random.IntN(1000))...)
			}
		}
		var list []packet
		lost := map[event.Side]int64{}
		for _, side := range []event.Side{c, s} {
			for off := 0; off < len(want[side]); {
				n := min(1+random.IntN(50), len(want[side])-off)
				p := packet{from: side, seq: 1 + uint32(off), ack: 1, flags: "A", data: string(want[side][off : off+n])}
				switch {
				case round%3 == 2 && off > 20 && random.IntN(10) == 0:
					lost[side] += int64(n)
				case random.IntN(5) == 0:
					list = append(list, p, p)
				default:
					list = append(list, p)
				}
				if off += n; random.IntN(4) == 0 && round%3 != 2 {
					off -= random.IntN(n) // the next one overlaps
				}
			}
		}
		for i := range list { // nobody is very late
			if k := i + random.IntN(6); k < len(list) {
				list[i], list[k] = list[k], list[i]
			}
		}
		h := run(t, append(append([]packet(nil), hands...), list...))
		for _, side := range []event.Side{c, s} {
			if got := int64(len(h.octets[side])) + h.gaps[side]; round%3 == 2 {
				if got > int64(len(want[side])) || h.gaps[side] > lost[side] {
					t.Fatalf("round %d: %d octets and gaps of %d of %d, lost %d", round, len(h.octets[side]), h.gaps[side], len(want[side]), lost[side])
				}
			} else if !bytes.Equal(h.octets[side], want[side]) {
				t.Fatalf("round %d, %v:\n%q\nwant\n%q", round, side, h.octets[side], want[side])
			}
		}
	}
}

// The links that captures come on.
func TestLinks(t *testing.T) {
	v6 := [2]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:143")}
	p := packet{from: s, seq: 1, ack: 1, flags: "A", data: "* OK hi\r\n"}
	for _, ip := range []struct {
		name  string
		frame []byte
		ether uint16
	}{
		{"IPv4", p.frame(t), 0x0800},
		{"IPv6", buildFrame(t, v6[1], v6[0], p), 0x86dd},
	} {
		raw := ip.frame[14:]
		sll := append(make([]byte, 14), byte(ip.ether>>8), byte(ip.ether))
		sll2 := append([]byte{byte(ip.ether >> 8), byte(ip.ether)}, make([]byte, 18)...)
		for _, tt := range []struct {
			name string
			link uint16
			data []byte
		}{
			{"ethernet", 1, ip.frame},
			{"padded ethernet", 1, append(bytes.Clone(ip.frame), 0, 0, 0, 0, 0)},
			{"raw", 101, raw}, {"raw BSD", 12, raw}, {"raw OpenBSD", 14, raw}, {"ipv4 or ipv6", 228, raw},
			{"null", 0, append([]byte{2, 0, 0, 0}, raw...)}, {"loop", 108, append([]byte{0, 0, 0, 30}, raw...)},
			{"cooked", 113, append(sll, raw...)}, {"cooked 2", 276, append(sll2, raw...)},
		} {
			h := newHeard()
			a := New(h)
			a.Packet(tt.link, when, tt.data, len(tt.data))
			a.Flush()
			if string(h.octets[s]) != p.data {
				t.Errorf("%s on %s: %q", ip.name, tt.name, h.lines)
			}
			for n := range tt.data { // any length, never a panic
				New(newHeard()).Packet(tt.link, when, tt.data[:n], len(tt.data))
			}
		}
	}
	for _, tags := range [][]uint16{{5}, {5, 6}} {
		f := p.frame(t, tags...)
		h := newHeard()
		a := New(h)
		a.Packet(1, when, f, len(f))
		a.Flush()
		if string(h.octets[s]) != p.data {
			t.Errorf("with %d VLAN tags: %q", len(tags), h.lines)
		}
	}
}

// The traces of Zeek and Suricata, read by gopacket's reader.
func TestTraces(t *testing.T) {
	dir := "../../../shared/suites/pcap"
	for name, want := range map[string]struct {
		proto  string
		client int64 // octets, 0 for any
		says   string
	}{
		"zeek-imap-starttls.pcap":         {"imap", 26, "tls  TLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 true"},
		"zeek-pop3-unknown-commands.pcap": {"pop3", 0, "s end"},
		"zeek-pop3.pcap":                  {"pop3", 0, "close"},
		"suricata-imap-detection.pcap":    {"imap", 0, `c "a0000 CAPABILITY\r\n"`},
		"suricata-pop3.pcap":              {"pop3", 0, "c \"USER"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Skip("no traces in ../shared")
			}
			defer f.Close()
			r, err := pcapgo.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			h := newHeard()
			a := New(h)
			for {
				data, ci, err := r.ReadPacketData()
				if err != nil {
					break
				}
				a.Packet(uint16(r.LinkType()), ci.Timestamp, data, ci.Length)
			}
			a.Flush()
			if len(h.streams) == 0 || h.streams[0].Proto.String() != want.proto {
				t.Fatalf("streams: %v", h.streams)
			}
			all := strings.Join(h.lines, "\n")
			if !strings.Contains(all, want.says) || want.client > 0 && int64(len(h.octets[c])) != want.client {
				t.Errorf("%d octets of the client; no %q in\n%.3000s", len(h.octets[c]), want.says, all)
			}
			if h.gaps[c]+h.gaps[s] > 0 {
				t.Errorf("gaps: %v", h.gaps)
			}
		})
	}
}

func FuzzPacket(f *testing.F) {
	p := packet{from: s, seq: 1, ack: 1, flags: "A", data: "* OK hi\r\n"}
	f.Add(uint16(1), p.frame(f))
	f.Add(uint16(1), p.frame(f, 5, 6))
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		a := New(newHeard())
		a.Packet(link, when, data, len(data))
		a.Packet(link, when, data, len(data)+10)
		a.Flush()
	})
}

// Packets on a link that is not read are counted, and named.
func TestUnreadLink(t *testing.T) {
	a := New(newHeard())
	a.Packet(105, when, make([]byte, 100), 100) // IEEE 802.11
	a.Packet(linkEthernet, when, make([]byte, 100), 100)
	if p := a.Passed(); p.Unread != 1 || p.Link != 105 {
		t.Errorf("%+v", p)
	}
}

// What is over is forgotten, but not at once: late packets of it begin nothing.
func TestOver(t *testing.T) {
	h := newHeard()
	a := New(h)
	give := func(port uint16, p packet) {
		src, dst := netip.AddrPortFrom(clientEnd.Addr(), port), serverEnd
		if p.from == s {
			src, dst = dst, src
		}
		f := buildFrame(t, src, dst, p)
		a.Packet(linkEthernet, when, f, len(f))
	}
	one := append(append([]packet(nil), hands...),
		packet{from: s, seq: 1, ack: 1, flags: "A", data: "+OK\r\n"},
		packet{from: s, seq: 6, ack: 1, flags: "FA"}, packet{from: c, seq: 1, ack: 7, flags: "FA"}, packet{from: s, seq: 7, ack: 2, flags: "A"})
	const connections = maxOver + 500
	for i := range connections {
		for _, p := range one {
			give(uint16(10000+i), p)
		}
	}
	if len(a.streams) > maxOver || a.recent.Len() != len(a.streams) {
		t.Errorf("%d streams are kept, %d in their order", len(a.streams), a.recent.Len())
	}
	give(10000+connections-1, one[3])
	if len(h.streams) != connections {
		t.Errorf("%d streams, want %d", len(h.streams), connections)
	}
}
