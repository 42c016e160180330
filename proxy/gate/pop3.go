package gate

import (
	"bytes"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// pop3Command decides about what a POP3 client sends.
func (g *Gate) pop3Command(u *wire.Unit) wire.Verdict {
	switch {
	case g.guards() && (u.Kind == event.KindClientData || u.Kind == event.KindCommand && u.Name == ""):
		return refuse("-ERR mailtap: expected a command; this route requires TLS before a login")
	case u.Kind != event.KindCommand:
		return wire.Verdict{}
	}
	switch u.Name {
	case "STLS":
		return g.stls(u)
	case "AUTH":
		if len(bytes.Fields(u.Data)) < 2 {
			return wire.Verdict{} // asks for the mechanisms; RFC 1734's drafts
		}
		fallthrough
	case "USER", "PASS", "APOP":
		if g.guards() {
			g.notice(LoginRefused)
			return refuse("-ERR [AUTH] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it")
		}
	case "CAPA", "NOOP", "QUIT", "LANG", "UTF8":
	default: // what is not known may be a login by another name
		if g.guards() {
			return refuse("-ERR [AUTH] mailtap: this route requires TLS before this command; switch STARTTLS on in the client")
		}
	}
	return wire.Verdict{}
}

// stls decides about STLS: RFC 2595 §4.
func (g *Gate) stls(u *wire.Unit) wire.Verdict {
	switch {
	case g.ClientTLS && g.ServerTLS:
		return wire.Verdict{}
	case g.ClientTLS:
		return refuse("-ERR mailtap: TLS is already active")
	case g.passes():
		g.asked = true
		return wire.Verdict{Stop: true}
	case u.State.LoggedIn():
		return refuse("-ERR mailtap: STLS is not allowed after the login")
	case len(bytes.Fields(u.Data)) != 1:
		return refuse("-ERR mailtap: STLS takes no arguments")
	case !g.granted:
		return wire.Verdict{Action: wire.Hold}
	}
	v := refuse("+OK mailtap: begin TLS negotiation now")
	v.Stop = true
	return v
}

// pop3Response decides about what a POP3 server sends. The greeting is never
// touched: its timestamp is what APOP's digest is made of (RFC 1939 §7).
func (g *Gate) pop3Response(u *wire.Unit) wire.Verdict {
	switch {
	case u.Kind != event.KindResponse:
		return wire.Verdict{}
	case u.For == "STLS" && g.passes():
		if u.Status == "+OK" && !g.granted {
			return wire.Verdict{Action: wire.Hold}
		}
		g.asked = false
		return wire.Verdict{Stop: true}
	case !u.Block:
		return wire.Verdict{}
	case u.For == "CAPA":
		return g.capa(u)
	case u.For == "AUTH":
		if g.guards() && !isEnd(u.Data) {
			return replaced(nil)
		}
	}
	return wire.Verdict{}
}

// capa decides about one line of a CAPA block: RFC 2449 §5.
func (g *Gate) capa(u *wire.Unit) wire.Verdict {
	before := !u.State.LoggedIn()
	login := g.guards() && before
	if isEnd(u.Data) {
		offered := g.offered
		g.offered, g.serverOffers, g.serverSaid = false, offered, true
		if g.offers() && before && !offered {
			return replaced(slices.Concat([]byte("STLS\r\n"), u.Data))
		}
		return wire.Verdict{}
	}
	name, _, _ := strings.Cut(strings.ToUpper(string(bytes.TrimRight(u.Data, "\r\n"))), " ")
	switch name {
	case "STLS":
		if g.hides() {
			return replaced(nil)
		}
		g.offered = true
	case "SASL", "USER":
		if login {
			return replaced(nil)
		}
	}
	return wire.Verdict{}
}

func isEnd(line []byte) bool { return string(bytes.TrimRight(line, "\r\n")) == "." }
