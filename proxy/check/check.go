// Package check asks a mail server, a domain or the domain of an address
// itself, and says which settings a client should use: the part of mailtap that
// is a client.
//
//	TARGET -> discovery: DNS SRV, autoconfig, Autodiscover, common names
//	       -> candidates: IMAP and POP3 ports, each with who names it
//	       -> probe: reach it over IPv4 and IPv6, TLS, greeting, capabilities,
//	          and at the best port of each protocol a login, if one is wanted
//	       -> findings, settings, and what either protocol would mean
//
// RFC 6186 and 8314 (SRV), RFC 9051 and 3501 (IMAP), RFC 1939, 2449 and 2595
// (POP3); autoconfig is Mozilla's, Autodiscover Microsoft's. What servers say
// goes through the same parser and the same detectors as a session that the
// proxy relays, so both understand a server alike.
//
// It changes nothing on a server: mailboxes are looked at with EXAMINE and
// STATUS, messages are neither fetched nor deleted. A password crosses nothing
// but TLS with a verified certificate, unless the caller says so twice. It does
// not send mail: submission servers are only mentioned. cmd is its caller.
//
// A new source of settings is a function in discover.go's list; what a new
// fault is called stands in parse/finding.
package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/route"
)

// Port is where a protocol is looked for on a host that nobody gave a port for.
type Port struct {
	Proto event.Proto
	Mode  route.Mode
	Port  int
}

// Ports are the usual ones, the best first (RFC 8314 §7.3).
var Ports = []Port{
	{event.IMAP, route.Implicit, 993},
	{event.IMAP, route.StartTLS, 143},
	{event.POP3, route.Implicit, 995},
	{event.POP3, route.StartTLS, 110},
}

// Options say how to ask. The zero value asks as a mail client would that has
// no account yet.
type Options struct {
	DNS   string // HOST:PORT of a name server; "" for the system's
	ISPDB string // a file, or a directory of files, in the form of Mozilla's ISPDB
	Ports []Port // nil: Ports

	Roots      *x509.CertPool      // nil: the system's
	RootCerts  []*x509.Certificate // what is in Roots
	ClientCert *tls.Certificate
	Legacy     bool // --tls-legacy

	User     string // "" for no login
	Password string
	Token    string // an OAuth2 access token, in place of a password

	// A password, or a token, goes over a connection that is not TLS with a verified
	// certificate only where both are set.
	Insecure   bool // certificates need not be good
	SendAnyway bool // send the password all the same

	Intrusive bool // tests that look like an attack: on one's own server only
	NoLookup  bool // ask the named host alone: no SRV, no web

	Timeout time.Duration // for one step: a name, a connection, an answer; 10 s where 0

	// Dial connects; nil is the system's. Record takes what the conversations
	// say, as the proxy's record does; nil is nobody.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Record func(batch []wire.Item) error
	Now    func() time.Time // nil: time.Now
}

// checker is one check under way.
type checker struct {
	Options
	target   Target
	resolver *resolver
	report   *Report
}

// Run asks target. The error says that nothing could be asked at all; what is
// wrong with servers stands in the report.
func Run(ctx context.Context, target Target, o Options) (*Report, error) {
	c := &checker{Options: o.filled(), target: target}
	var err error
	if c.resolver, err = newResolver(c.DNS, c.Dial, c.Timeout); err != nil {
		return nil, err
	}
	c.report = &Report{Target: target.Text, Domain: target.Domain, Address: target.Address, Time: c.Now().UTC()}
	c.discover(ctx)
	c.probeAll(ctx, c.candidates(ctx))
	c.probeAll(ctx, c.further(ctx))
	if c.User != "" {
		c.loginAll(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.judge(ctx)
	c.settle()
	return c.report, nil
}

// filled is o with its defaults.
func (o Options) filled() Options {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ports == nil {
		o.Ports = Ports
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if record := o.Record; record != nil {
		var mu sync.Mutex // conversations run at the same time
		o.Record = func(batch []wire.Item) error {
			mu.Lock()
			defer mu.Unlock()
			return record(batch)
		}
	}
	return o
}
