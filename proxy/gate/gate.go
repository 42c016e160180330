// Package gate decides what becomes of a line where the two sides of a session
// differ in how TLS stands: it offers or hides the upgrade, answers it, and
// keeps logins out of the clear where a route requires that (CONTRACT section
// 1, the table of nine pairs).
//
// It is pure: units in, verdicts out, no clock and no socket. The proxy asks
// for it anew (Needed) whenever a side was upgraded, tells it when an upgrade
// may be granted, and takes its notices. Lines are changed in place: what is
// not known stays, in its order (RFC 9051 §6.1.1, RFC 2449 §5).
package gate

import (
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Sides is how TLS stands in a session, and what its route asks for.
type Sides struct {
	Proto      event.Proto
	ClientTLS  bool // the client's connection is inside TLS
	ServerTLS  bool
	Required   bool // no login before the client's upgrade
	NoCompress bool // hide COMPRESS=DEFLATE
}

// offers reports whether mailtap offers the upgrade itself.
func (s Sides) offers() bool { return !s.ClientTLS && (s.ServerTLS || s.Required) }

// hides reports whether a server's offer to upgrade is none for the client.
func (s Sides) hides() bool { return s.ClientTLS && !s.ServerTLS }

// guards reports whether no login may pass: nor what a client sends behind one
// without waiting for the answer, which is no command by itself.
func (s Sides) guards() bool { return s.Required && !s.ClientTLS }

// passes reports whether the upgrade is between client and server, and mailtap follows.
func (s Sides) passes() bool { return !s.ClientTLS && !s.ServerTLS && !s.Required }

// Needed reports whether there is anything to decide: if not, no gate is best.
func (s Sides) Needed(state event.State) bool {
	if s.Proto == event.IMAP && s.NoCompress {
		return true
	}
	if s.passes() && state.LoggedIn() { // neither protocol upgrades after the login
		return false
	}
	return s.ClientTLS != s.ServerTLS || !s.ClientTLS
}

// Notice is something that the session's record should have as a finding.
type Notice uint8

// The notices.
const (
	LoginRefused Notice = iota + 1 // starttls.required
	Preauth                        // starttls.preauth: the client was told BYE
)

// Gate is wire.Gate for one session. It is not safe for concurrent use: it
// lives under the session's lock.
type Gate struct {
	Sides

	granted bool
	asked   bool   // the client's upgrade waits for the server's answer
	list    []byte // what stands behind CAPABILITY in greetings in place of the server's
	insert  bool   // also where a greeting has no such code
	notices []Notice
	told    bool // LoginRefused was noticed

	serverOffers, serverSaid bool

	offered bool // POP3: the CAPA block that runs has STLS already
}

// New makes the gate of a session.
func New(s Sides) *Gate { return &Gate{Sides: s} }

// Greet sets the capabilities that greetings carry from now on: those that the
// server has said inside TLS. With insert also a greeting without that code gets it.
func (g *Gate) Greet(capabilities []byte, insert bool) { g.list, g.insert = capabilities, insert }

// Grant lets the upgrade through that the gate has held.
func (g *Gate) Grant() { g.granted = true }

// Offered reports whether the server offers the upgrade, as far as it has said.
func (g *Gate) Offered() (offered, known bool) { return g.serverOffers, g.serverSaid }

// Upgraded tells that side is inside TLS now.
func (g *Gate) Upgraded(side event.Side) {
	if side == event.SideClient {
		g.ClientTLS, g.granted, g.asked = true, false, false
	} else {
		g.ServerTLS = true
	}
}

// Notices hands over what is to be noticed since the last call.
func (g *Gate) Notices() []Notice {
	n := g.notices
	g.notices = nil
	return n
}

// Needed reports whether there is anything left to decide: beside what the
// sides ask for an upgrade that was begun, also where a login before it in the
// same packet has succeeded meanwhile.
func (g *Gate) Needed(state event.State) bool { return g.asked || g.Sides.Needed(state) }

// Decide is wire.Gate's.
func (g *Gate) Decide(u *wire.Unit) wire.Verdict {
	switch {
	case u.Side == event.SideClient && g.Proto == event.IMAP:
		return g.imapCommand(u)
	case u.Side == event.SideClient:
		return g.pop3Command(u)
	case g.Proto == event.IMAP:
		return g.imapResponse(u)
	}
	return g.pop3Response(u)
}

func (g *Gate) notice(n Notice) {
	if n == LoginRefused && g.told {
		return
	}
	g.told = g.told || n == LoginRefused
	g.notices = append(g.notices, n)
}

func refuse(answer string) wire.Verdict {
	return wire.Verdict{Action: wire.Refuse, Answer: []byte(answer + "\r\n")}
}

// replaced is a verdict for a line that was edited.
func replaced(line []byte) wire.Verdict {
	return wire.Verdict{Action: wire.Replace, Data: line}
}
