package check

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// best is the server of a protocol that a client should use; nil where none works.
func (c *checker) best(proto event.Proto) *Server {
	var best *Server
	for _, s := range c.report.Servers {
		if s.endpoint.Proto == proto && s.works && (best == nil || s.rank() < best.rank()) {
			best = s
		}
	}
	return best
}

// rank orders servers that work: a verified certificate counts for most, then
// any way to log in, encryption, who names it, and SSL/TLS before STARTTLS.
func (s *Server) rank() int {
	rank := 0
	for i, bad := range []bool{s.endpoint.Mode != route.Implicit, !s.announced, !s.encrypted(), s.noLogin, !s.verified} {
		if bad {
			rank |= 1 << i
		}
	}
	return rank
}

// encrypted reports whether a client of this server is inside TLS in the end.
func (s *Server) encrypted() bool {
	return s.TLS != nil && s.TLS.Version != "" && (s.endpoint.Mode == route.Implicit || s.Upgrade != nil && s.Upgrade.Works)
}

// loginAll logs in once for each protocol, at its best server: a wrong password
// tried at every port would lock the account.
func (c *checker) loginAll(ctx context.Context) {
	for _, proto := range []event.Proto{event.IMAP, event.POP3} {
		if s := c.best(proto); s != nil {
			s.Login = &Login{User: c.User}
			c.guarded(s, func() { c.login(ctx, s) })
		}
	}
}

// login makes one session with a login in it.
func (c *checker) login(ctx context.Context, s *Server) {
	conn, err := c.again(ctx, s)
	if err != nil {
		s.Login.Skipped = clean(err.Error())
		return
	}
	// Nothing is taken over from the first session: what this one sees decides.
	now := &Server{URL: s.URL, Reach: s.Reach, endpoint: s.endpoint}
	k := newTalk(conn, s.endpoint.Proto, s.URL, c.Timeout, c.Record)
	defer func() {
		k.close(now.works)
		s.watched(k, s.Login.Skipped == "")
	}()
	if !c.begin(ctx, now, k) || !now.works {
		s.Login.Skipped = "the second connection did not come as far as the first"
		return
	}
	if why := c.withholds(now); why != "" {
		s.Login.Skipped, s.Login.withheld = why, true
		return
	}
	done := c.authenticate(k, now, s.Login)
	if !s.Login.OK {
		if s.Login.Skipped == "" && len(k.findings) == 0 && done.err != nil {
			s.find("conn.who-closed", "during the login: "+done.said())
		}
		return
	}
	caps := c.afterLogin(k, done)
	s.Capabilities.Login = caps
	if caps == nil { // it does not say: then what it said before the login holds
		caps = now.caps()
	}
	if s.endpoint.Proto == event.POP3 {
		s.Login.POP3 = c.lookAtMaildrop(k, caps)
	} else {
		s.Login.IMAP = c.lookAtMailboxes(k, caps, s)
	}
}

// withholds says why no password is sent; "" where it may be.
func (c *checker) withholds(s *Server) string {
	if s.encrypted() && s.verified || c.Insecure && c.SendAnyway {
		return ""
	}
	if !s.encrypted() {
		return "the connection is not encrypted: no " + c.secret() + " was sent"
	}
	return "the certificate is not good: no " + c.secret() + " was sent"
}

// authenticate logs in with the first way that server and mailtap both have.
func (c *checker) authenticate(k *talk, s *Server, l *Login) answer {
	var a answer
	if c.Token != "" {
		return c.bear(k, s, l)
	}
	has := func(name string) bool { return slices.Contains(s.Mechanisms, name) }
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	response := encode("\x00" + c.User + "\x00" + c.Password)
	switch {
	case k.proto == event.POP3 && has("USER") && plainWord(c.User) && plainWord(strings.ReplaceAll(c.Password, " ", "")):
		l.How = "USER and PASS"
		if a = k.ask("USER", c.User); a.ok() {
			a = k.ask("PASS", c.Password)
		}
	case k.proto == event.POP3 && has("PLAIN"):
		l.How = "SASL PLAIN"
		a = k.ask("AUTH", "PLAIN", response)
	case has("PLAIN"):
		l.How = "SASL PLAIN"
		if hasCap(s.caps(), "SASL-IR") {
			a = k.ask("AUTHENTICATE", "PLAIN "+response)
		} else {
			a = k.ask("AUTHENTICATE", "PLAIN", response)
		}
	case has("command LOGIN") && quotable(c.User) && quotable(c.Password):
		l.How = "the command LOGIN"
		a = k.ask("LOGIN", quote(c.User)+" "+quote(c.Password))
	case has("LOGIN"): // no standard, and all that some old servers have
		l.How = "SASL LOGIN"
		a = k.ask(map[event.Proto]string{event.IMAP: "AUTHENTICATE", event.POP3: "AUTH"}[k.proto], "LOGIN", encode(c.User), encode(c.Password))
	case s.bearer():
		l.Skipped = "the server takes OAuth2 only, and no password: give a token with --token-file"
		return a
	case s.challenges():
		l.Skipped = "the server wants the password encrypted (" + orNothing(s.Mechanisms) + "), which mailtap does not do here; a mail client does"
		return a
	default:
		l.Skipped = "the server has no way to log in with a password as it is: it offers " + orNothing(s.Mechanisms)
		return a
	}
	l.OK, l.Said = a.ok(), a.said()
	return a
}

// challenges reports whether a server has logins that do not send the password
// itself.
func (s *Server) challenges() bool {
	return slices.ContainsFunc(methods["secure"], func(m string) bool { return slices.Contains(s.Mechanisms, m) })
}

// secret is what a login would give away.
func (c *checker) secret() string {
	if c.Token != "" {
		return "token"
	}
	return "password"
}

// caps are the capabilities as they are before a login.
func (s *Server) caps() []string {
	if s.encrypted() {
		return s.Capabilities.TLS
	}
	return s.Capabilities.Clear
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// plainWord reports whether text can stand in a POP3 line as an argument.
func plainWord(text string) bool { return text != "" && !strings.ContainsAny(text, " \r\n\x00") }

// quotable reports whether text can stand in a quoted string (RFC 3501 §9).
func quotable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' || r == 0 || r > 126 })
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// afterLogin is the list of capabilities behind a login: from its answer, or asked for.
func (c *checker) afterLogin(k *talk, done answer) []string {
	for _, e := range append(done.untagged, done.done) {
		if list := listed(e); list != nil {
			return list
		}
	}
	caps, _ := c.askCapabilities(k) // one that broke is seen at the next command
	return caps
}
