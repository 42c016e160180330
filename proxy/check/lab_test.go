package check

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"mailtap/parse/event"
	"mailtap/proxy/mailserver"
	"mailtap/proxy/peertest"
	"mailtap/proxy/route"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	domain   = "example.test"
	address  = "alice@example.test"
	password = "correct horse"
)

// lab is a small world on 127.0.0.1: a name server, web servers, mail servers,
// and an authority that they have their certificates from.
type lab struct {
	t         *testing.T
	authority *peertest.Authority
	roots     *x509.CertPool
	mailboxes *mailserver.Mailboxes
	records   map[string][]dns.RR
	pages     map[string]string // HOST/PATH, without a query
	dns       string
	ports     map[string]string // where a port really is

	mu        sync.Mutex // servers run while tests change records and pages
	published struct {
		records map[string][]dns.RR
		pages   map[string]string
	}
}

// publish has the servers use what the test has written down so far.
func (l *lab) publish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.published.records, l.published.pages = maps.Clone(l.records), maps.Clone(l.pages)
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, authority: peertest.NewAuthority(t, t.TempDir()), roots: x509.NewCertPool(),
		records: map[string][]dns.RR{}, pages: map[string]string{}, ports: map[string]string{}, mailboxes: mailserver.NewMailboxes()}
	pem, err := os.ReadFile(l.authority.File)
	if err != nil {
		t.Fatal(err)
	}
	l.roots.AppendCertsFromPEM(pem)
	if err := l.mailboxes.AddSampleUser(address, password); err != nil {
		t.Fatal(err)
	}
	l.serveDNS()
	l.serveWeb()
	return l
}

// cert is a certificate for names, valid for 90 days or as long as is said.
func (l *lab) cert(valid time.Duration, names ...string) *tls.Config {
	l.t.Helper()
	cert, key := l.authority.Leaf(l.t, fmt.Sprintf("leaf%d", time.Now().UnixNano()), valid, names...)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		l.t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

const days = 24 * time.Hour

func (l *lab) listen() net.Listener {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { listener.Close() })
	return listener
}

// imap and pop3 start servers, and give their ports.
func (l *lab) imap(mode mailserver.Mode, config *tls.Config) int {
	s := l.mailboxes.IMAP(l.listen(), mailserver.Options{Mode: mode, TLS: config})
	l.t.Cleanup(func() { s.Close() })
	return portOf(s.Addr())
}

func (l *lab) pop3(mode mailserver.Mode, config *tls.Config) int {
	s := l.mailboxes.POP3(l.listen(), mailserver.Options{Mode: mode, TLS: config})
	l.t.Cleanup(func() { s.Close() })
	return portOf(s.Addr())
}

// script serves every connection by a function.
func (l *lab) script(serve func(conn net.Conn, lines *bufio.Scanner)) int {
	listener := l.listen()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn, bufio.NewScanner(conn))
			}()
		}
	}()
	return portOf(listener.Addr())
}

func portOf(a net.Addr) int { return a.(*net.TCPAddr).Port }

// closed is a port that nobody listens on: a client's, so that no other test
// can be given it meanwhile.
func (l *lab) closed() int {
	conn, err := net.Dial("tcp", l.listen().Addr().String())
	if err != nil {
		l.t.Error(err)
		return 0
	}
	l.t.Cleanup(func() { conn.Close() })
	return portOf(conn.LocalAddr())
}

// zone adds records, one a line; each name that a server has gets an address.
func (l *lab) zone(format string, args ...any) {
	l.t.Helper()
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		rr, err := dns.NewRR(strings.TrimSpace(line))
		if err != nil {
			l.t.Fatal(err)
		}
		if rr != nil {
			name := strings.ToLower(rr.Header().Name)
			l.records[name] = append(l.records[name], rr)
		}
	}
}

func (l *lab) serveDNS() {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	started := make(chan struct{})
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		l.mu.Lock()
		all, known := l.published.records[strings.ToLower(q.Question[0].Name)]
		l.mu.Unlock()
		if !known {
			answer.Rcode = dns.RcodeNameError
		}
		for _, rr := range all {
			if rr.Header().Rrtype == q.Question[0].Qtype {
				answer.Answer = append(answer.Answer, rr)
			}
		}
		w.WriteMsg(answer)
	})}
	go server.ActivateAndServe()
	<-started
	l.t.Cleanup(func() { server.Shutdown() })
	l.dns = conn.LocalAddr().String()
}

func (l *lab) serveWeb() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		body, ok := l.published.pages[r.Host+r.URL.Path]
		l.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(body))
	}))
	server.TLS = l.cert(90*days, domain, "autoconfig."+domain, "autodiscover."+domain)
	server.StartTLS()
	l.t.Cleanup(server.Close)
	l.ports["443"] = strings.TrimPrefix(server.URL, "https://")
}

// dial sends the web's ports to where the lab has them.
func (l *lab) dial(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, _ := net.SplitHostPort(address)
	if there := l.ports[port]; there != "" {
		address = there
	} else if port == "80" {
		address = fmt.Sprintf("127.0.0.1:%d", l.closed())
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// ask runs a check. Ports that are left out are closed ones.
func (l *lab) ask(target string, o Options) *Report {
	l.t.Helper()
	parsed, err := ParseTarget(target)
	if err != nil {
		l.t.Fatal(err)
	}
	l.publish()
	o.DNS, o.Dial, o.Roots = l.dns, l.dial, l.roots
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Ports == nil {
		o.Ports = l.table(0, 0, 0, 0)
	}
	r, err := Run(context.Background(), parsed, o)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// table is the usual services at these ports; 0 is a closed one.
func (l *lab) table(imaps, imap, pop3s, pop3 int) []Port {
	ports := []int{imaps, imap, pop3s, pop3}
	for i := range ports {
		if ports[i] == 0 {
			ports[i] = l.closed()
		}
	}
	return []Port{
		{event.IMAP, route.Implicit, ports[0]}, {event.IMAP, route.StartTLS, ports[1]},
		{event.POP3, route.Implicit, ports[2]}, {event.POP3, route.StartTLS, ports[3]},
	}
}

// ids are a report's findings of at least a severity, as ID or ID:severity.
func ids(r *Report, least event.Severity) []string {
	list := []string{}
	for _, f := range r.Findings {
		if f.severity >= least && !slices.Contains(list, f.ID) {
			list = append(list, f.ID)
		}
	}
	slices.Sort(list)
	return list
}

// wantFindings holds a report's errors and warnings against ids.
func wantFindings(t *testing.T, r *Report, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := ids(r, event.SeverityWarning); !slices.Equal(got, want) && len(got)+len(want) > 0 {
		t.Errorf("errors and warnings are %q, want %q\n%s", got, want, text(t, r))
	}
}

func text(t *testing.T, r *Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var varies = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?`), "DATE"},
	{regexp.MustCompile(`<[0-9a-f]+@`), "<STAMP@"},
	{regexp.MustCompile(`CN=leaf\d+`), "CN=leaf"},
}

// golden compares text with a file; what differs from run to run does not count.
func golden(t *testing.T, file, got string, ports map[string]int) {
	t.Helper()
	for name, port := range ports {
		got = strings.ReplaceAll(got, fmt.Sprint(port), name)
	}
	for _, v := range varies {
		got = v.what.ReplaceAllString(got, v.with)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as expected (-update rewrites it); got:\n%s", file, got)
	}
}
