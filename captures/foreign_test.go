package captures_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/peertest"
)

// protocolLines are the protocol events of items without what depends on who
// recorded them: the session's name and the numbers.
func protocolLines(items []wire.Item) (lines []string) {
	for _, item := range items {
		if e := item.Event; e != nil && e.Kind.Protocol() {
			lines = append(lines, fmt.Sprint(e.Time.UTC().Format(time.RFC3339Nano), e.Kind, e.Dir, e.Tag, e.Name, e.Status, e.Code, e.For, e.Latency, e.Text, e.Bytes, e.State, e.User, e.Error))
		}
	}
	return lines
}

func walkAll(t *testing.T, path string) []wire.Item {
	t.Helper()
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	q := &queue{}
	err = r.Walk(func(item wire.Item) error {
		if item.Octets != nil {
			q.Octets(item.Octets)
			q.items[len(q.items)-1].Session = item.Session
		} else {
			q.items = append(q.items, item)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return q.items
}

// asOthersDo writes the packets of a capture of ours as tcpdump would:
// classic pcap, Ethernet, no comments; with segments repeated and swapped.
func asOthersDo(t *testing.T, path string, random *rand.Rand) string {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := pcapgo.NewNgReader(in, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := pcapgo.NewWriterNanos(&buf)
	if err := w.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	var infos []gopacket.CaptureInfo
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			break
		}
		frame := append([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}, data...)
		list = append(list, frame)
		ci.Length, ci.CaptureLength = len(frame), len(frame)
		infos = append(infos, ci)
		if random.IntN(10) == 0 {
			list, infos = append(list, frame), append(infos, ci)
		}
		if n := len(list); n > 4 && random.IntN(10) == 0 && bytes.Equal(list[n-1][26:34], list[n-2][26:34]) { // of one direction
			list[n-1], list[n-2] = list[n-2], list[n-1]
			infos[n-1], infos[n-2] = infos[n-2], infos[n-1]
		}
	}
	for i := range list {
		if err := w.WritePacket(infos[i], list[i]); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "theirs.pcap")
	if err := os.WriteFile(out, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// A session as others record it gives the events of our own record.
func TestForeignIsTheSame(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(corpus, "*-plain-*", "meta.json"))
	if len(dirs) == 0 {
		t.Skip("no recorded sessions in ../shared")
	}
	random := rand.New(rand.NewPCG(9, 10))
	for i, meta := range dirs {
		dir := filepath.Dir(meta)
		if strings.Contains(dir, "compress") || strings.Contains(dir, "starttls") || strings.Contains(dir, "mbsync") || strings.Contains(dir, "imapflow") || i%3 != 0 && !strings.Contains(dir, "raw") {
			continue // compressed: on the wire as others see it that is no text
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			q := run(t, "AAAAAAAAAA", loadCorpus(t, dir), random)
			path := filepath.Join(t.TempDir(), "ours.pcapng")
			w, err := captures.Create(path, captures.Options{Version: "1.0", ShowSecrets: true})
			if err := errors.Join(err, w.Write(unmasked(q, loadCorpus(t, dir))), w.Close()); err != nil {
				t.Fatal(err)
			}
			got := walkAll(t, asOthersDo(t, path, random))
			a, b := protocolLines(got), protocolLines(q.items)
			for k := range max(len(a), len(b)) {
				if line(a, k) != line(b, k) && !differsInTime(line(a, k), line(b, k)) {
					t.Fatalf("event %d is\n%s\nwant\n%s", k, line(a, k), line(b, k))
				}
			}
		})
	}
}

// differsInTime reports whether two lines are of the same event: a segment
// that was swapped with its neighbour has the neighbour's time.
func differsInTime(a, b string) bool {
	if len(a) < 40 || len(b) < 40 {
		return false
	}
	_, restA, _ := strings.Cut(a, "Z")
	_, restB, _ := strings.Cut(b, "Z")
	return restA == restB
}

// unmasked puts back what was masked: others do not mask.
func unmasked(q *queue, r recorded) []wire.Item {
	var plain [2][]byte
	for _, c := range r.chunks {
		if len(c.data) > 0 {
			plain[c.side-1] = append(plain[c.side-1], c.data...)
		}
	}
	items := append([]wire.Item(nil), q.items...)
	for i := range items {
		if o := items[i].Octets; o != nil && len(o.Data) > 0 {
			with := *o
			with.Data, plain[o.Side-1] = plain[o.Side-1][:len(o.Data)], plain[o.Side-1][len(o.Data):]
			items[i].Octets = &with
		}
	}
	return items
}

// What dumpcap records on loopback while a session runs is read like ours.
func TestDumpcap(t *testing.T) {
	program := peertest.Need(t, "dumpcap")[0]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	path := filepath.Join(t.TempDir(), "lo.pcapng")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-q", "-i", "lo", "-f", fmt.Sprintf("tcp port %d", port), "-w", path)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4096)
	for text := ""; !strings.Contains(text, "File:"); { // dumpcap records from here on
		n, err := stderr.Read(said)
		if text += string(said[:n]); err != nil {
			t.Skipf("dumpcap may not record on lo: %s", text)
		}
	}
	session := talk(t, listener)
	for range 20 { // until what was said has been written: dumpcap does so now and then
		<-time.After(100 * time.Millisecond)
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte("+OK bye")) {
			break
		}
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	q := run(t, "AAAAAAAAAA", session, rand.New(rand.NewPCG(1, 2)))
	ours := filepath.Join(t.TempDir(), "ours.pcapng")
	w, err := captures.Create(ours, captures.Options{Version: "1.0"})
	if err := errors.Join(err, w.Write(q.items), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, want := timeless(walkAll(t, path)), timeless(walkAll(t, ours))
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(want) != 7 {
		t.Errorf("dumpcap's record gives\n%s\nand ours\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// timeless are the protocol events of items without who recorded them, and when.
func timeless(items []wire.Item) (lines []string) {
	for _, item := range items {
		if e := item.Event; e != nil && e.Kind.Protocol() {
			lines = append(lines, fmt.Sprint(e.Kind, e.Dir, e.Tag, e.Name, e.Status, e.Code, e.For, e.Cmd, e.Text, e.Bytes, e.State, e.User, e.Mailbox, e.Error))
		}
	}
	return lines
}

// What others record of COMPRESS=DEFLATE is inflated, and gives the events of
// our own record.
func TestForeignCompressed(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(corpus, "*plain*", "meta.json"))
	tested := 0
	for _, meta := range dirs {
		dir := filepath.Dir(meta)
		r := loadCorpus(t, dir)
		if !deflates(r) || tested >= 4 {
			continue
		}
		tested++
		t.Run(filepath.Base(dir), func(t *testing.T) {
			random := rand.New(rand.NewPCG(11, 12))
			q := run(t, "AAAAAAAAAA", r, random)
			path := filepath.Join(t.TempDir(), "wire.pcapng")
			w, err := captures.Create(path, captures.Options{Version: "1.0", ShowSecrets: true})
			if err := errors.Join(err, w.Write(onTheWire(r)), w.Close()); err != nil {
				t.Fatal(err)
			}
			got, want := timeless(walkAll(t, asOthersDo(t, path, random))), timeless(q.items)
			for k := range max(len(got), len(want)) {
				if line(got, k) != line(want, k) {
					t.Fatalf("event %d is\n%s\nwant\n%s", k, line(got, k), line(want, k))
				}
			}
		})
	}
	if tested == 0 {
		t.Skip("no compressed sessions in ../shared")
	}
}

// deflates reports whether a client asked for COMPRESS=DEFLATE, and got it.
func deflates(r recorded) bool {
	var said [2][]byte
	for _, c := range r.chunks {
		if c.data != nil {
			said[c.side-1] = append(said[c.side-1], c.data...)
		}
	}
	_, rest, asked := bytes.Cut(bytes.ToUpper(said[event.SideClient-1]), []byte("COMPRESS DEFLATE\r\n"))
	return asked && len(rest) > 0 && !bytes.HasSuffix(bytes.TrimSpace(rest), []byte("LOGOUT"))
}

// onTheWire are the octets of a session as they crossed the wire, in a
// connection of their own.
func onTheWire(r recorded) []wire.Item {
	who := &event.Context{Session: "BBBBBBBBBB", Proto: r.proto}
	items := []wire.Item{
		{Event: &event.Event{Context: who, Kind: event.KindSessionOpen, Time: began, Route: &event.Route{Client: "192.0.2.1:40000"}}},
		{Event: &event.Event{Context: who, Kind: event.KindUpstreamOpen, Time: began, Route: &event.Route{Server: "198.51.100.7:143"}}},
	}
	at := began
	for _, c := range r.chunks {
		if len(c.data) > 0 {
			at = began.Add(c.at)
			items = append(items, wire.Item{Octets: &wire.Octets{Side: c.side, Data: c.data, Time: at}})
		}
	}
	items = append(items, wire.Item{Event: &event.Event{Context: who, Kind: event.KindSessionClose, Time: at, Close: &event.Close{By: event.SideClient}}})
	for i := range items {
		items[i].Session = who.Session
	}
	return items
}

// talk has a POP3 session on listener, and gives what was said.
func talk(t *testing.T, listener net.Listener) (r recorded) {
	t.Helper()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	r.proto = event.POP3
	say := func(from, to net.Conn, text string) {
		side := event.SideClient
		if from == peer {
			side = event.SideServer
		}
		r.chunks = append(r.chunks, chunk{side: side, data: []byte(text)})
		if _, err := from.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := to.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	say(peer, conn, "+OK hello\r\n")
	for _, text := range []string{"USER alice\r\n", "PASS geheim\r\n"} {
		say(conn, peer, text)
		say(peer, conn, "+OK\r\n")
	}
	say(conn, peer, "QUIT\r\n")
	say(peer, conn, "+OK bye\r\n")
	return r
}

// The other traces are read to their ends, listed, and each session alone.
func TestForeignTraces(t *testing.T) {
	files, _ := filepath.Glob("../../shared/suites/pcap/*.pcap")
	if len(files) == 0 {
		t.Skip("no traces in ../shared")
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			all := walkAll(t, path)
			events := map[string]int{}
			for _, item := range all {
				if item.Event != nil {
					events[item.Session]++
				}
			}
			r, err := captures.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			list, err := r.Sessions()
			if err != nil || len(list) == 0 || len(list) != len(events) {
				t.Fatalf("%d sessions are listed, %d were read (%v)", len(list), len(events), err)
			}
			for _, s := range list {
				n := 0
				err := r.WalkSession(s.ID, func(item wire.Item) error {
					if item.Event != nil {
						n++
					}
					return nil
				})
				if err != nil || n != events[s.ID] || s.Proto == event.ProtoNone {
					t.Errorf("session %+v: %d events alone, %d among others (%v)", s, n, events[s.ID], err)
				}
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cut := filepath.Join(t.TempDir(), "cut.pcap")
			for _, n := range []int{10, 30, len(data) / 2, len(data) - 1} {
				if err := os.WriteFile(cut, data[:n], 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := captures.Open(cut)
				if err == nil {
					err = r.Walk(func(wire.Item) error { return nil })
					r.Close()
				}
				if !errors.Is(err, captures.ErrTruncated) {
					t.Errorf("cut at %d: %v", n, err)
				}
			}
		})
	}
}

// A capture without mail says what it has instead.
func TestNoMail(t *testing.T) {
	mail := bytes.NewBuffer(nil)
	client, server := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.7:8993")
	other := netip.MustParseAddrPort("198.51.100.7:25")
	w := pcapgo.NewWriter(mail)
	if err := w.WriteFileHeader(262144, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	send := func(src, dst netip.AddrPort, flags string, data []byte) {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
		tcp := &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Seq: 1, SYN: flags == "S", ACK: flags != "S"}
		if flags == "A" {
			tcp.Seq = 2
		}
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		buf := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, tcp, gopacket.Payload(data)); err != nil {
			t.Fatal(err)
		}
		n := len(buf.Bytes())
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: n, Length: n}, buf.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	send(client, server, "S", nil)
	send(client, server, "A", helloFor(t, "mail.example.org"))
	send(client, other, "S", nil)
	send(other, client, "A", []byte("220 mail.example.org ESMTP\r\n"))
	path := filepath.Join(t.TempDir(), "other.pcap")
	if err := os.WriteFile(path, mail.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Walk(func(wire.Item) error { return errors.New("an item") }); err != nil {
		t.Fatal(err)
	}
	if got := r.NoMail(); !strings.Contains(got, "1 connection of another protocol") || !strings.Contains(got, "1 connection inside TLS (to mail.example.org:8993)") {
		t.Errorf("NoMail() = %q", got)
	}
}

// helloFor is the first flight of a TLS client that asks for name.
func helloFor(t *testing.T, name string) []byte {
	t.Helper()
	a, b := net.Pipe()
	defer b.Close()
	go func() {
		_ = tls.Client(a, &tls.Config{ServerName: name}).Handshake()
		a.Close()
	}()
	buf := make([]byte, 8<<10)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}
