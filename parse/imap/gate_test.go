package imap

import (
	"bytes"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// gateFunc is a gate for one test.
type gateFunc func(u *wire.Unit) wire.Verdict

func (f gateFunc) Decide(u *wire.Unit) wire.Verdict { return f(u) }

// on answers v where the unit has that name, and relays everything else.
func on(side event.Side, name string, v wire.Verdict) gateFunc {
	return func(u *wire.Unit) wire.Verdict {
		if u.Side == side && u.Name == name {
			return v
		}
		return wire.Verdict{}
	}
}

// bench is a session between two peers, with what reached them.
type bench struct {
	t                  *testing.T
	s                  *Session
	p                  *tape
	toServer, toClient bytes.Buffer
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, p: &tape{}}
	b.s = New(wire.Options{ID: "AAAAAAAAAA", Sink: b.p})
	return b
}

func (b *bench) feed(side event.Side, data string, gate wire.Gate) wire.Result {
	res := b.s.Feed(side, []byte(data), start, gate)
	to, back := &b.toServer, &b.toClient
	if side == event.SideServer {
		to, back = back, to
	}
	to.Write(res.Forward)
	back.Write(res.Back)
	return res
}

// octets feeds data octet by octet.
func (b *bench) octets(side event.Side, data string, gate wire.Gate) {
	for i := range data {
		b.feed(side, data[i:i+1], gate)
	}
}

// check compares what reached the peers, the events, and the record.
func (b *bench) check(toServer, toClient, events string) {
	b.t.Helper()
	if got := b.toServer.String(); got != toServer {
		b.t.Errorf("to the server: %q, want %q", got, toServer)
	}
	if got := b.toClient.String(); got != toClient {
		b.t.Errorf("to the client: %q, want %q", got, toClient)
	}
	if got, want := squeeze(table2(b.p.events)), squeeze(events); got != want {
		b.t.Errorf("events are\n%s\nwant\n%s", got, want)
	}
	if got := b.p.leg[event.SideServer].String(); got != toClient {
		b.t.Errorf("recorded for the client: %q, want %q", got, toClient)
	}
	c, s := b.p.sums()
	if int(c) != b.p.leg[event.SideClient].Len() || int(s) != b.p.leg[event.SideServer].Len() {
		b.t.Errorf("bytes = %d, %d, recorded %d, %d", c, s, b.p.leg[event.SideClient].Len(), b.p.leg[event.SideServer].Len())
	}
	back := replay(b.p.items, wire.Options{ID: "AAAAAAAAAA"})
	diffLines(b.t, "recorded", back.lines(b.t), b.p.lines(b.t))
}

func squeeze(text string) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestNilGateForwardsTheChunkItself(t *testing.T) {
	s := New(wire.Options{Sink: &tape{}})
	for _, text := range []string{"* OK rea", "dy\r\n* 1 FETCH (BODY[] {100}\r\nhalf"} {
		chunk := []byte(text)
		res := s.Feed(event.SideServer, chunk, start, nil)
		if len(res.Forward) != len(chunk) || &res.Forward[0] != &chunk[0] {
			t.Errorf("Feed(%q) forwards %q", text, res.Forward)
		}
	}
}

func TestGateHoldsHalfLines(t *testing.T) {
	relay := on(event.SideNone, "", wire.Verdict{})
	b := newBench(t)
	res := b.feed(event.SideServer, "* OK ready\r\n* CAPA", relay)
	if got := string(res.Forward); got != "* OK ready\r\n" {
		t.Errorf("forwards %q", got)
	}
	b.feed(event.SideServer, "BILITY IMAP4rev1\r\n* 1 FETCH (BODY[] {4}\r\nha", relay)
	b.feed(event.SideServer, "lf)\r\n* 2 EX", relay)
	b.feed(event.SideServer, "IS", nil) // the gate goes: what was held goes on
	b.feed(event.SideServer, "TS\r", nil)
	b.feed(event.SideServer, "\n* 3 EXISTS\r\n", relay) // and comes, in the middle of a line
	b.check("", "* OK ready\r\n* CAPABILITY IMAP4rev1\r\n* 1 FETCH (BODY[] {4}\r\nhalf)\r\n* 2 EXISTS\r\n* 3 EXISTS\r\n", `
		s greeting * OK 12 not-authenticated
		s response * CAPABILITY 24 not-authenticated
		s response * FETCH 30 not-authenticated
		s response * EXISTS 12 not-authenticated
		s response * EXISTS 12 not-authenticated`)
}

// What is refused before the server has greeted is answered behind that.
func TestGateRefusesBeforeGreeting(t *testing.T) {
	b := newBench(t)
	gate := on(event.SideClient, "LOGIN", wire.Verdict{Action: wire.Refuse, Answer: []byte("a1 NO first TLS\r\n")})
	b.feed(event.SideClient, "a1 LOGIN alice sesame\r\na2 NOOP\r\n", gate)
	b.feed(event.SideServer, "* OK ready\r\na2 OK done\r\n", gate)
	b.check("a2 NOOP\r\n", "* OK ready\r\na1 NO first TLS\r\na2 OK done\r\n", `
		c command a1 LOGIN 23 not-authenticated a1 LOGIN alice ****** (alice: an atom of 6 bytes, ASCII)
		c command a2 NOOP 9 not-authenticated a2 NOOP
		s greeting * OK 12 not-authenticated
		p response a1 NO 17 not-authenticated for LOGIN #1 0s/0s
		s response a2 OK 12 not-authenticated for NOOP #2 0s/0s`)
}

func TestGateReplaces(t *testing.T) {
	b := newBench(t)
	gate := gateFunc(func(u *wire.Unit) wire.Verdict {
		switch {
		case u.Kind == event.KindGreeting:
			return wire.Verdict{Action: wire.Replace, Data: []byte("* OK [CAPABILITY IMAP4rev1] ready\r\n")}
		case u.Name == "ID":
			return wire.Verdict{Action: wire.Replace, Data: []byte("a1 ID NIL\r\n")}
		}
		return wire.Verdict{}
	})
	b.octets(event.SideServer, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", gate)
	b.octets(event.SideClient, "a1 ID (\"name\" \"x\")\r\na2 NOOP\r\n", gate)
	b.check("a1 ID NIL\r\na2 NOOP\r\n", "* OK [CAPABILITY IMAP4rev1] ready\r\n", `
		s greeting * OK 35 not-authenticated [CAPABILITY]
		c command a1 ID 20 not-authenticated client_id=x a1 ID ("name" "x")
		c command a2 NOOP 9 not-authenticated client_id=x a2 NOOP`)
	e := b.p.events[0]
	if !e.Altered || e.Other != "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready" || e.OtherBytes != 44 {
		t.Errorf("greeting: altered %v, other %q, %d bytes", e.Altered, e.Other, e.OtherBytes)
	}
	if e = b.p.events[1]; !e.Altered || e.Other != "a1 ID NIL" || e.OtherBytes != 11 {
		t.Errorf("ID: altered %v, other %q, %d bytes", e.Altered, e.Other, e.OtherBytes)
	}
}

func TestGateRefuses(t *testing.T) {
	login := on(event.SideClient, "LOGIN", wire.Verdict{Action: wire.Refuse, Answer: []byte("a1 NO [PRIVACYREQUIRED] not in the clear\r\n")})
	const refused = "a1 NO [PRIVACYREQUIRED] not in the clear\r\n"
	for _, tt := range []struct{ name, client, event string }{
		{"line", "a1 LOGIN alice secret\r\n", "c command a1 LOGIN 23 not-authenticated a1 LOGIN alice ****** (alice: an atom of 6 bytes, ASCII)"},
		{"synchronizing literal", "a1 LOGIN alice {6}\r\n", "c command a1 LOGIN 20 not-authenticated a1 LOGIN alice {6} (alice: )"},
		{"non-synchronizing literals", "a1 LOGIN {5+}\r\nalice {6+}\r\nsecret\r\n", "c command a1 LOGIN 35 not-authenticated a1 LOGIN {5 bytes} {6 bytes} (alice: a literal of 6 bytes, ASCII)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.feed(event.SideServer, "* OK ready\r\n", login)
			b.octets(event.SideClient, tt.client+"a2 NOOP\r\n", login)
			b.feed(event.SideServer, "a2 OK done\r\n", login)
			b.check("a2 NOOP\r\n", "* OK ready\r\n"+refused+"a2 OK done\r\n", `
				s greeting * OK 12 not-authenticated
				`+tt.event+`
				p response a1 NO 42 not-authenticated [PRIVACYREQUIRED] for LOGIN #2 0s/0s
				c command a2 NOOP 9 not-authenticated a2 NOOP
				s response a2 OK 12 not-authenticated for NOOP #4 0s/0s`)
			if e := b.p.events[1]; !e.Dropped {
				t.Error("the command is not marked as dropped")
			}
		})
	}
}

func TestGateAnswersAtABoundary(t *testing.T) {
	gate := on(event.SideClient, "STARTTLS", wire.Verdict{Action: wire.Refuse, Answer: []byte("a2 BAD no\r\n")})
	b := newBench(t)
	b.feed(event.SideServer, "* PREAUTH ready\r\n", gate)
	b.feed(event.SideClient, "a1 FETCH 1 BODY[]\r\n", gate)
	b.feed(event.SideServer, "* 1 FETCH (BODY[] {4}\r\nha", gate)
	if info := b.s.Info(); info.Boundary {
		t.Error("Info().Boundary inside a literal")
	}
	b.feed(event.SideClient, "a2 STARTTLS\r\n", gate)
	b.feed(event.SideServer, "lf)\r\na1 OK done\r\n", gate)
	b.check("a1 FETCH 1 BODY[]\r\n", "* PREAUTH ready\r\n* 1 FETCH (BODY[] {4}\r\nhalf)\r\na2 BAD no\r\na1 OK done\r\n", `
		s greeting * PREAUTH 17 authenticated
		c command a1 FETCH 19 authenticated a1 FETCH 1 BODY[]
		c command a2 STARTTLS 13 authenticated a2 STARTTLS
		s response * FETCH 30 authenticated for FETCH #2
		p response a2 BAD 11 authenticated for STARTTLS #3 0s/0s
		s response a1 OK 12 authenticated for FETCH #2 0s/0s`)
}

// A line of which nothing went on yet is no reason to wait with an answer: the
// client's TLS handshake may hang on it.
func TestGateAnswersBeforeAHeldLine(t *testing.T) {
	gate := on(event.SideClient, "STARTTLS", wire.Verdict{Action: wire.Refuse, Answer: []byte("a1 OK begin\r\n"), Stop: true})
	b := newBench(t)
	b.feed(event.SideServer, "* OK ready\r\n* OK sti", gate)
	res := b.feed(event.SideClient, "a1 STARTTLS\r\n", gate)
	if !res.Stopped || string(res.Back) != "a1 OK begin\r\n" {
		t.Errorf("stopped %v, back %q", res.Stopped, res.Back)
	}
	b.feed(event.SideServer, "ll\r\n", gate)
	b.check("", "* OK ready\r\na1 OK begin\r\n* OK still\r\n", `
		s greeting * OK 12 not-authenticated
		c command a1 STARTTLS 13 not-authenticated a1 STARTTLS
		p response a1 OK 13 not-authenticated for STARTTLS #2 0s/0s
		s response * OK 12 not-authenticated`)
}

func TestGateHoldsAndStops(t *testing.T) {
	b := newBench(t)
	hold := true
	gate := gateFunc(func(u *wire.Unit) wire.Verdict {
		switch {
		case u.Side == event.SideServer && u.For == "STARTTLS" && hold:
			return wire.Verdict{Action: wire.Hold}
		case u.Name == "STARTTLS":
			return wire.Verdict{Stop: true}
		}
		return wire.Verdict{}
	})
	b.feed(event.SideServer, "* OK ready\r\n", gate)
	res := b.feed(event.SideClient, "a1 STARTTLS\r\na2 LOGIN alice secret\r\n", gate)
	if !res.Stopped || string(res.Rest) != "a2 LOGIN alice secret\r\n" {
		t.Errorf("STARTTLS: stopped %v, rest %q", res.Stopped, res.Rest)
	}
	b.s.Drop(event.SideClient, res.Rest, start, "behind STARTTLS")
	b.feed(event.SideServer, "a1 O", gate)
	res = b.feed(event.SideServer, "K begin\r\nmore", gate)
	if string(res.Held) != "a1 OK begin\r\n" || string(res.Rest) != "more" || len(res.Forward) > 0 {
		t.Errorf("held %q, rest %q, forwards %q", res.Held, res.Rest, res.Forward)
	}
	if n := len(b.p.events); n != 3 {
		t.Errorf("%d events while it is held, want 3", n)
	}
	hold = false
	b.feed(event.SideServer, string(res.Held), gate)
	b.check("a1 STARTTLS\r\n", "* OK ready\r\na1 OK begin\r\n", `
		s greeting * OK 12 not-authenticated
		c command a1 STARTTLS 13 not-authenticated a1 STARTTLS
		c octets - - 23 not-authenticated a2 LOGIN ************
		s response a1 OK 13 not-authenticated for STARTTLS #2 0s/0s`)
}

func TestServerLeg(t *testing.T) {
	b := newBench(t)
	gate := gateFunc(func(u *wire.Unit) wire.Verdict {
		if u.Tag == "mailtap1" || u.Name == "CAPABILITY" && u.Side == event.SideServer {
			return wire.Verdict{Action: wire.Leg}
		}
		return wire.Verdict{}
	})
	b.feed(event.SideServer, "* OK ready\r\n", gate)
	b.s.Inject(event.SideServer, []byte("mailtap1 CAPABILITY\r\n"), start)
	b.feed(event.SideServer, "* CAPABILITY IMAP4rev1\r\nmailtap1 OK done\r\n", gate)
	b.s.Inject(event.SideServer, []byte("mailtap2 STARTTLS\r\n"), start)
	b.s.ServerLeg([]byte("mailtap2 OK begin\r\n"), start)
	b.s.Drop(event.SideServer, []byte("* injected\r\n"), start, "behind STARTTLS")
	b.s.Inject(event.SideClient, []byte("* BYE [UNAVAILABLE] mailtap: shutting down\r\n"), start)
	b.toClient.WriteString("* BYE [UNAVAILABLE] mailtap: shutting down\r\n")
	b.check("", "* OK ready\r\n* BYE [UNAVAILABLE] mailtap: shutting down\r\n", `
		s greeting * OK 12 not-authenticated
		p command mailtap1 CAPABILITY 0 not-authenticated
		s response * CAPABILITY 0 not-authenticated
		s response mailtap1 OK 0 not-authenticated for CAPABILITY #2 0s/0s
		p command mailtap2 STARTTLS 0 not-authenticated
		s response mailtap2 OK 0 not-authenticated for STARTTLS #5 0s/0s
		s octets - - 0 not-authenticated
		p response * BYE 44 logout [UNAVAILABLE]`)
}

func TestGateDrops(t *testing.T) {
	b := newBench(t)
	gate := on(event.SideClient, "XAPPLEPUSHSERVICE", wire.Verdict{Action: wire.Drop})
	b.feed(event.SideServer, "* PREAUTH ready\r\n", gate)
	b.octets(event.SideClient, "a1 XAPPLEPUSHSERVICE x {3+}\r\nabc\r\na2 NOOP\r\n", gate)
	b.check("a2 NOOP\r\n", "* PREAUTH ready\r\n", `
		s greeting * PREAUTH 17 authenticated
		c command a1 XAPPLEPUSHSERVICE 34 authenticated a1 XAPPLEPUSHSERVICE x {3 bytes}
		c command a2 NOOP 9 authenticated a2 NOOP`)
}
