package replay

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
)

// capabilitiesIn is the list in a response; nil where it has none.
func capabilitiesIn(t *Turn) (list []string) {
	switch d := t.Event.Data.(type) {
	case *syntax.CapabilityData:
		for _, c := range d.Capabilities {
			list = append(list, string(c))
		}
	case *syntax.Status:
		if m := inCode.FindSubmatch(t.Data); m != nil && d.Code == "CAPABILITY" {
			list = strings.Fields(string(m[2]))
		}
	case *pop3.Capabilities:
		for _, c := range d.Capabilities {
			list = append(list, strings.Join(append([]string{c.Name}, c.Args...), " "))
		}
	}
	return list
}

var (
	inCode = regexp.MustCompile(`(?i)(\[CAPABILITY )([^\]\r\n]*)`)
	inLine = regexp.MustCompile(`(?i)^(\* CAPABILITY )([^\r\n]*)`)
)

// terms are what a server offers beside what the recorded one did: how TLS can
// begin, and what it can check.
type terms struct {
	proto    event.Proto
	upgrade  bool // to TLS, now
	required bool // no login before it
	in       bool // logged in
	more     []string
}

// mechanisms are those that can be answered.
func (o *terms) mechanisms() []string { return append(slices.Clone(o.more), "PLAIN", "LOGIN") }

// list is a recorded list as it is offered.
func (o *terms) list(recorded []string) []string {
	if o.proto == event.POP3 {
		return o.pop3(recorded)
	}
	auth := false
	list := slices.DeleteFunc(slices.Clone(recorded), func(c string) bool {
		c = strings.ToUpper(c)
		auth = auth || strings.HasPrefix(c, "AUTH=")
		return strings.HasPrefix(c, "AUTH=") || strings.HasPrefix(c, "COMPRESS=") || c == "STARTTLS" || c == "LOGINDISABLED" || c == "UNAUTHENTICATE"
	})
	if o.in {
		return list
	}
	if o.upgrade {
		list = append(list, "STARTTLS")
	}
	if o.required && o.upgrade {
		return append(list, "LOGINDISABLED")
	}
	if auth || len(o.more) > 0 {
		for _, m := range o.mechanisms() {
			list = append(list, "AUTH="+m)
		}
	}
	return list
}

func (o *terms) pop3(recorded []string) []string {
	list := slices.DeleteFunc(slices.Clone(recorded), func(c string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(c), " ")
		return name == "SASL" || name == "STLS" || name == "USER" || name == "AUTH" || name == "APOP"
	})
	if o.in {
		return list
	}
	if o.upgrade {
		list = append(list, "STLS")
	}
	if !o.required || !o.upgrade {
		list = append(list, "USER", "SASL "+strings.Join(o.mechanisms(), " "))
	}
	return list
}

// rewritten is a response with its capability list as it is offered.
func (o *terms) rewritten(data []byte) []byte {
	if o.proto == event.POP3 {
		return data
	}
	for _, where := range []*regexp.Regexp{inLine, inCode} {
		if m := where.FindSubmatch(data); m != nil && bytes.IndexByte(data, '\n') == len(data)-1 {
			list := strings.Join(o.list(strings.Fields(string(m[2]))), " ")
			return where.ReplaceAllLiteral(data, append(m[1][:len(m[1]):len(m[1])], list...))
		}
	}
	return data
}
