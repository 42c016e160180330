package explain

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
	"mailtap/parse/sasl"
)

// pop3Note words a POP3 event.
func pop3Note(e *event.Event) string {
	switch e.Kind {
	case event.KindGreeting:
		return pop3Greeting(e)
	case event.KindCommand:
		return pop3Command(e)
	case event.KindClientData:
		if s, ok := e.Data.(*sasl.Step); ok {
			return stepNote(s, "the client")
		} else if m, ok := e.Data.(*pop3.Message); ok {
			return "sends a message by the server: " + messageHead(m)
		}
	case event.KindContinuation:
		if s, ok := e.Data.(*sasl.Step); ok {
			return stepNote(s, "the server")
		}
	case event.KindResponse:
		return pop3Response(e)
	case event.KindOctets:
		return pop3Octets(e)
	}
	return ""
}

// pop3RFC is where the line of a POP3 event is defined.
func pop3RFC(e *event.Event) string {
	if e.Code != "" {
		if m, ok := pop3.Code(e.Code); ok && m.RFC != "" {
			return m.RFC
		}
	}
	switch e.Kind {
	case event.KindGreeting:
		return "RFC 1939 §4"
	case event.KindClientData:
		if _, sent := e.Data.(*pop3.Message); sent {
			return "RFC 1082"
		}
		return "RFC 5034 §4"
	case event.KindContinuation:
		return "RFC 5034 §4"
	case event.KindCommand:
		if c, ok := pop3.Lookup(e.Name); ok {
			return c.RFC
		}
	case event.KindResponse:
		if c, ok := pop3.Lookup(e.For); ok {
			return c.RFC
		}
	}
	return "RFC 1939 §3"
}

// pop3Greeting words the server's first line.
func pop3Greeting(e *event.Event) string {
	if e.Status == "-ERR" {
		return joined(": ", "the server refuses the session", codeWords(e.Code))
	}
	if e.Status == "" {
		return "no greeting of POP3: another protocol answers here, most likely"
	}
	note := "the server is ready for a login"
	if g, ok := e.Data.(*pop3.Greeting); ok && g.Timestamp != "" {
		note += "; the timestamp " + clip(g.Timestamp, maxQuote) + " is there for APOP"
	}
	return note
}

// codeWords is what a response code says.
func codeWords(code string) string {
	m, _ := pop3.Code(code)
	if m.Says == "" && strings.HasPrefix(code, "SYS/") {
		m, _ = pop3.Code("SYS/TEMP")
	}
	return m.Says
}

// pop3Octets words what is no line of the protocol.
func pop3Octets(e *event.Event) string {
	switch {
	case e.Dropped:
		return "read by mailtap, and passed on to nobody"
	case e.Dir == event.SideClient:
		return "the end of what the client sent, in the middle of a line"
	case e.State == event.StateAuthorization:
		return "no response: a banner, or another protocol"
	}
	return "no response: a message whose lines are not byte-stuffed leaves such lines behind its early end"
}

// pop3Details is the names of a POP3 event, each with what it is for.
func pop3Details(e *event.Event) (list []Detail) {
	if e.Code != "" {
		m, ok := pop3.Code(e.Code)
		list = append(list, pop3Detail(e.Code, m, ok))
	}
	c, ok := e.Data.(*pop3.Capabilities)
	if !ok {
		return list
	}
	for _, entry := range c.Capabilities {
		m, ok := pop3.Capability(entry.Name)
		d := pop3Detail(strings.Join(append([]string{entry.Name}, entry.Args...), " "), m, ok)
		if words := capabilityWords(entry); words != "" {
			d.Meaning = words
		}
		list = append(list, d)
	}
	return list
}

func pop3Detail(name string, m pop3.Meaning, known bool) Detail {
	if !known {
		m.Says = "not known here"
	}
	return Detail{Name: safeName(name), Meaning: m.Says, RFC: m.RFC}
}

// capabilityWords says what the arguments of a capability mean, where it has some.
func capabilityWords(c pop3.Entry) string {
	if len(c.Args) == 0 {
		return ""
	}
	arg := c.Args[0]
	each := ""
	if len(c.Args) > 1 && strings.EqualFold(c.Args[1], "USER") {
		each = ", for some users"
	}
	n, isNumber := digits(arg)
	switch {
	case c.Name == "LOGIN-DELAY" && isNumber:
		return seconds(n) + " have to pass between two logins" + each
	case c.Name == "EXPIRE" && strings.EqualFold(arg, "NEVER"):
		return "the server keeps messages until they are deleted" + each
	case c.Name == "EXPIRE" && arg == "0":
		return "the server does not keep messages that were downloaded" + each
	case c.Name == "EXPIRE" && isNumber:
		return "the server keeps messages for " + count(n, "day") + each
	case c.Name == "SASL":
		return "logins with AUTH, by " + and(c.Args)
	case c.Name == "IMPLEMENTATION":
		return "the server is " + quote(strings.Join(c.Args, " "))
	case c.Name == "UTF8" && strings.EqualFold(arg, "USER"):
		return "UTF-8 in user names too"
	}
	return ""
}

// digits reads a number that a peer wrote.
func digits(text string) (n uint64, ok bool) {
	if text == "" || len(text) > 9 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}
