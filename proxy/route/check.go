package route

import (
	"fmt"
	"net/netip"
)

// Check refuses routes that cannot stand beside one another: two on one
// address, and one that leads to a listener of mailtap itself. It looks no
// name up; what only the network can tell shows when a session is relayed.
func Check(routes []Route) error {
	for i, r := range routes {
		for _, other := range routes[:i] {
			if collide(other.Listen, r.Listen) {
				return fmt.Errorf("%w: %s (routes %s and %s); give one of them another port, or port 0 for a free one",
					ErrSameAddress, r.Listen, other, r)
			}
		}
		for _, other := range routes {
			if r.Upstream.Reaches(other.Listen) {
				return fmt.Errorf("%w: %s listens there, and the session of route %q would go in circles; name the mail server",
					ErrOwnListener, other.Listen, clip(r.String()))
			}
		}
	}
	return nil
}

// collide reports whether one address cannot be bound for both a and b. A
// listener on all interfaces takes its port on every address: also 0.0.0.0 on
// those of IPv6, as Go opens it for both families.
func collide(a, b Endpoint) bool {
	if a.Port != b.Port || a.Port == 0 {
		return false
	}
	return a.All || b.All || address(a.Host) == address(b.Host)
}

// address is host in the form in which two that are the same are equal.
func address(host string) string {
	if host == "localhost" {
		return defaultHost
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String()
	}
	return host
}

// Reaches reports whether a connection to e ends at listen, as far as words can tell.
func (e Endpoint) Reaches(listen Endpoint) bool {
	if e.Port != listen.Port || listen.Port == 0 {
		return false
	}
	if listen.All {
		return e.Loopback()
	}
	if e.Host == "localhost" { // is ::1 too
		return listen.Loopback() && (address(listen.Host) == defaultHost || listen.Host == "::1")
	}
	return address(e.Host) == address(listen.Host)
}
