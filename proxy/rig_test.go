package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/ca"
	"mailtap/proxy/route"
)

func TestMain(m *testing.M) {
	authority() // outside of synctest, where it is the year 2000
	goleak.VerifyTestMain(m)
}

// authority is the CA of all tests: for mailtap's leaves and for the servers.
var authority = sync.OnceValue(func() *ca.Authority {
	dir, err := os.MkdirTemp("", "mailtap-test-ca")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	a, err := ca.Open(dir)
	if err != nil {
		panic(err)
	}
	return a
})

func roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority().Cert)
	return pool
}

// memory is a sink that keeps everything.
type memory struct {
	mu    sync.Mutex
	items []wire.Item
}

func (m *memory) Write(batch []wire.Item) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items = append(m.items, batch...)
	return nil
}

func (m *memory) events() []*event.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*event.Event
	for _, item := range m.items {
		if item.Event != nil {
			all = append(all, item.Event)
		}
	}
	return all
}

// lines is the protocol events in short: "c a1 LOGIN", "S" for the server's leg.
func (m *memory) lines() []string {
	var all []string
	for _, e := range m.events() {
		if !e.Kind.Protocol() {
			continue
		}
		dir := e.Dir.Letter()
		if e.Dir == event.SideProxy {
			dir += ">" + e.To.Letter()
		}
		if e.Leg == event.LegServer {
			dir = strings.ToUpper(e.Dir.Letter()) + "*"
		}
		text := e.Text
		if e.Altered {
			text += " <- " + e.Other
		}
		all = append(all, dir+" "+text)
	}
	return all
}

// findings is the ids of all findings, in order.
func (m *memory) findings() []string {
	var all []string
	for _, e := range m.events() {
		if e.Finding != nil {
			all = append(all, e.Finding.ID)
		}
	}
	return all
}

func (m *memory) closes() []*event.Event {
	var all []*event.Event
	for _, e := range m.events() {
		if e.Kind == event.KindSessionClose {
			all = append(all, e)
		}
	}
	return all
}

// check holds every session's record against CONTRACT section 3: seq without
// gaps, and sums that are the totals, in events and in octets.
func (m *memory) check(t *testing.T) {
	t.Helper()
	type sums struct {
		seq                        int64
		c, s, octetsC, octetsS     int64
		opened, closed, panickedIn bool
	}
	sessions := map[string]*sums{}
	for _, item := range m.items {
		if item.Session == "" {
			continue
		}
		k := sessions[item.Session]
		if k == nil {
			k = &sums{}
			sessions[item.Session] = k
		}
		if o := item.Octets; o != nil {
			if o.Side == event.SideClient {
				k.octetsC += int64(len(o.Data))
			} else {
				k.octetsS += int64(len(o.Data))
			}
			continue
		}
		e := item.Event
		if e.Kind == event.KindFinding {
			k.panickedIn = k.panickedIn || e.Finding.ID == "mailtap.panic"
			continue
		}
		if k.seq++; e.Seq != k.seq && !k.panickedIn {
			t.Errorf("session %s: seq %d where %d was to come: %v", item.Session, e.Seq, k.seq, e.Kind)
		}
		k.opened = k.opened || e.Kind == event.KindSessionOpen
		if e.Kind.Protocol() && e.Leg == event.LegBoth {
			if e.Dir == event.SideClient {
				k.c += e.Bytes
			} else {
				k.s += e.Bytes
			}
		}
		if c := e.Close; c != nil {
			k.closed = true
			if k.panickedIn {
				continue
			}
			if c.BytesC != k.c || c.BytesS != k.s {
				t.Errorf("session %s: totals %d and %d, the events add up to %d and %d", item.Session, c.BytesC, c.BytesS, k.c, k.s)
			}
			if c.BytesC != k.octetsC || c.BytesS != k.octetsS {
				t.Errorf("session %s: totals %d and %d, the octets add up to %d and %d", item.Session, c.BytesC, c.BytesS, k.octetsC, k.octetsS)
			}
		}
	}
	for id, k := range sessions {
		if !k.opened || !k.closed {
			t.Errorf("session %s: opened %v, closed %v", id, k.opened, k.closed)
		}
	}
}

// rig is a proxy between a test's client and a test's server, on loopback.
type rig struct {
	t      *testing.T
	proxy  *Proxy
	record *memory
	config Config
	addr   string
	stop   context.CancelFunc
	served chan error
	server net.Listener
}

// newRig starts a server whose every connection runs script, and a proxy with
// the route listen=upstream to it; both are scheme names. change, where not
// nil, changes the configuration before that.
func newRig(t *testing.T, listen, upstream string, script func(p *peer), change func(c *Config)) *rig {
	t.Helper()
	r := &rig{t: t, record: &memory{}, served: make(chan error, 1)}
	port := "1"
	if script != nil {
		r.server = r.listen()
		port = strconv.Itoa(r.server.Addr().(*net.TCPAddr).Port)
		implicit := strings.HasSuffix(upstream, "s") && !strings.HasSuffix(upstream, "starttls")
		go r.serve(script, implicit)
	}
	to, err := route.Parse(listen + "://127.0.0.1:0=" + upstream + "://127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	r.config = Config{
		Routes: []route.Route{to}, Leaves: authority(), Upstream: Upstream{Roots: roots()},
		Outputs: []Output{{Sink: r.record, Octets: true}},
	}
	if change != nil {
		change(&r.config)
	}
	r.start()
	return r
}

func (r *rig) listen() net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { ln.Close() })
	return ln
}

func (r *rig) start() {
	r.t.Helper()
	p, err := New(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := p.Listen(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.proxy, r.addr = p, p.listeners[0].net.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() { r.served <- p.Serve(ctx) }()
	r.t.Cleanup(func() { r.end() })
}

// end stops the proxy, and checks what is on record.
func (r *rig) end() {
	if r.stop == nil {
		return
	}
	r.stop()
	r.stop = nil
	if err := <-r.served; err != nil && !errors.Is(err, ErrClosed) {
		r.t.Errorf("Serve: %v", err)
	}
	r.record.check(r.t)
}

func (r *rig) serve(script func(p *peer), implicit bool) {
	for {
		conn, err := r.server.Accept()
		if err != nil {
			return
		}
		go func() {
			p := newPeer(r.t, "server", conn)
			defer p.conn.Close()
			if implicit && !p.serverTLS() {
				return
			}
			script(p)
		}()
	}
}

// client connects to the proxy.
func (r *rig) client() *peer {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	p := newPeer(r.t, "client", conn)
	r.t.Cleanup(func() { p.conn.Close() })
	return p
}

// peer is a scripted end of a connection: lines out, lines in.
type peer struct {
	t    *testing.T
	name string
	conn net.Conn
	in   *bufio.Reader
	cert *x509.Certificate // the other's, inside TLS
}

func newPeer(t *testing.T, name string, conn net.Conn) *peer {
	conn.SetDeadline(time.Now().Add(20 * time.Second)) // a test that hangs fails
	return &peer{t: t, name: name, conn: conn, in: bufio.NewReader(conn)}
}

func (p *peer) secure(conn *tls.Conn) bool {
	if err := conn.Handshake(); err != nil {
		p.t.Logf("%s: handshake: %v", p.name, err)
		return false
	}
	p.conn, p.in = conn, bufio.NewReader(conn)
	if certs := conn.ConnectionState().PeerCertificates; len(certs) > 0 {
		p.cert = certs[0]
	}
	return true
}

// serverTLS is the server's end of a handshake.
func (p *peer) serverTLS() bool {
	leaf, err := authority().Leaf("mail.example.org", nil, []string{"127.0.0.1"})
	if err != nil {
		p.t.Error(err)
		return false
	}
	return p.secure(tls.Server(p.conn, &tls.Config{Certificates: []tls.Certificate{*leaf}}))
}

// clientTLS is the client's end, which trusts the test's CA alone.
func (p *peer) clientTLS() *peer {
	p.t.Helper()
	if !p.secure(tls.Client(p.conn, &tls.Config{RootCAs: roots(), ServerName: "mail.example.org"})) {
		p.t.Fatal("the client's handshake failed")
	}
	return p
}

// send writes lines, each ended by CRLF, with one write.
func (p *peer) send(lines ...string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		p.t.Errorf("%s: sending %q: %v", p.name, lines, err)
	}
}

// want reads lines and holds them against what is to come.
func (p *peer) want(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		got, err := p.in.ReadString('\n')
		if err != nil || strings.TrimSuffix(got, "\r\n") != want {
			p.t.Errorf("%s got %q, %v; want %q", p.name, got, err, want)
			return
		}
	}
}

// wantEnd reads to the end of the connection, where nothing more may come.
func (p *peer) wantEnd() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.in); len(rest) > 0 || err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
		p.t.Errorf("%s got %q, %v; want the end", p.name, rest, err)
	}
	p.conn.Close()
}

// wantFindings looks at what the proxy itself finds: the detectors have tests of their own.
func wantFindings(t *testing.T, m *memory, want ...string) {
	t.Helper()
	var got []string
	for _, e := range m.events() { // observations are the detectors' own matter
		if f := e.Finding; f != nil && (f.Severity > event.SeverityInfo || slices.Contains(want, f.ID)) {
			got = append(got, f.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
}
