package check

import (
	"fmt"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// judgeSources holds what sources say against one another, and against what
// the servers do.
func (c *checker) judgeSources() {
	for _, s := range c.report.Sources {
		if s.Broken {
			c.add(found{id: "check.source-broken", detail: s.Name + ": " + s.Note}, s.Where, false)
		}
		for _, o := range s.Offers {
			if s.guess() {
				continue
			}
			if o.endpoint.Mode == route.Cleartext {
				c.add(found{id: "check.source-cleartext", detail: s.Name + " names " + o.URL}, s.Where, false)
			}
			c.judgeAuth(s, o)
		}
	}
	for _, proto := range []event.Proto{event.IMAP, event.POP3} {
		c.judgeAgreement(proto)
	}
}

// guess reports whether a source is mailtap's own guess.
func (s *Source) guess() bool { return s.Name == usualNames || s.Name == exchangeMX }

// judgeAgreement compares the servers that sources name for one protocol. Two
// agree where they have one in common: a source may name more than another.
func (c *checker) judgeAgreement(proto event.Proto) {
	type saying struct {
		source string
		where  string
		offers []route.Endpoint
	}
	var all []saying
	for _, s := range c.report.Sources {
		says := saying{source: s.Name, where: s.Where}
		for _, o := range s.Offers {
			if o.endpoint.Proto == proto {
				says.offers = append(says.offers, o.endpoint)
			}
		}
		if len(says.offers) > 0 && !s.guess() {
			all = append(all, says)
		}
	}
	for _, other := range all[min(len(all), 1):] {
		first := all[0]
		if slices.ContainsFunc(other.offers, func(e route.Endpoint) bool { return slices.Contains(first.offers, e) }) {
			continue
		}
		f := found{id: "check.sources-disagree", detail: fmt.Sprintf("%s: %s says %s, %s says %s",
			proto.Title(), first.source, urls(first.offers), other.source, urls(other.offers))}
		if c.allWork(first.offers) && c.allWork(other.offers) {
			f.severity = event.SeverityInfo
		}
		c.add(f, other.where, false)
	}
}

func urls(list []route.Endpoint) string {
	var text []string
	for _, e := range list {
		text = append(text, e.String())
	}
	return strings.Join(text, ", ")
}

// allWork reports whether each of these servers works for a client.
func (c *checker) allWork(list []route.Endpoint) bool {
	for _, e := range list {
		if s := c.server(e); s == nil || !s.works || !s.verified || s.noLogin {
			return false
		}
	}
	return true
}

func (c *checker) server(e route.Endpoint) *Server {
	for _, s := range c.report.Servers {
		if s.endpoint == e {
			return s
		}
	}
	return nil
}

// methods are the names that configurations have for ways to log in, and the
// mechanisms that each may be.
var methods = map[string][]string{
	"password-cleartext": {"PLAIN", "LOGIN", "USER", "command LOGIN"},
	"plain":              {"PLAIN", "LOGIN", "USER", "command LOGIN"},
	"password-encrypted": {"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "APOP"},
	"secure":             {"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "APOP"},
	"oauth2":             {"XOAUTH2", "OAUTHBEARER"},
	"ntlm":               {"NTLM"},
	"gssapi":             {"GSSAPI"},
}

// judgeAuth tells of a configuration none of whose methods the server has.
func (c *checker) judgeAuth(s Source, o Offer) {
	server := c.server(o.endpoint)
	if server == nil || !server.works || len(o.Auth) == 0 {
		return
	}
	for _, name := range o.Auth {
		names, known := methods[strings.ToLower(name)]
		if !known || slices.ContainsFunc(names, func(m string) bool { return slices.Contains(server.Mechanisms, m) }) {
			return
		}
	}
	c.add(found{id: "check.source-auth", detail: fmt.Sprintf("%s says %s for %s, which offers %s",
		s.Name, strings.Join(o.Auth, ", "), o.URL, orNothing(server.Mechanisms))}, s.Where, false)
}
