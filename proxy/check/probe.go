package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// atOnce bounds how many servers are asked at the same time.
const atOnce = maxServers

// found is a finding at one server, before all are put together.
type found struct {
	id       string
	title    string // where the catalogue's is about a relayed session
	detail   string
	advice   string
	severity event.Severity // where it is not the catalogue's
	lines    []string
	also     []string
}

func (s *Server) find(id, detail string) *found {
	s.found = append(s.found, found{id: id, detail: detail})
	return &s.found[len(s.found)-1]
}

// probeAll asks servers, and adds them to the report.
func (c *checker) probeAll(ctx context.Context, servers []*Server) {
	c.report.Servers = append(c.report.Servers, servers...)
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, s := range servers {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			c.guarded(s, func() { c.probe(ctx, s) })
		})
	}
	all.Wait()
}

// guarded keeps a panic about one server from ending the whole check.
func (c *checker) guarded(s *Server, do func()) {
	defer func() {
		if r := recover(); r != nil {
			s.works = false
			s.find("mailtap.panic", clean(fmt.Sprint(r)))
		}
	}()
	do()
}

// upstream is how to shake hands with s. A bad certificate does not end the
// conversation: what it is good for is decided where a password would be sent.
func (c *checker) upstream(s *Server) *tlsfacts.Upstream {
	name := s.endpoint.Host
	if c.target.Name != "" {
		name = c.target.Name
	}
	return &tlsfacts.Upstream{Name: name, Roots: c.Roots, RootCerts: c.RootCerts, Insecure: true, Cert: c.ClientCert, Legacy: c.Legacy, Now: c.Now}
}

// probe asks one server what it is and what it can do.
func (c *checker) probe(ctx context.Context, s *Server) {
	conn := c.reach(ctx, s)
	if conn == nil {
		return
	}
	k := newTalk(conn, s.endpoint.Proto, s.URL, c.Timeout, c.Record)
	began := c.begin(ctx, s, k)
	k.close(began && s.works)
	s.watched(k, false)
	if !began {
		return
	}
	if s.TLS != nil && s.TLS.Version != "" {
		c.examineTLS(ctx, s)
	}
	if c.Intrusive && s.Upgrade != nil && s.Upgrade.Works {
		c.guarded(s, func() { c.inject(ctx, s) })
	}
}

// begin brings a conversation to where a login could follow: greeted, inside
// TLS where there is any, the capabilities asked for. False where the server
// turned out to be none of this kind.
func (c *checker) begin(ctx context.Context, s *Server, k *talk) bool {
	if s.endpoint.Mode == route.Implicit {
		report, err := k.secure(ctx, c.upstream(s))
		c.tlsSeen(s, report, err)
		if err != nil {
			c.plainInstead(ctx, s)
			return false
		}
	}
	greeting, err := k.greet()
	if err != nil || greeting.Kind != event.KindGreeting {
		c.noGreeting(ctx, s, k, err)
		return false
	}
	s.Greeting, s.Speaks = clean(greeting.Text), s.endpoint.Proto.String()
	if greeting.Status == "BYE" || greeting.Status == "-ERR" {
		s.find("srv.bye", s.Greeting)
		return false
	}
	s.works = true
	caps, err := c.capabilities(s, k, greeting)
	if err != nil {
		id, why := silence(err, c.Timeout)
		s.find(id, why).title = "the server greets, and does not answer a command as it should"
		s.works = false
		return true
	}
	if s.endpoint.Mode == route.Implicit {
		s.Capabilities.TLS = caps
	} else {
		s.Capabilities.Clear = caps
		if greeting.Status == "PREAUTH" {
			s.find("starttls.preauth", "")
			return true
		}
		c.upgrade(ctx, s, k, caps)
	}
	if !s.works {
		return true
	}
	s.judgeLogin()
	return true
}

// upgrade asks for TLS where it is offered, and what the server can do then.
func (c *checker) upgrade(ctx context.Context, s *Server, k *talk, caps []string) {
	s.Upgrade = &Upgrade{Offered: hasCap(caps, upgradeCommand(s.endpoint.Proto))}
	s.open = takesPassword(s.endpoint.Proto, caps)
	if !s.Upgrade.Offered {
		return
	}
	report, early, err := k.upgrade(ctx, c.upstream(s))
	if len(early) > 0 {
		s.find("starttls.injection", fmt.Sprintf("the server sends %d bytes behind its answer to %s, outside TLS: %q", len(early), upgradeCommand(s.endpoint.Proto), clean(string(early[:min(len(early), 100)])))).lines = []string{clean(string(early))}
	}
	if report != nil {
		c.tlsSeen(s, report, err)
	}
	if err != nil {
		s.Upgrade.Failure = clean(err.Error())
		s.works = false
		if report == nil {
			s.find("starttls.failed", s.Upgrade.Failure)
		}
		return
	}
	caps, err = c.askCapabilities(k)
	if err != nil {
		s.Upgrade.Failure, s.works = clean(err.Error()), false
		s.find("starttls.failed", "inside TLS the server does not answer: "+s.Upgrade.Failure)
		return
	}
	s.Upgrade.Works, s.Capabilities.TLS = true, caps
}

// tlsSeen keeps what a handshake came to.
func (c *checker) tlsSeen(s *Server, report *tlsfacts.Report, err error) {
	t := &TLS{Version: report.TLS.Version, Cipher: report.TLS.Cipher, Chain: report.TLS.Peer}
	s.TLS = t
	if err != nil {
		t.Version, t.Cipher = "", ""
		f := report.Failure
		t.Failure = f.Text
		id := f.ID
		if id == "" {
			id = "tls.upstream.failed"
		}
		if s.Upgrade != nil && id != "tls.version-too-old" && id != "tls.no-shared-cipher" && id != "tls.client-cert-required" {
			id = "starttls.failed"
		}
		s.failed(id, f)
		return
	}
	if report.Leaf != nil {
		t.leaf = leaf{report.Leaf.NotBefore, report.Leaf.NotAfter}
	}
	if f := report.Ignored; f != nil {
		t.Problem = f.Text
		s.failed(f.ID, f)
		return
	}
	s.verified = true
	c.expiring(s)
}

// expiring warns of a certificate that should have been renewed: within two
// weeks of its end, or within a sixth of its life where that is short.
func (c *checker) expiring(s *Server) {
	l := s.TLS.leaf
	left := l.to.Sub(c.Now())
	if left < min(14*24*time.Hour, l.to.Sub(l.from)/6) {
		s.find("check.certificate-expires", fmt.Sprintf("on %s, in %s", l.to.UTC().Format("2006-01-02 15:04 MST"), span(left)))
	}
}

func span(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// noGreeting says what answers in place of the server that was looked for.
func (c *checker) noGreeting(ctx context.Context, s *Server, k *talk, err error) {
	if other := service(k.head, s.endpoint.Proto); other != "" {
		s.Speaks, s.Greeting = other, clean(firstLine(k.head))
		c.wrongService(s, other)
		return
	}
	if len(k.head) > 0 {
		s.Greeting = clean(firstLine(k.head))
		s.find("proto.wrong-service", fmt.Sprintf("it says %q", s.Greeting))
		return
	}
	if s.endpoint.Mode != route.Implicit && c.speaksTLS(ctx, s) {
		s.Speaks = "tls"
		f := s.find("tls.port.plain-on-tls", "")
		f.title = fmt.Sprintf("port %d of %s expects TLS from the first byte%s", s.endpoint.Port, s.endpoint.Host, c.expected(s))
		f.advice = "set the connection security to SSL/TLS for this port; whoever announces it with STARTTLS should correct that"
		return
	}
	if f := c.upstream(s).Late(err); f != nil && s.endpoint.Mode == route.Implicit { // of TLS 1.3: a refusal comes behind the handshake
		s.TLS.Failure, s.verified = f.Text, false
		s.failed(f.ID, f)
		return
	}
	id, why := silence(err, c.Timeout)
	s.find(id, why)
}

// tlsAdvice is what to do about a server's TLS, where what tlsfacts says is
// about a proxy's upstream.
var tlsAdvice = map[string]string{
	"tls.certificate-untrusted": "the administrator should get a certificate from an authority that all devices know (Let's Encrypt's cost nothing); where the authority is your own, install its certificate on each device, and name it here with --upstream-ca FILE",
	"tls.client-cert-required":  "give mailtap the certificate that the server knows you by: --upstream-cert FILE --upstream-key FILE; a mail client needs it too (Thunderbird: Settings, Privacy & Security, Certificates)",
}

// failed finds what tlsfacts says of a handshake or a certificate.
func (s *Server) failed(id string, f *tlsfacts.Failure) {
	n := s.find(id, f.Text)
	n.advice, n.also = f.Advice, f.Also
	if own := tlsAdvice[id]; own != "" {
		n.advice = own
	}
}

// expected says who thinks otherwise.
func (c *checker) expected(s *Server) string {
	if !s.announced {
		return ""
	}
	if s.endpoint.Mode == route.Cleartext {
		return named(s.From)
	}
	return ", and not " + s.endpoint.Mode.String() + named(s.From)
}

// wrongService tells that another protocol is spoken.
func (c *checker) wrongService(s *Server, other string) {
	if other == "tls" {
		s.find("tls.port.plain-on-tls", "it answers with a TLS alert").advice = "set the connection security to SSL/TLS for this port"
		return
	}
	s.find("proto.wrong-service", fmt.Sprintf("%s is spoken there: %q", strings.ToUpper(other), s.Greeting))
}

// plainInstead looks what is spoken in the clear where TLS was expected.
func (c *checker) plainInstead(ctx context.Context, s *Server) {
	last := &s.found[len(s.found)-1]
	if last.id != "tls.upstream.plaintext" {
		return
	}
	conn, err := c.again(ctx, s)
	if err != nil {
		return
	}
	k := newTalk(conn, s.endpoint.Proto, s.URL, c.Timeout, c.Record)
	defer k.close(false)
	k.greet()
	s.Greeting = clean(firstLine(k.head))
	if s.Speaks = service(k.head, event.ProtoNone); s.Speaks != "" && s.Speaks != s.endpoint.Proto.String() {
		last.id, last.advice, last.also = "proto.wrong-service", "", nil
		last.detail = fmt.Sprintf("%s is spoken there, and without TLS: %q", strings.ToUpper(s.Speaks), s.Greeting)
		return
	}
	last.advice = "set the connection security to STARTTLS for this port, or use the server's port for SSL/TLS (993, 995); whoever announces it with SSL/TLS should correct that"
}

// speaksTLS reports whether a port that is silent answers a TLS handshake.
func (c *checker) speaksTLS(ctx context.Context, s *Server) bool {
	conn, err := c.again(ctx, s)
	if err != nil {
		return false
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	_, report, _ := c.upstream(s).Handshake(ctx, conn, nil)
	return report.TLS.Version != ""
}

// again connects once more to where s was reached.
func (c *checker) again(ctx context.Context, s *Server) (net.Conn, error) {
	for _, r := range s.Reach {
		if addr, err := netip.ParseAddr(r.Connected); err == nil {
			return c.dialAddr(ctx, addr, strconv.Itoa(s.endpoint.Port))
		}
	}
	return nil, errors.New("it was not reached")
}

// serverFaults are the families of findings that a conversation of mailtap's
// own can show. The others are about clients: mailtap is one here, and what it
// leaves undone is on purpose.
var serverFaults = []string{"auth.", "limit.", "quota.", "srv.", "stream.", "starttls.required",
	"pop.in-use", "pop.login-delay", "pop.sys-", "pop.uidl-missing", "pop.gmail-window", "pop.dot-stuffing", "pop.bad-indicator"}

// watched takes what the detectors found in a conversation, in which a login
// was tried or not: where none was, mailtap did not leave for want of a method.
func (s *Server) watched(k *talk, tried bool) {
	for _, e := range k.findings {
		if !tried && e.Finding.ID == "auth.mech-unusable" {
			continue
		}
		if !slices.ContainsFunc(serverFaults, func(family string) bool { return strings.HasPrefix(e.Finding.ID, family) }) {
			continue
		}
		f := found{id: e.Finding.ID, detail: strings.TrimPrefix(e.Finding.Title, title(e.Finding.ID)+": "), advice: e.Finding.Advice, severity: e.Finding.Severity, also: e.Finding.Also}
		if f.detail == title(f.id) {
			f.detail = ""
		}
		for _, id := range e.Finding.Evidence {
			if _, seq, ok := strings.Cut(id, ":"); ok {
				if n, err := strconv.ParseInt(seq, 10, 64); err == nil && k.lines[n] != "" {
					f.lines = append(f.lines, k.lines[n])
				}
			}
		}
		s.found = append(s.found, f)
	}
}

func firstLine(head []byte) string {
	line, _, _ := strings.Cut(string(head), "\n")
	return strings.TrimRight(line, "\r")
}
