package pop3

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// gateFunc is a gate as a function.
type gateFunc func(u *wire.Unit) wire.Verdict

func (g gateFunc) Decide(u *wire.Unit) wire.Verdict { return g(u) }

var relay = gateFunc(func(*wire.Unit) wire.Verdict { return wire.Verdict{} })

// bench is a session under test, and what it said.
type bench struct {
	*Session
	t   *testing.T
	rec *record
	at  time.Time
}

func newBench(t *testing.T) *bench {
	r := &record{}
	return &bench{Session: New(wire.Options{ID: "aaaaaaaaaa", Sink: r}), t: t, rec: r, at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

// feed feeds text and checks what comes of it.
func (b *bench) feed(side event.Side, text string, g wire.Gate, forward, back string) wire.Result {
	b.t.Helper()
	b.at = b.at.Add(time.Millisecond)
	r := b.Feed(side, []byte(text), b.at, g)
	if string(r.Forward) != forward || string(r.Back) != back {
		b.t.Errorf("Feed(%v, %q) = forward %q, back %q, want %q, %q", side, text, r.Forward, r.Back, forward, back)
	}
	return r
}

// same feeds text that goes on as it is.
func (b *bench) same(side event.Side, text string, g wire.Gate) {
	b.t.Helper()
	b.feed(side, text, g, text, "")
}

// last is what was said last, as a golden file has it.
func (b *bench) expect(want ...string) {
	b.t.Helper()
	events := b.rec.events[max(len(b.rec.events)-len(want), 0):]
	for i, w := range want {
		if i >= len(events) {
			b.t.Fatalf("no event for %q", w)
		}
		e := events[i]
		got := strings.Join(strings.Fields(strings.Join([]string{e.Dir.Letter() + e.Leg.String(), string(e.Kind), e.Name + e.Status, e.For, "|", e.Text}, " ")), " ")
		if e.Altered {
			got += " (" + e.Other + ")"
		}
		if got != w {
			b.t.Errorf("event %d = %q, want %q", i, got, w)
		}
	}
}

// recorded checks that a capture says the same.
func (b *bench) recorded(chunks ...chunk) {
	b.t.Helper()
	same(b.t, "recorded", asJSON(b.t, replay(b.rec, chunks)), asJSON(b.t, b.rec))
	var on [3]int64
	for _, it := range b.rec.items {
		if it.Octets != nil {
			on[it.Octets.Side] += int64(len(it.Octets.Data))
		}
	}
	if i := b.Info(); i.BytesC != on[event.SideClient] || i.BytesS != on[event.SideServer] {
		b.t.Errorf("events have %d and %d octets, the record %d and %d", i.BytesC, i.BytesS, on[event.SideClient], on[event.SideServer])
	}
}

// refuseLogin refuses logins, as a route does that requires TLS.
var refuseLogin = gateFunc(func(u *wire.Unit) wire.Verdict {
	if u.Name == "USER" || u.Name == "PASS" || u.Name == "AUTH" {
		return wire.Verdict{Action: wire.Refuse, Answer: []byte("-ERR [AUTH] TLS first\r\n")}
	}
	return wire.Verdict{}
})

func TestRefuse(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", refuseLogin)
	b.feed(event.SideClient, "USER alice\r\nPASS secret\r\n", refuseLogin, "", "-ERR [AUTH] TLS first\r\n-ERR [AUTH] TLS first\r\n")
	b.expect("c command USER | USER alice ()", "p response -ERR USER | -ERR [AUTH] TLS first",
		"c command PASS | PASS ****** ()", "p response -ERR PASS | -ERR [AUTH] TLS first")
	b.feed(event.SideClient, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", refuseLogin, "", "-ERR [AUTH] TLS first\r\n")
	b.same(event.SideClient, "STAT\r\n", refuseLogin)
	b.same(event.SideServer, "-ERR no\r\n", refuseLogin)
	b.expect("c command STAT | STAT", "s response -ERR STAT | -ERR no")
	b.recorded()
}

// TestRefuseInTurn pipelines a refused command behind two that the server
// answers: the client must get the answers in the order of its commands.
func TestRefuseInTurn(t *testing.T) {
	for _, g := range []wire.Gate{refuseLogin, nil} {
		b := newBench(t)
		b.same(event.SideServer, "+OK ready\r\n", refuseLogin)
		b.feed(event.SideClient, "CAPA\r\nNOOP\r\nUSER alice\r\nQUIT\r\n", refuseLogin, "CAPA\r\nNOOP\r\nQUIT\r\n", "")
		b.feed(event.SideServer, "+OK\r\nTOP\r\n.\r\n-ERR\r\n+OK bye\r\n", g,
			"+OK\r\nTOP\r\n.\r\n-ERR\r\n-ERR [AUTH] TLS first\r\n+OK bye\r\n", "")
		b.expect("s response +OK CAPA | +OK {5 bytes}", "s response -ERR NOOP | -ERR",
			"p response -ERR USER | -ERR [AUTH] TLS first", "s response +OK QUIT | +OK bye")
		b.recorded()
	}
}

// TestRefuseBeforeGreeting: what is refused before the server has greeted is
// answered behind that, which no answer may be taken for.
func TestRefuseBeforeGreeting(t *testing.T) {
	b := newBench(t)
	b.feed(event.SideClient, "USER alice\r\nNOOP\r\n", refuseLogin, "NOOP\r\n", "")
	b.feed(event.SideServer, "+OK ready\r\n+OK\r\n", refuseLogin, "+OK ready\r\n-ERR [AUTH] TLS first\r\n+OK\r\n", "")
	b.expect("s greeting +OK | +OK ready", "p response -ERR USER | -ERR [AUTH] TLS first", "s response +OK NOOP | +OK")
	b.recorded()
}

// changeCAPA hides SASL, and offers STLS.
var changeCAPA = gateFunc(func(u *wire.Unit) wire.Verdict {
	switch {
	case !u.Block || u.For != "CAPA":
		return wire.Verdict{}
	case bytes.HasPrefix(u.Data, []byte("SASL")):
		return wire.Verdict{Action: wire.Replace}
	case string(u.Data) == ".\r\n":
		return wire.Verdict{Action: wire.Replace, Data: []byte("STLS\r\n.\r\n")}
	}
	return wire.Verdict{}
})

func TestReplaceInBlock(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", changeCAPA)
	b.same(event.SideClient, "CAPA\r\n", changeCAPA)
	b.feed(event.SideServer, "+OK list\r\nTOP\r\nSASL PLAIN\r\nUI", changeCAPA, "+OK list\r\nTOP\r\n", "")
	b.feed(event.SideServer, "DL\r\n.\r\n", changeCAPA, "UIDL\r\nSTLS\r\n.\r\n", "")
	b.expect("s response +OK CAPA | +OK list {17 bytes} (+OK list {23 bytes})")
	e := b.rec.events[len(b.rec.events)-1]
	if e.OtherBytes != 36 || e.Bytes != 30 || len(e.Data.(*Capabilities).Capabilities) != 3 {
		t.Errorf("bytes %d, other %d, data %+v", e.Bytes, e.OtherBytes, e.Data)
	}
	b.same(event.SideClient, "RETR 1\r\n", changeCAPA)
	b.same(event.SideServer, "+OK\r\nSASL\r\n.\r\n", changeCAPA)
	b.recorded()
}

// TestReplaceLine gives the client a block where the server knows no CAPA.
func TestReplaceLine(t *testing.T) {
	g := gateFunc(func(u *wire.Unit) wire.Verdict {
		if u.For == "CAPA" && u.Status == "-ERR" {
			return wire.Verdict{Action: wire.Replace, Data: []byte("+OK\r\nSTLS\r\n.\r\n")}
		}
		if u.Name == "NOOP" {
			return wire.Verdict{Action: wire.Replace, Data: []byte("STAT\r\n")}
		}
		return wire.Verdict{}
	})
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", g)
	b.same(event.SideClient, "CAPA\r\n", g)
	b.feed(event.SideServer, "-ERR what?\r\n", g, "+OK\r\nSTLS\r\n.\r\n", "")
	b.expect("s response +OK CAPA | +OK {6 bytes} (-ERR what?)")
	b.feed(event.SideClient, "NOOP\r\n", g, "STAT\r\n", "")
	b.expect("c command NOOP | NOOP (STAT)")
	b.same(event.SideServer, "+OK\r\n", g)
	b.recorded()
}

func TestHold(t *testing.T) {
	hold := true
	g := gateFunc(func(u *wire.Unit) wire.Verdict {
		if u.Name == "STLS" && hold {
			return wire.Verdict{Action: wire.Hold}
		}
		return wire.Verdict{}
	})
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", g)
	b.feed(event.SideClient, "NOOP\r\nST", g, "NOOP\r\n", "")
	r := b.feed(event.SideClient, "LS\r\nUSER x\r\n", g, "", "")
	if string(r.Held) != "STLS\r\n" || string(r.Rest) != "USER x\r\n" || !r.Stopped {
		t.Errorf("held %q, rest %q, stopped %v", r.Held, r.Rest, r.Stopped)
	}
	if n := b.Info().Pending; n != 1 {
		t.Errorf("%d pending, want NOOP alone", n)
	}
	hold = false
	b.same(event.SideClient, "STLS\r\n", g)
	b.expect("c command STLS | STLS")
	b.recorded()
}

func TestStop(t *testing.T) {
	g := gateFunc(func(u *wire.Unit) wire.Verdict { return wire.Verdict{Stop: u.Name == "STLS"} })
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", g)
	r := b.feed(event.SideClient, "STLS\r\nUSER mallory\r\nPASS secret\r\n", g, "STLS\r\n", "")
	if !r.Stopped || string(r.Rest) != "USER mallory\r\nPASS secret\r\n" || r.Held != nil {
		t.Errorf("%+v", r)
	}
	b.Drop(event.SideClient, slices.Clone(r.Rest), b.at, "octets behind STLS")
	b.expect(`c octets | USER mallory\x0d\x0aPASS ******`)
	b.same(event.SideServer, "+OK begin\r\n", g)
	b.expect("s response +OK STLS | +OK begin")
	b.recorded()
}

// TestServerLeg hides mailtap's own commands and their responses.
func TestServerLeg(t *testing.T) {
	b := newBench(t)
	b.ServerLeg([]byte("+OK ready\r\n"), b.at)
	b.Inject(event.SideServer, []byte("CAPA\r\n"), b.at)
	b.ServerLeg([]byte("+OK\r\nSTLS\r\n.\r\n"), b.at)
	b.Inject(event.SideServer, []byte("STLS\r\n"), b.at)
	b.ServerLeg([]byte("+OK begin\r\n"), b.at)
	b.expect("sserver greeting +OK | +OK ready", "pserver command CAPA | CAPA", "sserver response +OK CAPA | +OK {6 bytes}",
		"pserver command STLS | STLS", "sserver response +OK STLS | +OK begin")
	for _, e := range b.rec.events {
		if e.Bytes != 0 || e.OtherBytes == 0 {
			t.Errorf("%s: %d bytes, %d on the server's leg", e.Text, e.Bytes, e.OtherBytes)
		}
	}
	b.Inject(event.SideClient, []byte("+OK mailtap\r\n"), b.at)
	b.expect("p greeting +OK | +OK mailtap")
	if i := b.Info(); i.BytesC != 0 || i.BytesS != 13 || i.Pending != 0 {
		t.Errorf("%+v", i)
	}
	b.recorded()
}

// TestLeg has the gate hide the response to a command of mailtap's.
func TestLeg(t *testing.T) {
	g := gateFunc(func(u *wire.Unit) wire.Verdict {
		if u.For == "CAPA" {
			return wire.Verdict{Action: wire.Leg}
		}
		return wire.Verdict{}
	})
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", g)
	b.Inject(event.SideServer, []byte("CAPA\r\n"), b.at)
	b.same(event.SideClient, "NOOP\r\n", g)
	b.feed(event.SideServer, "+OK\r\nTOP\r\nU", g, "", "")
	b.feed(event.SideServer, "IDL\r\n.\r\n+OK\r\n", g, "+OK\r\n", "")
	b.expect("sserver response +OK CAPA | +OK {11 bytes}", "s response +OK NOOP | +OK")
	b.recorded()
}

func TestDropVerdict(t *testing.T) {
	g := gateFunc(func(u *wire.Unit) wire.Verdict {
		if u.Name == "PASS" || u.Status == "-ERR" {
			return wire.Verdict{Action: wire.Drop}
		}
		return wire.Verdict{}
	})
	b := newBench(t)
	b.same(event.SideServer, "+OK ready\r\n", g)
	b.feed(event.SideClient, "PASS secret\r\nNOOP\r\n", g, "NOOP\r\n", "")
	b.expect("c octets | PASS ******", "c command NOOP | NOOP")
	b.feed(event.SideServer, "-ERR\r\n+OK\r\n", g, "+OK\r\n", "")
	b.expect("sserver octets | -ERR", "s response +OK NOOP | +OK")
	b.recorded()
}

// TestGateComesAndGoes changes the gate in the middle of a line.
func TestGateComesAndGoes(t *testing.T) {
	asked := 0
	g := gateFunc(func(u *wire.Unit) wire.Verdict { asked++; return wire.Verdict{} })
	b := newBench(t)
	b.same(event.SideServer, "+OK re", nil)
	b.same(event.SideServer, "ady\r\n", g)
	if asked != 0 {
		t.Error("asked about a line that is half gone")
	}
	b.feed(event.SideClient, "NO", g, "", "")
	b.feed(event.SideClient, "OP\r", nil, "NOOP\r", "")
	b.same(event.SideClient, "\nST", nil)
	b.feed(event.SideClient, "AT\r\nQU", g, "AT\r\n", "")
	b.feed(event.SideClient, "IT\r\n", nil, "QUIT\r\n", "")
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
	b.recorded()
}

// TestRelayGate plays the golden sessions through a gate that changes nothing:
// what goes on and what is said has to be as without one.
func TestRelayGate(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		chunks := wireOf(t, string(a.Files[0].Data))
		want := asJSON(t, play(chunks, wire.Options{}))
		for _, size := range []int{1, 7, 1000} {
			b := newBench(t)
			var sent, out [3]string
			for _, c := range recut(chunks, func() int { return 1 + rnd.IntN(size) }) {
				switch c.what {
				case "upgraded":
					b.Upgraded(c.side, c.at)
				case "eof":
					b.EOF(c.side, c.at)
				default:
					sent[c.side] += string(c.data)
					out[c.side] += string(b.Feed(c.side, c.data, c.at, relay).Forward)
				}
			}
			same(t, file, asJSON(t, b.rec), want)
			for _, side := range []event.Side{event.SideClient, event.SideServer} {
				if whole := sent[side][:strings.LastIndexByte(sent[side], '\n')+1]; !strings.HasPrefix(out[side], whole) {
					t.Errorf("%s: %v: %q went on, want %q", file, side, out[side], whole)
				}
			}
			b.recorded(chunks...)
		}
	}
}

// TestUnits holds what a gate is asked, and that asking changes nothing.
func TestUnits(t *testing.T) {
	var asked []string
	g := gateFunc(func(u *wire.Unit) wire.Verdict {
		block := ""
		if u.Block {
			block = " block"
		}
		asked = append(asked, strings.TrimSpace(u.Side.Letter()+" "+string(u.Kind)+" "+u.Name+u.Status+" "+u.For+block))
		return wire.Verdict{Action: wire.Hold}
	})
	b := newBench(t)
	for _, c := range wireOf(t, "S: banner\nS: +OK\nC: CAPA\nS: +OK\nS: TOP\nS: .\nC: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: YQ==\nS: + UGFzc3dvcmQ6\nC: YQ==\nS: +OK\nC: retr 1\nS: -ERR\nS: -ERR bye\n") {
		before := b.Info()
		b.Feed(c.side, c.data, c.at, g)
		if b.Info() != before {
			t.Errorf("%q: asking changed %+v to %+v", c.data, before, b.Info())
		}
		b.Feed(c.side, c.data, c.at, relay)
	}
	want := []string{"s octets", "s greeting +OK", "c command CAPA", "s response +OK CAPA", "s response +OK CAPA block", "s response +OK CAPA block",
		"c command AUTH", "s continuation  AUTH", "c client.data  AUTH", "s continuation  AUTH", "c client.data  AUTH", "s response +OK AUTH",
		"c command RETR", "s response -ERR RETR", "s response -ERR"}
	same(t, "units", asked, want)
}
