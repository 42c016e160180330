package check

import (
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
)

// capabilities are those that the server names by itself in its greeting, or
// else those that it names when asked. The error is that of a broken connection.
func (c *checker) capabilities(s *Server, k *talk, greeting *event.Event) ([]string, error) {
	if list := listed(greeting); list != nil {
		return list, nil
	}
	list, err := c.askCapabilities(k) // a server without CAPA is an old one, no broken one
	if s.endpoint.Proto == event.POP3 {
		if g, ok := greeting.Data.(*pop3.Greeting); ok && g.Timestamp != "" {
			list = append(list, "APOP")
		}
	}
	return list, err
}

// askCapabilities asks. The error is that of a connection that broke.
func (c *checker) askCapabilities(k *talk) ([]string, error) {
	name := "CAPABILITY"
	if k.proto == event.POP3 {
		name = "CAPA"
	}
	a := k.ask(name, "")
	if a.err != nil {
		return nil, a.err
	}
	for _, e := range append(a.untagged, a.done) {
		if list := listed(e); list != nil {
			return list, nil
		}
	}
	return nil, nil
}

// listed is the list of capabilities in an event, escaped; nil where there is none.
func listed(e *event.Event) []string {
	var list []string
	switch d := e.Data.(type) {
	case *syntax.CapabilityData:
		for _, name := range d.Capabilities {
			list = append(list, clean(string(name)))
		}
	case *syntax.Status:
		if args, ok := d.Args.(*syntax.CapabilityData); ok {
			for _, name := range args.Capabilities {
				list = append(list, clean(string(name)))
			}
		}
	case *pop3.Capabilities:
		for _, entry := range d.Capabilities {
			list = append(list, clean(strings.Join(append([]string{entry.Name}, entry.Args...), " ")))
		}
	}
	const most = 200
	return list[:min(len(list), most)]
}

// hasCap reports whether a capability is listed, whatever its arguments.
func hasCap(caps []string, name string) bool {
	return slices.ContainsFunc(caps, func(c string) bool {
		word, _, _ := strings.Cut(c, " ")
		return strings.EqualFold(word, name)
	})
}

// argument is what stands behind a capability: of IMAP's NAME=value, of POP3's NAME value.
func argument(caps []string, name string) string {
	for _, c := range caps {
		for _, mark := range []string{"=", " "} {
			if word, value, ok := strings.Cut(c, mark); ok && strings.EqualFold(word, name) {
				return value
			}
		}
	}
	return ""
}

// mechanisms are the ways to log in, by the names of SASL, and LOGIN, USER and
// APOP for those that are none.
func mechanisms(proto event.Proto, caps []string) []string {
	var list []string
	if proto == event.POP3 {
		list = strings.Fields(strings.ToUpper(argument(caps, "SASL")))
		if hasCap(caps, "USER") || len(caps) == 0 {
			list = append(list, "USER")
		}
		if hasCap(caps, "APOP") {
			list = append(list, "APOP")
		}
		return list
	}
	for _, c := range caps {
		if name, ok := strings.CutPrefix(strings.ToUpper(c), "AUTH="); ok {
			list = append(list, name)
		}
	}
	if !hasCap(caps, "LOGINDISABLED") {
		list = append(list, "command LOGIN")
	}
	return list
}

// takesPassword reports whether a password as it is would be taken with these
// capabilities.
func takesPassword(proto event.Proto, caps []string) bool {
	return slices.ContainsFunc(mechanisms(proto, caps), func(m string) bool {
		return m == "PLAIN" || m == "LOGIN" || m == "USER" || m == "command LOGIN"
	})
}

// judgeLogin keeps the ways to log in, as a client gets them.
func (s *Server) judgeLogin() {
	caps := s.Capabilities.TLS
	if s.TLS == nil || s.TLS.Version == "" {
		caps = s.Capabilities.Clear
	}
	s.Mechanisms = mechanisms(s.endpoint.Proto, caps)
	s.noLogin = len(s.Mechanisms) == 0
}

// word is the first word of text.
func word(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	return first
}
