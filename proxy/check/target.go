package check

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"mailtap/proxy/route"
)

// Target is what a user wants to know about.
type Target struct {
	Text    string
	Address string // alice@example.org, where that was given
	Domain  string // whose mail servers are looked for; "" where a host was named
	Host    string // the host that was named: with a port, by its address, or as a URL
	Name    string // a URL's ?name=: what the certificate is checked against

	endpoint route.Endpoint // of a URL
	port     int            // of HOST:PORT; 0 where there is none
}

// ParseTarget takes an address, a domain, a host, HOST:PORT, or a URL as routes have it.
func ParseTarget(text string) (Target, error) {
	if strings.Contains(text, "://") {
		return parseURL(text)
	}
	t := Target{Text: text}
	local, domain := "", text
	at := strings.LastIndexByte(text, '@')
	if at >= 0 {
		local, domain = text[:at], text[at+1:]
	}
	host, port, err := parseHost(domain)
	if err != nil {
		return t, err
	}
	if at >= 0 {
		if local == "" || port != 0 {
			return t, fmt.Errorf("%q is no mail address; alice@example.org would be one", text)
		}
		t.Address = local + "@" + host
	}
	switch {
	case port != 0 || isHost(host):
		t.Host, t.port = host, port
	default:
		t.Domain = host
	}
	return t, nil
}

// parseHost takes HOST[:PORT] and gives the host as routes have it.
func parseHost(text string) (host string, port int, err error) {
	host = strings.Trim(text, "[]")
	if h, p, err := net.SplitHostPort(text); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, fmt.Errorf("%q: a port is a number from 1 to 65535", text)
		}
	}
	quoted := host
	if strings.Contains(host, ":") {
		quoted = "[" + host + "]"
	}
	r, err := route.Parse("imap://" + quoted)
	if err != nil || strings.ContainsAny(host, "/?=#") {
		return "", 0, fmt.Errorf("%q names no server; an address (alice@example.org), a domain, HOST:PORT or imaps://HOST would", text)
	}
	return strings.TrimSuffix(r.Upstream.Host, "."), port, nil
}

func parseURL(text string) (Target, error) {
	r, err := route.Parse(text)
	if err != nil {
		return Target{}, err
	}
	r.Upstream.Host = strings.TrimSuffix(r.Upstream.Host, ".")
	return Target{Text: text, Host: r.Upstream.Host, Name: r.Options.Name, endpoint: r.Upstream}, nil
}

// isHost reports whether name cannot be a domain whose servers one looks up.
func isHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
