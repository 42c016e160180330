package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/proxy/route"
)

// title is what the catalogue says of an id.
func title(id string) string {
	entry, _ := finding.Lookup(id)
	return entry.Title
}

// judge makes findings of what was seen: the servers', those of what sources
// say, and whether there is a server at all.
func (c *checker) judge(ctx context.Context) {
	for _, s := range c.report.Servers {
		s.judgeReach()
		if s.works {
			c.judgeServer(s)
		}
		s.judgeUser()
	}
	for _, s := range c.report.Servers {
		for _, f := range s.found {
			c.add(f, s.URL, c.byTheWay(s))
		}
	}
	c.judgeSources()
	c.judgeNothing(ctx)
	slices.SortStableFunc(c.report.Findings, func(a, b Finding) int { return cmp.Compare(b.severity, a.severity) })
}

// add puts a finding into the report; one that is there gets another place.
// What is wrong with a server that nobody named, where another works, is by the way.
func (c *checker) add(f found, where string, guess bool) {
	e := finding.New(f.id, f.detail).Finding
	severity := e.Severity
	if f.severity != event.SeverityNone {
		severity = f.severity
	}
	if guess {
		severity = event.SeverityInfo
	}
	if f.title != "" {
		e.Title = f.title
		if f.detail != "" {
			e.Title += ": " + f.detail
		}
	}
	if f.advice != "" {
		e.Advice = f.advice
	}
	for i := range c.report.Findings {
		have := &c.report.Findings[i]
		if have.ID == f.id && have.Title == e.Title && have.severity == severity {
			if !slices.Contains(have.Where, where) {
				have.Where = append(have.Where, where)
			}
			return
		}
	}
	c.report.Findings = append(c.report.Findings, Finding{
		ID: f.id, Severity: severity.String(), Title: e.Title, Advice: e.Advice,
		Where: []string{where}, Lines: f.lines, Also: f.also, severity: severity,
	})
}

// byTheWay reports whether s is only a common name, and a client has something better.
func (c *checker) byTheWay(s *Server) bool {
	best := c.best(s.endpoint.Proto)
	return best != nil && best != s && best.verified && !s.announced && !slices.Contains(s.From, commandLine)
}

// judgeReach looks at the families of addresses.
func (s *Server) judgeReach() {
	var up, down []Reach
	for _, r := range s.Reach {
		if r.Connected != "" {
			up = append(up, r)
		} else {
			down = append(down, r)
		}
	}
	switch {
	case len(down) == 0:
	case len(up) == 0 && s.announced:
		id := down[0].id
		for _, r := range down {
			if r.id == "net.refused" { // a machine is there: that says more than silence
				id = r.id
			}
		}
		if id == "" {
			id = "net.timeout"
		}
		s.find(id, s.endpoint.Host+": "+down[0].Failure+named(s.From))
	case len(up) > 0:
		r := down[0]
		if r.id == "" {
			return // this machine has no IPv6, or no IPv4
		}
		f := s.find("check.address-family", fmt.Sprintf("%s answers over %s, and over %s %s", s.endpoint.Host, up[0].Family, r.Family, r.Failure))
		if r.id != "net.refused" { // silence may be the fault of the network here
			f.severity = event.SeverityInfo
		}
	}
}

// named says who names a server.
func named(from []string) string {
	if len(from) == 0 || from[0] == commandLine {
		return ""
	}
	return "; it is named by " + strings.Join(from, ", ")
}

// judgeServer looks at a server that greeted.
func (c *checker) judgeServer(s *Server) {
	switch {
	case s.encrypted() && s.noLogin:
		s.find("check.no-login", "")
	case s.Upgrade != nil && !s.Upgrade.Offered:
		c.judgeCleartext(s)
	}
	if s.open {
		f := s.find("check.cleartext-login", "")
		if loopback(s) {
			f.severity = event.SeverityInfo // it crosses no network
		}
	}
	if s.TLS == nil {
		return
	}
	var old []string
	for _, v := range s.TLS.Versions {
		if v.Cipher != "" && (v.Name == "TLS 1.0" || v.Name == "TLS 1.1") {
			old = append(old, v.Name)
		}
	}
	if len(old) > 0 {
		s.find("check.tls-old", strings.Join(old, ", "))
	}
	if s.TLS.Weak != "" {
		s.find("check.tls-weak", s.TLS.Weak)
	}
}

// judgeCleartext is a port that offers no upgrade: an error where clients are
// sent to it, or have nothing else.
func (c *checker) judgeCleartext(s *Server) {
	best := c.best(s.endpoint.Proto)
	other := best != nil && best != s && best.verified
	if s.endpoint.Mode != route.StartTLS && other || !s.announced && other {
		return
	}
	f := s.find("starttls.not-offered", "")
	f.title = fmt.Sprintf("the server does not offer %s, so nothing there is encrypted", upgradeCommand(s.endpoint.Proto))
	f.advice = "the administrator should give the server a certificate and switch TLS on; until then use no password here that is used elsewhere too"
	if other {
		f.advice = fmt.Sprintf("use %s, port %d, connection security %s, which works", best.endpoint.Host, best.endpoint.Port, best.endpoint.Mode)
	}
	if s.endpoint.Mode == route.Cleartext {
		f.severity = event.SeverityWarning // nobody asked for more
	}
}

func loopback(s *Server) bool {
	for _, r := range s.Reach {
		if addr, err := netip.ParseAddr(r.Connected); err == nil {
			return addr.IsLoopback()
		}
	}
	return false
}

// judgeUser looks at a login and what was seen behind it.
func (s *Server) judgeUser() {
	l := s.Login
	if l == nil {
		return
	}
	has := func(prefix string) bool {
		return slices.ContainsFunc(s.found, func(f found) bool { return strings.HasPrefix(f.id, prefix) })
	}
	switch {
	case l.withheld:
		f := s.find("check.password-withheld", l.Skipped)
		if has("tls.") || has("starttls.") {
			f.severity = event.SeverityInfo // the cause stands beside it
		}
	case has("check.no-login"):
	case l.Skipped != "" && s.challenges() && !s.bearer(): // the server is in order: it is mailtap that lacks its ways
	case l.Skipped != "":
		f := s.find("auth.mech-unusable", l.Skipped)
		f.severity = event.SeverityWarning
		if s.tokensOnly() {
			f.advice = "set the client's authentication method to OAuth2: " + bearerAdvice
		}
	case !l.OK && !has("auth.") && !has("limit.") && !has("pop.") && !has("starttls.required") && !has("conn."):
		s.find("auth.bad-credentials", l.Said).lines = []string{l.Said}
	}
	if m := l.IMAP; m != nil {
		s.judgeMailboxes(m)
	}
	if d := l.POP3; d != nil {
		if !d.UIDLWorks && !has("pop.uidl-missing") && !strings.HasPrefix(d.UIDL, unanswered) {
			s.find("pop.uidl-missing", d.UIDL)
		}
		if d.Expire != "" && !strings.EqualFold(word(d.Expire), "NEVER") {
			s.find("check.pop-expire", "EXPIRE "+d.Expire)
		}
	}
}

func (s *Server) judgeMailboxes(m *Mailboxes) {
	if strings.HasPrefix(m.Idle, "offered, and fails") {
		s.find("check.idle", m.Idle)
	}
	for _, q := range m.Quota {
		switch {
		case q.Limit == 0 || q.Usage*10 < q.Limit*9:
		case q.Usage >= q.Limit:
			s.find("quota.full", q.words())
		default:
			s.find("check.quota-near", q.words())
		}
	}
}

// judgeNothing tells that there is no server, and as well as it can why.
func (c *checker) judgeNothing(ctx context.Context) {
	if c.best(event.IMAP) != nil || c.best(event.POP3) != nil {
		return
	}
	for _, f := range c.report.Findings {
		if f.severity == event.SeverityError {
			return // that is why
		}
	}
	if c.judgeName(ctx) {
		return
	}
	reasons := map[string][]string{}
	for _, s := range c.report.Servers {
		for _, r := range s.Reach {
			if r.Failure != "" {
				reasons[r.id] = append(reasons[r.id], s.endpoint.Addr())
			}
		}
	}
	for _, id := range []string{"net.name", "net.refused", "net.timeout", "net.reset"} {
		if at := reasons[id]; len(at) > 0 && len(reasons) == 1 {
			c.add(found{id: id, detail: c.reason(id)}, strings.Join(slices.Compact(at), ", "), false)
			return
		}
	}
	c.add(found{id: "check.no-server"}, c.report.Target, false)
}

// judgeName tells where no name can be looked up, or the domain does not exist.
func (c *checker) judgeName(ctx context.Context) bool {
	if err := c.resolver.failure(); err != nil {
		f := found{id: "net.name", title: "names cannot be looked up", detail: clean(err.Error()),
			advice: "check the network, and the name server in " + resolvConf + "; name another one with --dns"}
		c.add(f, c.report.Target, false)
		return true
	}
	if c.target.Domain == "" || len(c.report.Servers) > 0 {
		return false
	}
	_, err := c.resolver.query(ctx, c.target.Domain, dns.TypeSOA)
	if errors.Is(err, errNoDomain) {
		f := found{id: "net.name", title: fmt.Sprintf("there is no domain %s", c.target.Domain),
			advice: "check the spelling behind the @; a new domain is known everywhere after some hours only"}
		c.add(f, c.report.Target, false)
		return true
	}
	return false
}

// reason is what all servers have in common that were not reached.
func (c *checker) reason(id string) string {
	for _, s := range c.report.Servers {
		for _, r := range s.Reach {
			if r.id == id {
				return r.Failure
			}
		}
	}
	return ""
}
