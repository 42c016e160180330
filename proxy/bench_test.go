package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/route"
)

// The benchmarks hold mailtap's relay, with nothing recorded and with a capture
// being written, against a plain TLS-to-TLS io.Copy relay: the same client, the
// same server, the same loopback, in turns within one run. What they report is
// mailtap over plain, the median of all turns ("x"); what the plain relay did
// stands beside it. Run them with
//
//	go test ./proxy -run '^$' -bench Relay -benchtime 20x

const (
	bulkSize  = 1 << 20
	pipelined = 256
)

var body = append([]byte("From: alice@example.org\r\nSubject: bulk\r\nDate: Mon, 23 Nov 2026 17:00:00 +0000\r\n\r\n"),
	bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, and so on and on.\r\n"), bulkSize/64)...)

// mailServer answers like an IMAP server, as fast as it can.
func mailServer(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReader(conn), bufio.NewWriterSize(conn, 16<<10)
	out.WriteString("* OK ready\r\n")
	for {
		if out.Flush() != nil {
			return
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		tag, command, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		switch {
		case bytes.HasSuffix(command, []byte("BODY[]")):
			fmt.Fprintf(out, "* 1 FETCH (BODY[] {%d}\r\n", bulkSize)
			out.Write(body[:bulkSize])
			out.WriteString(")\r\n")
		case bytes.HasPrefix(command, []byte("FETCH ")):
			number, _, _ := bytes.Cut(command[6:], []byte(" "))
			out.WriteString("* ")
			out.Write(number)
			out.WriteString(" FETCH (FLAGS (\\Seen))\r\n")
		}
		out.Write(tag)
		out.WriteString(" OK done\r\n")
		if bytes.Equal(command, []byte("LOGOUT")) {
			out.Flush()
			return
		}
	}
}

// bench is one server and the three ways to it.
type bench struct {
	b       *testing.B
	relays  []string // addresses: plain, mailtap, recorded
	direct  string
	clients *tls.Config
}

func newBench(b *testing.B) *bench {
	authority, err := ca.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	leaf, err := authority.Leaf("localhost", nil, []string{"127.0.0.1"})
	if err != nil {
		b.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.Cert)
	serverTLS := &tls.Config{Certificates: []tls.Certificate{*leaf}, DynamicRecordSizingDisabled: true}
	n := &bench{b: b, clients: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	n.direct = n.serve(serverTLS, mailServer)
	n.relays = append(n.relays, n.plain(serverTLS, n.clients))
	file := filepath.Join(b.TempDir(), "bench.pcapng")
	writer, err := captures.Create(file, captures.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { writer.Close() })
	for _, outputs := range [][]proxy.Output{nil, {{Sink: writer, Octets: true, Copies: true}}} {
		n.relays = append(n.relays, n.mailtap(proxy.Config{Leaves: authority, Upstream: proxy.Upstream{Roots: pool}, Outputs: outputs}))
	}
	return n
}

func (n *bench) listen(config *tls.Config) net.Listener {
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		n.b.Fatal(err)
	}
	n.b.Cleanup(func() { ln.Close() })
	return ln
}

func (n *bench) serve(config *tls.Config, script func(net.Conn)) string {
	ln := n.listen(config)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go script(conn)
		}
	}()
	return ln.Addr().String()
}

// plain is the relay to compare with.
func (n *bench) plain(server, client *tls.Config) string {
	return n.serve(server, func(conn net.Conn) {
		defer conn.Close()
		upstream, err := tls.Dial("tcp", n.direct, client)
		if err != nil {
			return
		}
		defer upstream.Close()
		done := make(chan bool, 2)
		go func() {
			io.Copy(upstream, conn)
			upstream.CloseWrite()
			done <- true
		}()
		go func() {
			io.Copy(conn, upstream)
			conn.(*tls.Conn).CloseWrite()
			done <- true
		}()
		<-done
		<-done
	})
}

// mailtap starts a proxy to the server.
func (n *bench) mailtap(cfg proxy.Config) string {
	r, err := route.Parse("imaps://127.0.0.1:0=imaps://" + n.direct)
	if err != nil {
		n.b.Fatal(err)
	}
	cfg.Routes = []route.Route{r}
	p, err := proxy.New(cfg)
	if err != nil {
		n.b.Fatal(err)
	}
	if err := p.Listen(context.Background()); err != nil {
		n.b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- p.Serve(ctx) }()
	n.b.Cleanup(func() {
		stop()
		p.Close()
		<-served
	})
	listening := p.Listening()[0].Route.Listen
	return listening[len("imaps://"):]
}

// session is a client's.
type session struct {
	b    *testing.B
	conn *tls.Conn
	buf  []byte
}

func (n *bench) dial(address string) *session {
	conn, err := tls.Dial("tcp", address, n.clients)
	if err != nil {
		n.b.Fatal(err)
	}
	s := &session{n.b, conn, make([]byte, 64<<10)}
	s.read(len("* OK ready\r\n"))
	s.ask("a1 LOGIN alice secret\r\n", len("a1 OK done\r\n"))
	return s
}

// ask sends octets and reads as many as are to come.
func (s *session) ask(command string, answer int) {
	if _, err := io.WriteString(s.conn, command); err != nil {
		s.b.Error(err)
		return
	}
	s.read(answer)
}

func (s *session) read(n int) {
	for n > 0 {
		k, err := s.conn.Read(s.buf[:min(len(s.buf), n)])
		if err != nil {
			s.b.Errorf("%d octets short: %v", n, err)
			return
		}
		n -= k
	}
}

func (s *session) logout() {
	s.ask("a9 LOGOUT\r\n", len("a9 OK done\r\n"))
	s.conn.Close()
}

// turns runs work through each relay in turns, b.N times, and reports the
// ratios of what work measures.
func (n *bench) turns(unit string, work func(turn, relay int) float64) {
	got := make([][]float64, len(n.relays))
	for i := range n.relays {
		work(-1, i) // warm
	}
	for turn := range n.b.N {
		for i := range n.relays {
			got[(i+turn)%len(n.relays)] = append(got[(i+turn)%len(n.relays)], work(turn, (i+turn)%len(n.relays)))
		}
	}
	for i, name := range []string{"x-unrecorded", "x-recorded"} {
		ratios := make([]float64, n.b.N)
		for turn := range ratios {
			ratios[turn] = got[i+1][turn] / got[0][turn]
		}
		n.b.ReportMetric(median(ratios), name)
	}
	n.b.ReportMetric(median(got[0]), "plain-"+unit)
	n.b.ReportMetric(0, "ns/op")
}

func median(all []float64) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// bulk fetches messages of 1 MiB, in as many sessions at once as given.
func bulk(b *testing.B, parallel, messages int) {
	n := newBench(b)
	sessions := make([][]*session, len(n.relays))
	for i, address := range n.relays {
		for range parallel {
			sessions[i] = append(sessions[i], n.dial(address))
		}
	}
	answer := len(fmt.Sprintf("* 1 FETCH (BODY[] {%d}\r\n)\r\na2 OK done\r\n", bulkSize)) + bulkSize
	n.turns("MB/s", func(_, relay int) float64 {
		began := time.Now()
		var wg sync.WaitGroup
		for _, s := range sessions[relay] {
			wg.Go(func() {
				for range messages {
					s.ask("a2 FETCH 1 BODY[]\r\n", answer)
				}
			})
		}
		wg.Wait()
		return float64(parallel*messages*bulkSize) / 1e6 / time.Since(began).Seconds()
	})
	for _, all := range sessions {
		for _, s := range all {
			s.logout()
		}
	}
}

func BenchmarkRelayBulk(b *testing.B)  { bulk(b, 1, 32) }
func BenchmarkRelayBulk8(b *testing.B) { bulk(b, 8, 4) }

// Small commands, 256 in flight: the client writes each by itself, as clients
// do, and the server answers each by itself.
func BenchmarkRelayPipelined(b *testing.B) {
	n := newBench(b)
	const commands = 8 * pipelined
	var sessions []*session
	for _, address := range n.relays {
		sessions = append(sessions, n.dial(address))
	}
	n.turns("commands/s", func(_, relay int) float64 {
		s := sessions[relay]
		began := time.Now()
		flight := make(chan bool, pipelined)
		go func() {
			for i := range commands {
				flight <- true
				fmt.Fprintf(s.conn, "b%03d FETCH %03d FLAGS\r\n", i%pipelined, i%pipelined+1)
			}
		}()
		answer := len("* 001 FETCH (FLAGS (\\Seen))\r\nb000 OK done\r\n")
		for got, done := 0, 0; done < commands; {
			k, err := s.conn.Read(s.buf)
			if err != nil {
				b.Fatal(err)
			}
			for got += k; got >= answer; got -= answer {
				<-flight
				done++
			}
		}
		return commands / time.Since(began).Seconds()
	})
	for _, s := range sessions {
		s.logout()
	}
}

// NOOP after NOOP: the median of a round trip. Less is better.
func BenchmarkRelayPingPong(b *testing.B) {
	n := newBench(b)
	var sessions []*session
	for _, address := range n.relays {
		sessions = append(sessions, n.dial(address))
	}
	n.turns("us", func(_, relay int) float64 {
		times := make([]float64, 300)
		for i := range times {
			began := time.Now()
			sessions[relay].ask("a3 NOOP\r\n", len("a3 OK done\r\n"))
			times[i] = float64(time.Since(began).Nanoseconds()) / 1e3
		}
		return median(times)
	})
	for _, s := range sessions {
		s.logout()
	}
}

// Two full handshakes, LOGIN, LOGOUT.
func BenchmarkRelaySetUp(b *testing.B) {
	n := newBench(b)
	n.turns("sessions/s", func(_, relay int) float64 {
		began := time.Now()
		const sessions = 20
		for range sessions {
			n.dial(n.relays[relay]).logout()
		}
		return sessions / time.Since(began).Seconds()
	})
}

// What an idle session costs in memory, both sides inside TLS: what 2,000 of
// them add over as many without a relay.
func BenchmarkRelayIdleMemory(b *testing.B) {
	const count = 2000
	n := newBench(b)
	used := func() float64 {
		for range 3 {
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	measure := func(address string) float64 {
		before := used()
		sessions := make([]*session, count)
		for i := range sessions {
			sessions[i] = n.dial(address)
			sessions[i].ask("a3 NOOP\r\n", len("a3 OK done\r\n"))
			sessions[i].buf = nil
		}
		time.Sleep(100 * time.Millisecond) // the last loops go back to waiting
		after := used()
		for _, s := range sessions {
			s.conn.Close()
		}
		return (after - before) / count / 1024
	}
	direct := measure(n.direct) // once, whatever b.N: it takes ten seconds
	for i, name := range []string{"plain-KiB", "unrecorded-KiB", "recorded-KiB"} {
		b.ReportMetric(measure(n.relays[i])-direct, name)
	}
	b.ReportMetric(0, "ns/op")
}
