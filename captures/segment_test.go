package captures

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"mailtap/captures/pcapng"
)

// The sum is RFC 1071's, whatever the length.
func TestChecksum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		data := make([]byte, n)
		for i := range data {
			if data[i] = byte(random.Uint32()); n%3 == 0 {
				data[i] = 0xff
			}
		}
		want := uint64(7)
		for i, c := range data {
			want += uint64(c) << (8 * (1 - i%2))
		}
		got := fold(checksum(7, data))
		if w := fold(want); got != w && (got|w != 0xffff || got&w != 0) { // 0 and 0xffff are the same
			t.Fatalf("the sum of %d octets is %#x, want %#x", n, got, w)
		}
	}
}

// gopacket reads the packets back as they were meant, and agrees on the checksums.
func TestSegmentsByGopacket(t *testing.T) {
	for _, e := range []ends{
		{netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.7:143")},
		{netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:143")},
	} {
		for _, n := range []int{0, 1, 2, 31, 32, 33, 1000, maxSegment} {
			var b blocks
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(i * 7)
			}
			b.begin(e, server, flagPSH|flagACK, 12345, 67890, 100, start)
			b.buf = append(b.buf, data...)
			b.end(0, 0)
			packet := b.buf[pcapng.PacketHeader : len(b.buf)-4]
			first := gopacket.Decoder(layers.LayerTypeIPv4)
			if e.client.Addr().Is6() {
				first = layers.LayerTypeIPv6
			}
			p := gopacket.NewPacket(packet, first, gopacket.Default)
			tcp, ok := p.TransportLayer().(*layers.TCP)
			if !ok || tcp.Seq != 12345 || tcp.Ack != 67890 || tcp.SrcPort != 143 || string(tcp.Payload) != string(data) {
				t.Fatalf("%d octets: %v", n, p)
			}
			tcp.SetNetworkLayerForChecksum(p.NetworkLayer())
			if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
				t.Errorf("%v, %d octets: checksums %v (%v)", e, n, bad, err)
			}
		}
	}
}
