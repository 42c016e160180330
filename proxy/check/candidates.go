package check

import (
	"context"
	"slices"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// maxServers bounds how many endpoints one check asks.
const maxServers = 24

// candidates are the endpoints to ask: what the user named, what sources name,
// and for a protocol that none of them names the usual ports of the usual names.
func (c *checker) candidates(ctx context.Context) []*Server {
	var list candidateList
	switch t := c.target; {
	case t.endpoint.Host != "":
		list.add(t.endpoint, commandLine, true)
	case t.port != 0:
		list.add(c.guessPort(ctx, t.Host, t.port), commandLine, true)
	case t.Host != "":
		for _, p := range c.Ports {
			list.add(p.on(t.Host), commandLine, false)
		}
	}
	for _, s := range c.report.Sources {
		for _, o := range s.Offers {
			list.add(o.endpoint, s.Name, true)
		}
	}
	if domain := c.target.Domain; domain != "" {
		for _, proto := range []event.Proto{event.IMAP, event.POP3} {
			if !list.names(proto) {
				c.guess(ctx, &list, proto, domain)
			}
		}
	}
	return list.servers
}

// further are the usual ports where none of what was named works: clients go on
// looking, and so does the user. Where the usual names are no better, the hosts
// that the domain's mail goes to are the last to try.
func (c *checker) further(ctx context.Context) []*Server {
	list := candidateList{servers: slices.Clone(c.report.Servers)}
	for _, proto := range []event.Proto{event.IMAP, event.POP3} {
		if c.best(proto) != nil {
			continue
		}
		if c.target.Domain != "" {
			if list.names(proto) {
				c.guess(ctx, &list, proto, c.target.Domain)
			}
			c.guessExchangers(ctx, &list, proto)
		}
		for _, p := range c.Ports {
			if c.target.Host != "" && p.Proto == proto && list.names(proto) && c.resolves(ctx, c.target.Host) {
				list.add(p.on(c.target.Host), usualPorts, false)
			}
		}
	}
	return list.servers[len(c.report.Servers):]
}

func (c *checker) resolves(ctx context.Context, host string) bool {
	v4, v6, err := c.resolver.addresses(ctx, host)
	return err == nil && len(v4)+len(v6) > 0
}

// Who names a server, where no source does.
const (
	commandLine = "the command line"
	usualNames  = "common names"
	usualPorts  = "usual ports"
	exchangeMX  = "mail exchanger"
)

// candidateList is endpoints in order, each once.
type candidateList struct{ servers []*Server }

func (l *candidateList) add(e route.Endpoint, from string, announced bool) {
	for _, s := range l.servers {
		if s.endpoint == e {
			if !slices.Contains(s.From, from) {
				s.From = append(s.From, from)
			}
			s.announced = s.announced || announced
			return
		}
	}
	if len(l.servers) < maxServers {
		l.servers = append(l.servers, &Server{URL: e.String(), From: []string{from}, endpoint: e, announced: announced})
	}
}

// names reports whether a source names a server of a protocol.
func (l *candidateList) names(proto event.Proto) bool {
	return slices.ContainsFunc(l.servers, func(s *Server) bool { return s.announced && s.endpoint.Proto == proto })
}

func (p Port) on(host string) route.Endpoint {
	return route.Endpoint{Proto: p.Proto, Mode: p.Mode, Host: host, Port: p.Port}
}

// guessPort takes the port for what it usually is. Where it is none of the
// usual ones what the server says first tells what it is.
func (c *checker) guessPort(ctx context.Context, host string, port int) route.Endpoint {
	for _, p := range slices.Concat(c.Ports, Ports) {
		if p.Port == port {
			return p.on(host)
		}
	}
	e := route.Endpoint{Proto: event.IMAP, Mode: route.Cleartext, Host: host, Port: port}
	for _, mode := range []route.Mode{route.Cleartext, route.Implicit} {
		if proto := c.sniff(ctx, e, mode); proto != event.ProtoNone {
			e.Proto, e.Mode = proto, mode
			break
		}
	}
	return e
}

// sniff is the protocol of the greeting at an endpoint, in the clear or inside TLS.
func (c *checker) sniff(ctx context.Context, e route.Endpoint, mode route.Mode) event.Proto {
	conn, err := c.dialName(ctx, "tcp", e.Addr())
	if err != nil {
		return event.ProtoNone
	}
	defer conn.Close()
	wait := min(c.Timeout, 3*time.Second) // servers may look the client's name up first
	if mode == route.Implicit {
		ctx, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		inside, _, err := c.upstream(&Server{endpoint: e}).Handshake(ctx, conn, nil)
		if err != nil {
			return event.ProtoNone
		}
		conn, wait = inside, c.Timeout
	}
	conn.SetReadDeadline(time.Now().Add(wait))
	head := make([]byte, headSize)
	n, _ := conn.Read(head) // nothing is an answer too
	return event.ParseProto(service(head[:n], event.ProtoNone))
}

// commonNames are the hosts below a domain that clients try by themselves.
var commonNames = map[event.Proto][]string{
	event.IMAP: {"imap.", "mail.", ""},
	event.POP3: {"pop.", "pop3.", "mail.", ""},
}

// guess adds the usual ports of the usual names that exist.
func (c *checker) guess(ctx context.Context, list *candidateList, proto event.Proto, domain string) {
	var hosts []string
	for _, label := range commonNames[proto] {
		hosts = append(hosts, label+domain)
	}
	s := c.guessed(ctx, list, proto, usualNames, hosts)
	if len(s.Offers) == 0 {
		s.Note = "none of imap., pop., mail. and the domain itself has an address"
	}
	c.report.Sources = append(c.report.Sources, s)
}

// guessExchangers adds the hosts that mail is delivered to, and the usual names
// beside them: a small server does all of it, and hosters name theirs alike.
func (c *checker) guessExchangers(ctx context.Context, list *candidateList, proto event.Proto) {
	x := c.exchangers(ctx, c.target.Domain)
	hosts := slices.Clone(x.hosts)
	for _, domain := range x.domains {
		for _, label := range commonNames[proto][:2] {
			hosts = append(hosts, label+domain)
		}
	}
	if s := c.guessed(ctx, list, proto, exchangeMX, hosts); len(s.Offers) > 0 {
		c.report.Sources = append(c.report.Sources, s)
	}
}

// guessed adds the usual ports of those hosts that exist.
func (c *checker) guessed(ctx context.Context, list *candidateList, proto event.Proto, name string, hosts []string) Source {
	s := Source{Name: name, Where: proto.Title()}
	exist := collect(hosts, func(host string) bool { return c.resolves(ctx, host) })
	for i, host := range hosts {
		for _, p := range c.Ports {
			if exist[i] && p.Proto == proto {
				e := p.on(host)
				list.add(e, name, false)
				s.Offers = append(s.Offers, Offer{URL: e.String(), endpoint: e})
			}
		}
	}
	return s
}
