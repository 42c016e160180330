package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"
)

// reach connects to a server over IPv4 and over IPv6, each by itself, and gives
// the first connection that stands; nil where there is none.
func (c *checker) reach(ctx context.Context, s *Server) net.Conn {
	v4, v6, err := c.resolver.addresses(ctx, s.endpoint.Host)
	if err != nil {
		id, why := unreachable(err)
		if errors.Is(err, errNoName) {
			id, why = "net.name", "the name has no address"
		}
		s.Reach = []Reach{{Family: "any", Failure: why, id: id}}
		return nil
	}
	type result struct {
		reach Reach
		conn  net.Conn
	}
	results := make([]chan result, 2)
	for i, addrs := range [][]netip.Addr{v4, v6} {
		results[i] = make(chan result, 1)
		go func() {
			r, conn := c.reachFamily(ctx, []string{"IPv4", "IPv6"}[i], addrs, s.endpoint.Port)
			results[i] <- result{r, conn}
		}()
	}
	var first net.Conn
	for _, ch := range results {
		r := <-ch
		if len(r.reach.Addresses) > 0 {
			s.Reach = append(s.Reach, r.reach)
		}
		switch {
		case r.conn == nil:
		case first == nil:
			first = r.conn
		default:
			r.conn.Close()
		}
	}
	return first
}

// maxTried bounds the addresses of a family that are connected to.
const maxTried = 2

// reachFamily tries addresses of a family, all at once: one that is silent must
// not make the others wait. The first of those that answer counts.
func (c *checker) reachFamily(ctx context.Context, family string, addrs []netip.Addr, port int) (Reach, net.Conn) {
	r := Reach{Family: family}
	for _, addr := range addrs {
		r.Addresses = append(r.Addresses, addr.String())
	}
	type attempt struct {
		conn net.Conn
		err  error
		took time.Duration
	}
	tries := collect(addrs[:min(len(addrs), maxTried)], func(addr netip.Addr) attempt {
		began := time.Now()
		conn, err := c.dialAddr(ctx, addr, strconv.Itoa(port))
		return attempt{conn, err, time.Since(began)}
	})
	var first net.Conn
	for i, t := range tries {
		switch {
		case t.err != nil && first == nil:
			r.id, r.Failure = unreachable(t.err)
		case t.err != nil:
		case first != nil:
			t.conn.Close()
		default:
			first = t.conn
			r.Connected, r.Micros, r.Failure, r.id = addrs[i].String(), t.took.Microseconds(), "", ""
		}
	}
	return r, first
}

// unreachable is the finding and the plain reason of a failed connection; no
// finding where this machine, and not the server, is why.
func unreachable(err error) (id, why string) {
	var name *net.DNSError
	var lookup *lookupError
	var wait net.Error
	switch {
	case errors.As(err, &lookup):
		_, why := unreachable(lookup.err)
		return "net.name", "its name cannot be looked up: the name server " + lookup.server + ": " + why
	case errors.As(err, &name):
		return "net.name", clean(name.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "net.refused", "the connection is refused"
	case errors.Is(err, syscall.ECONNRESET):
		return "net.reset", "the connection is reset"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return "", "this machine has no route to it"
	case errors.Is(err, syscall.EHOSTUNREACH):
		return "net.timeout", "there is no way to the host"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return "net.timeout", "no answer in time"
	case errors.Is(err, context.Canceled):
		return "", "stopped"
	}
	return "net.timeout", clean(fmt.Sprint(err))
}
