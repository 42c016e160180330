package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	resolvConf   = "/etc/resolv.conf"
	maxAddresses = 16 // of one name
	maxRecords   = 20 // of one answer
)

// errNoName is a name that the DNS does not have, or not with such records.
var errNoName = errors.New("no such name")

// lookupError is a name server that does not answer.
type lookupError struct {
	server string
	err    error
}

func (e *lookupError) Error() string {
	return "asking the name server " + e.server + ": " + e.err.Error()
}

func (e *lookupError) Unwrap() error { return e.err }

// errNoDomain is a name below which there is nothing either (RFC 8020).
var errNoDomain = fmt.Errorf("%w: NXDOMAIN", errNoName)

// resolver looks names up: SRV and MX at name servers itself, addresses where
// the system does, or at the name server that the user gave.
type resolver struct {
	servers []string
	given   bool
	timeout time.Duration
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	seen   map[string]*lookup
	failed error // the last time that no name server answered
}

// lookup is the addresses of one name, looked up once.
type lookup struct {
	once   sync.Once
	v4, v6 []netip.Addr
	err    error
}

func newResolver(server string, dial func(context.Context, string, string) (net.Conn, error), timeout time.Duration) (*resolver, error) {
	r := &resolver{timeout: timeout, dial: dial, seen: map[string]*lookup{}}
	if server != "" {
		if _, _, err := net.SplitHostPort(server); err != nil {
			server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
		}
		r.servers, r.given = []string{server}, true
		return r, nil
	}
	conf, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return r, nil // no SRV and no MX then: the sources say so
	}
	for _, s := range conf.Servers[:min(len(conf.Servers), 3)] {
		r.servers = append(r.servers, net.JoinHostPort(s, conf.Port))
	}
	return r, nil
}

// query asks for records of one type, and gives those of the answer that are.
func (r *resolver) query(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	if len(r.servers) == 0 {
		return nil, fmt.Errorf("no name server is known here (%s); name one with --dns", resolvConf)
	}
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), kind)
	m.SetEdns0(1232, false)
	var last error
	for _, server := range r.servers {
		answer, err := r.exchange(ctx, m, server)
		if err != nil {
			last = &lookupError{server, err}
			continue
		}
		switch answer.Rcode {
		case dns.RcodeSuccess:
		case dns.RcodeNameError:
			return nil, errNoDomain
		default:
			last = fmt.Errorf("the name server %s answers %s", server, dns.RcodeToString[answer.Rcode])
			continue
		}
		var found []dns.RR
		for _, rr := range answer.Answer {
			if rr.Header().Rrtype == kind && len(found) < maxRecords {
				found = append(found, rr)
			}
		}
		if len(found) == 0 {
			return nil, errNoName
		}
		return found, nil
	}
	if ctx.Err() == nil {
		r.mu.Lock()
		r.failed = last
		r.mu.Unlock()
	}
	return nil, last
}

// failure is why the last question had no answer, where no name server gave one.
func (r *resolver) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// exchange asks over UDP, and over TCP where the answer is cut.
func (r *resolver) exchange(ctx context.Context, m *dns.Msg, server string) (*dns.Msg, error) {
	for _, network := range []string{"udp", "tcp"} {
		ask := dns.Client{Net: network, Timeout: r.timeout, UDPSize: 1232}
		answer, _, err := ask.ExchangeContext(ctx, m, server)
		if err != nil {
			return nil, err
		}
		if !answer.Truncated {
			return answer, nil
		}
	}
	return nil, errors.New("the answer is cut over TCP too")
}

// addresses gives the IPv4 and the IPv6 addresses of a host.
func (r *resolver) addresses(ctx context.Context, host string) (v4, v6 []netip.Addr, err error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		v4, v6 = sortAddrs([]netip.Addr{addr})
		return v4, v6, nil
	}
	r.mu.Lock()
	l := r.seen[host]
	if l == nil {
		l = &lookup{}
		r.seen[host] = l
	}
	r.mu.Unlock()
	l.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		l.v4, l.v6, l.err = r.lookUp(ctx, host)
	})
	return l.v4, l.v6, l.err
}

func (r *resolver) lookUp(ctx context.Context, host string) (v4, v6 []netip.Addr, err error) {
	if !r.given || isHost(host) {
		all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		var missing *net.DNSError
		if errors.As(err, &missing) && missing.IsNotFound {
			return nil, nil, errNoName
		}
		if err != nil {
			return nil, nil, err
		}
		v4, v6 = sortAddrs(all)
		return v4, v6, nil
	}
	var all []netip.Addr
	a, err4 := r.query(ctx, host, dns.TypeA)
	aaaa, err6 := r.query(ctx, host, dns.TypeAAAA)
	for _, rr := range append(a, aaaa...) {
		switch rr := rr.(type) {
		case *dns.A:
			if addr, ok := netip.AddrFromSlice(rr.A.To4()); ok {
				all = append(all, addr)
			}
		case *dns.AAAA:
			if addr, ok := netip.AddrFromSlice(rr.AAAA); ok {
				all = append(all, addr)
			}
		}
	}
	if len(all) == 0 {
		if err4 != nil && !errors.Is(err4, errNoName) {
			return nil, nil, err4
		}
		if err6 != nil {
			return nil, nil, err6
		}
		return nil, nil, errNoName
	}
	v4, v6 = sortAddrs(all)
	return v4, v6, nil
}

// sortAddrs parts addresses by their family.
func sortAddrs(all []netip.Addr) (v4, v6 []netip.Addr) {
	for _, addr := range all[:min(len(all), maxAddresses)] {
		if addr = addr.Unmap(); addr.Is4() {
			v4 = append(v4, addr)
		} else {
			v6 = append(v6, addr)
		}
	}
	return v4, v6
}
