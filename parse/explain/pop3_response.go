package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// pop3Response words what a server's response means for its command.
func pop3Response(e *event.Event) string {
	switch {
	case e.Odd&event.OddEarlier != 0:
		return earlierNote
	case e.Status == "":
		return "neither +OK nor -ERR: clients differ in what they make of it"
	case e.For == "" && e.Cmd == 0 && e.Status == "-ERR":
		return joined(": ", "no command waits for this: the server says why it ends the session, most likely", codeWords(e.Code))
	case e.For == "" && e.Cmd == 0:
		return "no command waits for this"
	case e.Status == "-ERR":
		return pop3Refusal(e)
	}
	if note := pop3DataWords(e); note != "" {
		return note
	}
	return pop3Done(e)
}

// pop3Refusal words -ERR: by its code, or by the command.
func pop3Refusal(e *event.Event) string {
	name := e.For
	if name == "" {
		name = "the line"
	}
	if words := codeWords(e.Code); words != "" && !(e.Code == "AUTH" && logsIn[e.For]) {
		return joined(": ", joined(", at ", "the server refuses "+name, refusedStage(e)), words)
	}
	if logsIn[e.For] {
		if l, ok := e.Data.(*pop3.Login); ok && l.Stage == "the client's cancellation" {
			return "the login is given up, as the client asked"
		} else if ok {
			refused := joined(", at ", joined(" ", "the server refuses the login", ofUser(l.User)), l.Stage)
			if l.Stage == "the choice of the mechanism" {
				return refused // no credentials were sent
			}
			return loginRefused(refused)
		}
		return loginRefused("the server refuses the login")
	}
	switch e.For {
	case "USER":
		return "the server refuses the name, or logins by password altogether"
	case "RETR", "TOP", "DELE":
		return "the server refuses: there is no such message, or it is marked for deletion"
	case "LIST", "UIDL":
		return "the server refuses " + e.For + ": there is no such message, or it does not know the command"
	case "CAPA":
		return "the server does not tell its capabilities: the client has to try"
	case "STLS":
		return "the server does not begin TLS: the session goes on as it is"
	case "QUIT":
		return "the session ends, but the server could not remove all that was marked"
	}
	if c, ok := pop3.Lookup(e.For); !ok && e.For != "" {
		return "the server does not know " + name
	} else if ok && !c.Allowed(e.State) {
		return "the server refuses " + name + ": " + wrongState(e.State)
	}
	return joined(": ", "the server refuses "+name, quoteAny(saidPOP3(e)))
}

// logsIn is the commands whose refusal is a login's.
var logsIn = map[string]bool{"PASS": true, "APOP": true, "AUTH": true, "RPOP": true}

// refusedStage is the step of a login that was refused.
func refusedStage(e *event.Event) string {
	if l, ok := e.Data.(*pop3.Login); ok {
		return l.Stage
	}
	return ""
}

// pop3DataWords words a positive response by its data.
func pop3DataWords(e *event.Event) string {
	switch d := e.Data.(type) {
	case *pop3.Login:
		return loginWords(d)
	case *pop3.Stat:
		if d.Messages == 0 {
			return "the maildrop is empty"
		}
		return count(d.Messages, "message") + ", " + size(uint64(d.Octets)) + " in all"
	case *pop3.Scan:
		return scanWords(d)
	case *pop3.Listing:
		return listingWords(e, d)
	case *pop3.Message:
		return retrieved(e.For, d)
	case *pop3.Capabilities:
		return capaWords(d)
	case *pop3.Mechanisms:
		return joined(" ", "logins with AUTH are possible by", and(d.Mechanisms))
	case *pop3.Languages:
		var tags []string
		for _, l := range d.Languages {
			tags = append(tags, l.Tag)
		}
		return joined(": ", count(len(tags), "language"), and(tags))
	case *pop3.Lines:
		return count(d.Count, "line")
	case *pop3.Arguments:
		if e.For == "DELE" && d.Message != nil {
			return fmt.Sprintf("message %d is marked; it is gone only after QUIT", *d.Message)
		}
	}
	return ""
}

func loginWords(l *pop3.Login) string {
	note := "logged in"
	switch {
	case l.Authz != "" && l.Authz != l.User && l.User != "":
		note += " as " + quote(l.User) + ", to act as " + quote(l.Authz)
	case l.User != "":
		note += " as " + quote(l.User)
	}
	return note + "; the maildrop is this session's until QUIT"
}

func scanWords(d *pop3.Scan) string {
	n := strconv.FormatInt(d.Message, 10)
	if d.Octets != nil {
		return "message " + n + " has " + size(uint64(*d.Octets))
	}
	return "message " + n + " has the unique-id " + quote(d.UID)
}

func listingWords(e *event.Event, d *pop3.Listing) string {
	switch {
	case d.Count == 0 && e.Error != "":
		return "a list follows, of which nothing came"
	case d.Count == 0:
		return "the maildrop is empty"
	}
	if e.For == "UIDL" {
		return "the unique-ids of " + count(d.Count, "message")
	}
	return count(d.Count, "message") + ", " + size(uint64(d.Octets)) + " in all"
}

// retrieved words a message by what its header tells.
func retrieved(name string, m *pop3.Message) string {
	note := "message " + strconv.FormatInt(m.Message, 10)
	if name == "TOP" {
		note = "the beginning of " + note
	}
	return note + ", " + messageHead(m)
}

// messageHead is a message's size and what its header tells.
func messageHead(m *pop3.Message) string {
	note := size(uint64(m.Octets))
	if m.From != "" {
		note += "; from " + clip(m.From, maxQuote)
	}
	if m.Subject != "" {
		note += "; subject " + quote(m.Subject)
	}
	if m.Date != "" {
		note += "; dated " + mailDate(m.Date)
	}
	return note
}

// mailDate is the Date of a header as people read it; one that is none stays
// as it is.
func mailDate(date string) string {
	plain, _, _ := strings.Cut(date, " (") // the zone's name
	for _, layout := range []string{"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, plain); err == nil {
			return moment(t)
		}
	}
	return clip(date, maxQuote)
}

// capaWords is what matters of a server's capabilities.
func capaWords(d *pop3.Capabilities) string {
	if len(d.Capabilities) == 0 {
		return "the server tells no capability"
	}
	var names, logins, more []string
	for _, c := range d.Capabilities {
		switch c.Name {
		case "SASL":
			logins = append(logins, c.Args...)
		case "USER":
			logins = append([]string{"USER and PASS"}, logins...)
		case "EXPIRE", "LOGIN-DELAY", "IMPLEMENTATION":
			more = append(more, capaArgument(c))
		default:
			names = append(names, c.Name)
		}
	}
	note := "the server has " + and(names)
	if len(names) == 0 {
		note = "the server has nothing special"
	}
	if len(logins) > 0 {
		note += "; logins by " + strings.Join(logins, ", ")
	}
	return joined("; ", append([]string{note}, more...)...)
}

// capaArgument words a capability that says something by its argument.
func capaArgument(c pop3.Entry) string {
	if len(c.Args) == 0 {
		return c.Name
	}
	n, err := strconv.ParseUint(c.Args[0], 10, 32)
	switch {
	case c.Name == "IMPLEMENTATION":
		return "it is " + quote(strings.Join(c.Args, " "))
	case c.Name == "EXPIRE" && err == nil && n == 0:
		return "messages may not be left on the server"
	case c.Name == "EXPIRE" && err == nil:
		return "messages are kept for " + count(n, "day") + " at least"
	case c.Name == "EXPIRE":
		return "messages never expire"
	case err == nil:
		return "a login at most every " + seconds(n)
	}
	return c.Name + " " + strings.Join(c.Args, " ")
}

// saidPOP3 is what stands behind a status indicator.
func saidPOP3(e *event.Event) string {
	return strings.TrimSpace(strings.TrimPrefix(e.Text, e.Status))
}

// quoteAny is a text in quotes, or "" where there is none.
func quoteAny(text string) string {
	if text == "" {
		return ""
	}
	return quote(text)
}

// pop3Done words a positive response that has no data.
func pop3Done(e *event.Event) string {
	switch e.For {
	case "USER":
		return "the name is taken, which does not say that it exists; the password is next"
	case "RSET":
		return "no message is marked for deletion any more"
	case "NOOP":
		return "the server is still there"
	case "STLS":
		return "the server begins TLS; what was said before counts no more"
	case "UTF8":
		return "the server speaks UTF-8 from here on"
	case "LANG":
		tag, _, _ := strings.Cut(saidPOP3(e), " ")
		if tag == "" {
			return "the server changes its language"
		}
		return "the server writes its texts in " + quote(tag) + " from here on"
	case "LAST":
		if n := saidPOP3(e); n != "" {
			return "the highest message-number that was accessed: " + n
		}
	case "XSENDER":
		if who := saidPOP3(e); who != "" {
			return "the authenticated sender is " + quote(who)
		}
	case "QUIT":
		if e.State == event.StateUpdate {
			return "the server has removed what was marked for deletion, and ends the session"
		}
		return "the server ends the session"
	case "STAT", "LIST", "UIDL":
		return "the server does not say it in the form that the standard has"
	}
	return "done"
}
