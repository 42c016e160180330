// Package route takes [LISTEN=]UPSTREAM in and out of text, as CONTRACT
// section 1 has it: where clients connect, and which server their sessions
// are relayed to.
//
// It looks at words only. It opens no socket, resolves no name and reads no
// file; what a route does is proxy's work, and cmd hands the text in.
package route

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"mailtap/parse/event"
)

// Mode is how TLS stands on one side of a route.
type Mode uint8

// The modes.
const (
	Implicit  Mode = iota // TLS from the first octet (RFC 8314)
	Cleartext             // begins in the clear; may be upgraded
	StartTLS              // begins in the clear; the upgrade (STARTTLS, STLS) is required
)

// String is the mode in words, as mail clients name it in their settings.
func (m Mode) String() string {
	switch m {
	case Implicit:
		return "SSL/TLS"
	case StartTLS:
		return "STARTTLS"
	}
	return "none"
}

// Endpoint is one end of a route: a listener, or an upstream.
type Endpoint struct {
	Proto event.Proto
	Mode  Mode
	Host  string // lower case, IDN in its ASCII form, IPv6 without brackets; "" where All and no address was given
	Port  int    // 0 to 65535; 0 takes a free port, listeners only
	All   bool   // a listener on all interfaces: *, 0.0.0.0 or [::]; worth a warning
}

// Scheme is the scheme of the endpoint's URL.
func (e Endpoint) Scheme() string {
	for _, s := range schemes {
		if s.proto == e.Proto && s.mode == e.Mode {
			return s.name
		}
	}
	return ""
}

// String is the endpoint as a URL, its port always said.
func (e Endpoint) String() string {
	return e.Scheme() + "://" + e.hostPort()
}

// Addr is what net.Listen and net.Dial take.
func (e Endpoint) Addr() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
}

// Bound is e with the port that the system gave it.
func (e Endpoint) Bound(port int) Endpoint {
	e.Port = port
	return e
}

// hostPort is Addr as it stands in a URL: "*" for all, a zone's % as %25 (RFC 6874).
func (e Endpoint) hostPort() string {
	host := e.Host
	if host == "" {
		host = "*"
	}
	if strings.Contains(host, ":") {
		host = strings.Replace(host, "%", "%25", 1)
	}
	return net.JoinHostPort(host, strconv.Itoa(e.Port))
}

// Loopback reports whether e is this machine talking to itself: localhost, 127.0.0.0/8 or ::1.
func (e Endpoint) Loopback() bool {
	if e.Host == "localhost" || strings.HasSuffix(e.Host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(e.Host)
	return err == nil && addr.Unmap().IsLoopback()
}

// Choice is a yes or a no that may be left to a default.
type Choice uint8

// The choices.
const (
	Default Choice = iota
	Yes
	No
)

// Or is c, or where c says nothing the value of a flag.
func (c Choice) Or(flag bool) bool {
	if c == Default {
		return flag
	}
	return c == Yes
}

// Options are what one route says in its upstream's query. What it leaves
// out the flags say.
type Options struct {
	CA       string // file: what the server's certificate is checked against (--upstream-ca)
	Insecure Choice // it is not checked at all (--upstream-insecure)
	Name     string // the server name to ask for and to check, in place of the host
	Cert     string // file: a client certificate for the server (--upstream-cert)
	Key      string // file: its key (--upstream-key)
}

// query is the options as they stand behind the upstream, "?" included.
func (o Options) query() string {
	var pairs []string
	add := func(key, value string) {
		if value != "" {
			pairs = append(pairs, key+"="+escape(value))
		}
	}
	add("ca", o.CA)
	add("insecure", [...]string{Default: "", Yes: "1", No: "0"}[o.Insecure])
	add("name", o.Name)
	add("cert", o.Cert)
	add("key", o.Key)
	if len(pairs) == 0 {
		return ""
	}
	return "?" + strings.Join(pairs, "&")
}

// escape leaves what file names usually have as it is; a plus sign too, which
// is no space here.
func escape(value string) string {
	return strings.ReplaceAll(url.PathEscape(value), "%2F", "/")
}

// Route is where clients connect, and which server their sessions go to.
// Routes are comparable with ==.
type Route struct {
	Listen   Endpoint
	Upstream Endpoint
	Options  Options
}

// String is the route in full; Parse gives the same route back.
func (r Route) String() string {
	return r.Listen.String() + "=" + r.Upstream.String() + r.Options.query()
}

// ServerName is what to ask the server for (SNI) and to check its certificate against.
func (r Route) ServerName() string {
	if r.Options.Name != "" {
		return r.Options.Name
	}
	host, _, _ := strings.Cut(r.Upstream.Host, "%")
	return strings.TrimSuffix(host, ".")
}
