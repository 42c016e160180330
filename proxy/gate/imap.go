package gate

import (
	"bytes"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// imapCommand decides about what an IMAP client sends.
func (g *Gate) imapCommand(u *wire.Unit) wire.Verdict {
	switch {
	case u.Kind == event.KindClientData && g.guards() && len(bytes.TrimSpace(u.Data)) > 0:
		return refuse("* BAD mailtap: expected a command; this route requires TLS before a login")
	case u.Kind != event.KindCommand:
		return wire.Verdict{}
	}
	switch u.Name {
	case "STARTTLS":
		return g.startTLS(u)
	case "LOGIN", "AUTHENTICATE":
		if g.guards() {
			g.notice(LoginRefused)
			return refuse(u.Tag + " NO [PRIVACYREQUIRED] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it")
		}
	case "COMPRESS":
		if g.NoCompress {
			return refuse(u.Tag + " NO mailtap: COMPRESS is switched off here (--no-compress)")
		}
	}
	if g.guards() && !harmless(u) {
		return refuse(u.Tag + " NO [PRIVACYREQUIRED] mailtap: this route requires TLS before this command; switch STARTTLS on in the client")
	}
	return wire.Verdict{}
}

// harmless reports whether a command may pass where no login may: one of those
// that a client has before it (RFC 9051 §6.1, RFC 2971, RFC 5255) and no
// secret for. What is not known may be a login by another name; and a literal,
// to a server that does not expect one, is the next command.
func harmless(u *wire.Unit) bool {
	switch u.Name {
	case "CAPABILITY", "NOOP", "LOGOUT", "ID", "LANGUAGE":
		return !bytes.HasSuffix(bytes.TrimRight(u.Data, "\r\n"), []byte("}"))
	}
	return false
}

// startTLS decides about STARTTLS: RFC 9051 §6.2.1.
func (g *Gate) startTLS(u *wire.Unit) wire.Verdict {
	switch {
	case g.ClientTLS && g.ServerTLS:
		return wire.Verdict{} // the server's to refuse
	case g.ClientTLS:
		return refuse(u.Tag + " BAD mailtap: TLS is already active")
	case g.passes():
		g.asked = true
		return wire.Verdict{Stop: true}
	case u.State.LoggedIn():
		return refuse(u.Tag + " BAD mailtap: STARTTLS is not allowed after the login")
	case len(bytes.Fields(u.Data)) != 2:
		return refuse(u.Tag + " BAD mailtap: STARTTLS takes no arguments")
	case !g.granted:
		return wire.Verdict{Action: wire.Hold}
	}
	v := refuse(u.Tag + " OK mailtap: begin TLS negotiation now")
	v.Stop = true
	return v
}

// imapResponse decides about what an IMAP server sends.
func (g *Gate) imapResponse(u *wire.Unit) wire.Verdict {
	if u.For == "STARTTLS" && u.Kind == event.KindResponse && u.Tag != "*" && g.passes() {
		if u.Status == "OK" && !g.granted {
			return wire.Verdict{Action: wire.Hold}
		}
		g.asked = false
		return wire.Verdict{Stop: true}
	}
	if u.Kind == event.KindGreeting && u.Status == "PREAUTH" && g.guards() {
		g.notice(Preauth)
		return wire.Verdict{Action: wire.Replace, Stop: true,
			Data: []byte("* BYE [UNAVAILABLE] mailtap: the server greets with PREAUTH, which leaves no way to TLS, and this route requires it\r\n")}
	}
	start, end, ok := capabilities(u)
	list := u.Data[start:end]
	if ok {
		g.serverSaid = true
		g.serverOffers = slices.ContainsFunc(bytes.Fields(list), func(w []byte) bool { return strings.EqualFold(string(w), "STARTTLS") })
	}
	if g.list != nil && u.Tag == "*" && u.Status != "" && (u.Kind == event.KindGreeting || ok) {
		if !ok {
			return g.insertList(u)
		}
		list = g.list
	}
	if !ok {
		return wire.Verdict{}
	}
	edited := g.edit(list, u)
	if bytes.Equal(edited, u.Data[start:end]) {
		return wire.Verdict{}
	}
	return replaced(slices.Concat(u.Data[:start], edited, u.Data[end:]))
}

// insertList puts the server's capabilities into a greeting that has none.
func (g *Gate) insertList(u *wire.Unit) wire.Verdict {
	status := []byte("* " + u.Status + " ")
	if !g.insert || u.Status != "OK" || !hasPrefixFold(u.Data, string(status)) || bytes.HasPrefix(u.Data[len(status):], []byte("[")) {
		return wire.Verdict{}
	}
	code := slices.Concat([]byte("[CAPABILITY "), bytes.TrimLeft(g.edit(g.list, u), " "), []byte("] "))
	return replaced(slices.Concat(u.Data[:len(status)], code, u.Data[len(status):]))
}

// capabilities finds the list in an untagged CAPABILITY response or in a
// CAPABILITY response code: what stands behind the word, its leading space included.
func capabilities(u *wire.Unit) (start, end int, ok bool) {
	line := bytes.TrimRight(u.Data, "\r\n")
	const untagged = "* CAPABILITY"
	if hasPrefixFold(line, untagged) && (len(line) == len(untagged) || line[len(untagged)] == ' ') {
		return len(untagged), len(line), true
	}
	if u.Status == "" { // only status responses have codes
		return 0, 0, false
	}
	const code = "[CAPABILITY "
	at := codeAt(line)
	if at < 0 || !hasPrefixFold(line[at:], code) {
		return 0, 0, false
	}
	length := bytes.IndexByte(line[at:], ']')
	if length < 0 {
		return 0, 0, false
	}
	return at + len(code) - 1, at + length, true
}

// codeAt is where the "[" of a status response's code stands, or -1: behind the
// tag and the status.
func codeAt(line []byte) int {
	at := 0
	for range 2 {
		space := bytes.IndexByte(line[at:], ' ')
		if space < 0 {
			return -1
		}
		at += space + 1
	}
	if at < len(line) && line[at] == '[' {
		return at
	}
	return -1
}

// edit changes a list of capabilities, each behind a space, to what the client
// is to see. Where nothing changes it is the same slice.
func (g *Gate) edit(list []byte, u *wire.Unit) []byte {
	before := !loggedIn(u)
	offer := g.offers() && before
	login := g.guards() && before
	out := make([]byte, 0, len(list)+len(" STARTTLS LOGINDISABLED"))
	has := map[string]bool{}
	for word := range bytes.SplitSeq(list, []byte(" ")) {
		name := strings.ToUpper(string(word))
		if name == "" || g.hidden(name, login) {
			continue
		}
		has[name] = true
		out = append(append(out, ' '), word...)
	}
	if offer && !has["STARTTLS"] {
		out = append(out, " STARTTLS"...)
	}
	if login && !has["LOGINDISABLED"] {
		out = append(out, " LOGINDISABLED"...)
	}
	if string(bytes.TrimRight(list, " ")) == string(out) {
		return list
	}
	return out
}

// hidden reports whether the client is not to see capability name.
func (g *Gate) hidden(name string, login bool) bool {
	switch {
	case name == "STARTTLS", name == "LOGINDISABLED": // the second says "use the first"
		return g.hides()
	case name == "COMPRESS=DEFLATE":
		return g.NoCompress
	}
	return login && strings.HasPrefix(name, "AUTH=")
}

// loggedIn reports whether the line is seen by a client that has logged in: the
// response that completes the login is.
func loggedIn(u *wire.Unit) bool {
	return u.State.LoggedIn() || u.Status == "PREAUTH" ||
		u.Status == "OK" && u.Tag != "*" && (u.For == "LOGIN" || u.For == "AUTHENTICATE")
}

func hasPrefixFold(line []byte, prefix string) bool {
	return len(line) >= len(prefix) && strings.EqualFold(string(line[:len(prefix)]), prefix)
}
