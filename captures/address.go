package captures

import (
	"hash/fnv"
	"net/netip"
	"net/url"

	"mailtap/parse/event"
)

// Ports under which Wireshark knows the cleartext protocols.
const (
	portIMAP = 143
	portPOP3 = 110
)

// endsOf are the addresses that a session is written between. Where the
// server's is not known (yet), the upstream's stands if it is one, else none.
func endsOf(id string, proto event.Proto, r *event.Route) ends {
	var e ends
	e.client = parseAddr(r.Client)
	if e.client.Port() == 0 {
		e.client = netip.AddrPortFrom(e.client.Addr(), ephemeral(id, 0))
	}
	e.server = netip.AddrPortFrom(serverAddr(r), portIMAP)
	if proto == event.POP3 {
		e.server = netip.AddrPortFrom(e.server.Addr(), portPOP3)
	}
	return e.oneFamily()
}

// serverAddr is the invalid Addr where nothing is known.
func serverAddr(r *event.Route) netip.Addr {
	if a := parseAddr(r.Server); a.IsValid() {
		return a.Addr()
	}
	if u, err := url.Parse(r.Upstream); err == nil {
		if a, err := netip.ParseAddr(u.Hostname()); err == nil {
			return a.Unmap().WithZone("")
		}
	}
	return netip.Addr{}
}

// parseAddr takes IP:PORT, or gives the invalid AddrPort.
func parseAddr(text string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// oneFamily fills in the unspecified address where one is missing, and writes
// the IPv4 one as a mapped IPv6 one where the families differ.
func (e ends) oneFamily() ends {
	c, s := e.client.Addr(), e.server.Addr()
	switch {
	case !c.IsValid() && !s.IsValid():
		c, s = netip.IPv4Unspecified(), netip.IPv4Unspecified()
	case !c.IsValid():
		c = unspecified(s)
	case !s.IsValid():
		s = unspecified(c)
	}
	if c.Is4() != s.Is4() {
		c, s = netip.AddrFrom16(c.As16()), netip.AddrFrom16(s.As16())
	}
	return ends{netip.AddrPortFrom(c, e.client.Port()), netip.AddrPortFrom(s, e.server.Port())}
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// ephemeral is the n-th port that a session tries in place of its client's.
func ephemeral(id string, n int) uint16 {
	return 49152 + uint16((hash(id)+uint64(n))%16384)
}

// hash spreads session ids: for initial sequence numbers and ports, not for secrecy.
func hash(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

func addrWithPort(a netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), port)
}
