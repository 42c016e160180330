package explain

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/sasl"
)

// imapNote words an IMAP event, and what is odd about it.
func imapNote(e *event.Event) string {
	return joined("; ", lineNote(e), oddNote(e))
}

// oddNote words what is not as it should be beside the syntax.
func oddNote(e *event.Event) string {
	var words []string
	if e.Odd&event.OddState != 0 {
		words = append(words, "not allowed "+when(e))
	}
	if e.Odd&event.OddTag != 0 {
		words = append(words, "another command with this tag is not answered yet")
	}
	if e.Odd&event.OddNumber != 0 {
		words = append(words, "the mailbox has no message with so high a number")
	}
	if e.Odd&event.OddLimit != 0 {
		words = append(words, "the server takes no message of this size")
	}
	return strings.Join(words, "; ")
}

// when words the state in which a command is not allowed.
func when(e *event.Event) string {
	switch {
	case e.State == event.StateNotAuthenticated:
		return "before the login"
	case e.State == event.StateLogout:
		return "behind LOGOUT"
	case e.Name == "LOGIN" || e.Name == "AUTHENTICATE" || e.Name == "STARTTLS":
		return "after the login"
	}
	return "while no mailbox is open"
}

// lineNote words the line itself.
func lineNote(e *event.Event) string {
	switch e.Kind {
	case event.KindCommand:
		return commandNote(e)
	case event.KindClientData:
		return clientDataNote(e)
	case event.KindContinuation:
		return continuationNote(e)
	case event.KindGreeting:
		return greetingNote(e)
	case event.KindOctets:
		if e.Dir == event.SideClient && !e.Dropped {
			return "no command: those begin with a tag"
		}
	case event.KindResponse:
		if e.Status != "" {
			return statusNote(e)
		}
		return dataNote(e)
	}
	return ""
}

// clientDataNote words a client's line that is no command.
func clientDataNote(e *event.Event) string {
	if s, ok := e.Data.(*sasl.Step); ok {
		return stepNote(s, "the client")
	}
	switch {
	case strings.EqualFold(e.Text, "DONE"):
		return "ends the waiting of IDLE"
	case e.Text == "*":
		return "gives the login up"
	case e.Text == "":
		return "an empty line, which nobody waits for"
	case e.For == "IDLE":
		return "the server waits for DONE, and for nothing else"
	}
	return "no command: those have a tag before them"
}

// continuationNote words a server's "+".
func continuationNote(e *event.Event) string {
	if s, ok := e.Data.(*sasl.Step); ok {
		if note := stepNote(s, "the server"); note != "" {
			return note
		}
	}
	switch e.For {
	case "":
		return "the server asks to go on, but nobody waits for that"
	case "IDLE":
		return "from here on the server tells of changes as they happen"
	case "AUTHENTICATE":
		return "the server asks for the next step of the login"
	}
	return "the server is ready for the text (literal) that " + e.For + " announced"
}

// stepNote words a line of a SASL exchange.
func stepNote(s *sasl.Step, who string) string {
	switch {
	case s.Cancel:
		return "gives the login up"
	case s.Note == "gives the user name" && s.User != "":
		return s.Note + " " + quote(s.User)
	case s.Note != "" && asUser(s) != "":
		return joined("; ", "logs in "+asUser(s), beyondName(s))
	case s.Note != "":
		return beyondName(s)
	case s.User != "" && s.Authz != "" && s.Authz != s.User:
		return joined("; ", who+" gives "+quote(s.User)+", to act as "+quote(s.Authz), s.Shape)
	case s.User != "":
		return joined("; ", who+" gives the user name "+quote(s.User), s.Shape)
	case s.Decoded != "":
		return who + " says " + quote(s.Decoded)
	}
	return s.Shape
}

// beyondName words what a step tells but for the user name: "a password of 6
// bytes, ASCII", which says of itself what it is.
func beyondName(s *sasl.Step) string {
	note := s.Note
	for _, said := range []string{"gives user name and password", "gives user name and access token",
		"gives user name, and the digest of challenge and password", "gives user name and nonce", "names the identity to act as"} {
		if rest, ok := strings.CutPrefix(note, said); ok && s.User+s.Authz != "" {
			note = strings.TrimPrefix(rest, "; ")
		}
	}
	if note == "gives the password" && s.Shape != "" {
		return "gives " + s.Shape
	}
	return joined("; ", strings.TrimPrefix(note, ", "), s.Shape)
}

// plusNote warns of a mechanism that is bound to the TLS channel, unless the
// step s of it says that already.
func plusNote(mech string, s *sasl.Step) string {
	if !strings.HasSuffix(strings.ToUpper(mech), "-PLUS") || s != nil && strings.Contains(s.Note, "man in the middle") {
		return ""
	}
	return "it is bound to the TLS channel, and that cannot pass a man in the middle: through mailtap it fails"
}

// greetingNote words the server's first line.
func greetingNote(e *event.Event) string {
	s, _ := e.Data.(*syntax.Status)
	offers := ""
	if s != nil {
		if c, ok := s.Args.(*syntax.CapabilityData); ok {
			offers = strings.TrimPrefix(offered(c), "the server ")
		}
	}
	switch e.Status {
	case "OK":
		return joined("; ", "the server greets", offers)
	case "PREAUTH":
		return joined("; ", "the server greets, and the login stands already", offers)
	case "BYE":
		return joined(": ", "the server refuses the connection", said(s))
	}
	return "no greeting of IMAP"
}

// said is the words for people of a status response, in quotes.
func said(s *syntax.Status) string {
	if s == nil || s.Text == "" {
		return ""
	}
	return quote(s.Text)
}

// imapRFC is where the line of an IMAP event is defined.
func imapRFC(e *event.Event) string {
	if e.Kind == event.KindContinuation {
		return "RFC 9051 §7.6"
	}
	if e.Code != "" {
		if t, ok := syntax.ResponseCodes.Find(e.Code); ok {
			return rfcOf(t)
		}
	}
	name, table := e.Name, syntax.Responses
	switch {
	case e.Kind == event.KindCommand:
		table = syntax.Commands
	case e.Kind == event.KindClientData:
		return clientDataRFC(e)
	case e.Status != "":
		name = e.Status
	}
	for _, prefix := range []string{"", "n ", "u "} {
		if t, ok := table.Find(prefix + name); ok && name != "" {
			return rfcOf(t)
		}
	}
	return ""
}

func clientDataRFC(e *event.Event) string {
	if strings.EqualFold(e.Text, "DONE") {
		return "RFC 9051 §6.3.13"
	}
	if _, step := e.Data.(*sasl.Step); e.Text == "" && !step {
		return ""
	}
	return "RFC 9051 §6.2.2"
}

// rfcOf is a term's RFC; vendors' names have none.
func rfcOf(t syntax.Term) string {
	if strings.HasPrefix(t.RFC, "RFC ") || strings.HasPrefix(t.RFC, "draft-") {
		return t.RFC
	}
	return ""
}
