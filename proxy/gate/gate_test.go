package gate

import (
	"fmt"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// unit makes the Unit that a session would make of a line.
func unit(proto event.Proto, side event.Side, line string) *wire.Unit {
	u := &wire.Unit{Side: side, Data: []byte(line + "\r\n"), Kind: event.KindCommand, State: event.StateNotAuthenticated}
	if proto == event.POP3 {
		u.State = event.StateAuthorization
	}
	words := strings.Fields(line)
	switch {
	case side == event.SideClient && proto == event.IMAP:
		u.Tag, u.Name = words[0], strings.ToUpper(words[1])
	case side == event.SideClient:
		u.Name = strings.ToUpper(words[0])
	case proto == event.IMAP:
		u.Kind, u.Tag = event.KindResponse, words[0]
		switch words[1] {
		case "OK", "NO", "BAD", "PREAUTH", "BYE":
			u.Status = words[1]
		default:
			u.Name = words[1]
		}
	default:
		u.Kind, u.Status = event.KindResponse, words[0]
	}
	return u
}

// data is a client's line that is no command.
func data(proto event.Proto, line string) *wire.Unit {
	return &wire.Unit{Side: event.SideClient, Kind: event.KindClientData, Data: []byte(line + "\r\n")}
}

func greeting(proto event.Proto, line string) *wire.Unit {
	u := unit(proto, event.SideServer, line)
	u.Kind = event.KindGreeting
	return u
}

func completes(proto event.Proto, command, line string) *wire.Unit {
	u := unit(proto, event.SideServer, line)
	u.For = command
	return u
}

func block(command, line string) *wire.Unit {
	return &wire.Unit{Side: event.SideServer, Kind: event.KindResponse, Data: []byte(line + "\r\n"),
		Status: "+OK", For: command, Block: true, State: event.StateAuthorization}
}

// shown is what a verdict comes to, in one word and the line.
func shown(u *wire.Unit, v wire.Verdict) string {
	text := map[wire.Action]string{wire.Relay: "relay", wire.Replace: "replace", wire.Refuse: "refuse", wire.Hold: "hold"}[v.Action]
	switch v.Action {
	case wire.Replace:
		text += " " + strings.TrimSpace(string(v.Data))
	case wire.Refuse:
		text += " " + strings.TrimSpace(string(v.Answer))
	}
	if v.Stop {
		text += " (stop)"
	}
	return strings.TrimSpace(text)
}

// The rows of CONTRACT section 1's table, as the gate sees them before the
// client's upgrade: those with imap+starttls upstream are inside TLS already.
var pairs = map[string]Sides{
	"imaps-imaps":         {ClientTLS: true, ServerTLS: true},
	"imaps-imap":          {ClientTLS: true},
	"imaps-starttls":      {ClientTLS: true, ServerTLS: true},
	"imap-imaps":          {ServerTLS: true},
	"imap-imap":           {},
	"imap-starttls":       {ServerTLS: true},
	"starttls-imaps":      {ServerTLS: true, Required: true},
	"starttls-imap":       {Required: true},
	"starttls-starttls":   {ServerTLS: true, Required: true},
	"imaps-imap-upgraded": {ClientTLS: true, Required: true}, // starttls-imap after it, the server in the clear
}

func TestNeeded(t *testing.T) {
	for name, sides := range pairs {
		want := name != "imaps-imaps" && name != "imaps-starttls"
		if got := sides.Needed(event.StateNotAuthenticated); got != want {
			t.Errorf("%s: Needed = %v, want %v", name, got, want)
		}
	}
	passing := pairs["imap-imap"]
	if passing.Proto = event.IMAP; passing.Needed(event.StateSelected) {
		t.Error("imap-imap: needed after the login")
	}
	compress := Sides{Proto: event.IMAP, ClientTLS: true, ServerTLS: true, NoCompress: true}
	if !compress.Needed(event.StateSelected) {
		t.Error("--no-compress: not needed")
	}
}

func TestIMAP(t *testing.T) {
	const (
		offer    = "* CAPABILITY IMAP4rev1 X-FOO STARTTLS LOGINDISABLED AUTH=PLAIN IDLE"
		inside   = "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN SASL-IR X-FOO"
		refusal  = "NO [PRIVACYREQUIRED] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it"
		early    = "a1 NO [PRIVACYREQUIRED] mailtap: this route requires TLS before this command; switch STARTTLS on in the client"
		active   = "a1 BAD mailtap: TLS is already active"
		required = "starttls-imaps starttls-imap starttls-starttls"
		optional = "imap-imaps imap-starttls"
		inClear  = "imaps-imap imaps-imap-upgraded"
	)
	server := func(line string) *wire.Unit { return unit(event.IMAP, event.SideServer, line) }
	client := func(line string) *wire.Unit { return unit(event.IMAP, event.SideClient, line) }
	greet := func(line string) *wire.Unit { return greeting(event.IMAP, line) }
	tests := []struct {
		pairs string
		unit  *wire.Unit
		want  string
	}{
		{inClear, server(offer), "replace * CAPABILITY IMAP4rev1 X-FOO AUTH=PLAIN IDLE"},
		{inClear, greet("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready"), "replace * OK [CAPABILITY IMAP4rev1] ready"},
		{inClear, completes(event.IMAP, "LOGIN", "a2 OK [CAPABILITY IMAP4rev1 STARTTLS X] in"), "replace a2 OK [CAPABILITY IMAP4rev1 X] in"},
		{inClear, client("a1 STARTTLS"), "refuse " + active},
		{inClear, client("a1 LOGIN u p"), "relay"},

		{optional, server(inside), "replace " + inside + " STARTTLS"},
		{optional, greet("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"), "replace * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS] ready"},
		{optional, greet("* OK ready"), "relay"},
		{optional, greet("* OK [ALERT] [CAPABILITY IMAP4rev1] ready"), "relay"},
		{optional, client("a1 LOGIN u p"), "relay"},
		{optional, client("a1 STARTTLS"), "hold"},
		{optional, client("a1 STARTTLS now"), "refuse a1 BAD mailtap: STARTTLS takes no arguments"},
		{optional, completes(event.IMAP, "LOGIN", "a2 OK [CAPABILITY IMAP4rev1] in"), "relay"},
		{optional, greet("* PREAUTH [CAPABILITY IMAP4rev1] in"), "relay"},

		{required, server(inside), "replace * CAPABILITY IMAP4rev1 SASL-IR X-FOO STARTTLS LOGINDISABLED"},
		{required, server(offer), "replace * CAPABILITY IMAP4rev1 X-FOO STARTTLS LOGINDISABLED IDLE"},
		{required, greet("* OK [capability IMAP4rev1 auth=plain] ready"), "replace * OK [capability IMAP4rev1 STARTTLS LOGINDISABLED] ready"},
		{required, client("a1 LOGIN u p"), "refuse a1 " + refusal},
		{required, client("a1 AUTHENTICATE PLAIN"), "refuse a1 " + refusal},
		{required, client("a1 NOOP"), "relay"},
		{required, client("a1 ID NIL"), "relay"},
		{required, client("a1 NOOP {32+}"), "refuse " + early},
		{required, client("a1 XLOGIN u p"), "refuse " + early},
		{required, client("LOGIN u p"), "refuse LOGIN" + early[2:]},
		{optional, client("a1 XLOGIN u p"), "relay"},
		{"imap-imap", client("a1 XLOGIN u p"), "relay"},
		{required, data(event.IMAP, "AGFsaWNlAHNlc2FtZQ=="), "refuse * BAD mailtap: expected a command; this route requires TLS before a login"},
		{required, data(event.IMAP, ""), "relay"},
		{optional, data(event.IMAP, "AGFsaWNlAHNlc2FtZQ=="), "relay"},
		{required, client("a1 STARTTLS"), "hold"},
		{required, greet("* PREAUTH in"), "replace * BYE [UNAVAILABLE] mailtap: the server greets with PREAUTH, which leaves no way to TLS, and this route requires it (stop)"},

		{"imap-imap", server(offer), "relay"},
		{"imap-imap", client("a1 LOGIN u p"), "relay"},
		{"imap-imap", client("a1 STARTTLS"), "relay (stop)"},
		{"imap-imap", completes(event.IMAP, "STARTTLS", "a1 OK begin"), "hold"},
		{"imap-imap", completes(event.IMAP, "STARTTLS", "a1 NO later"), "relay (stop)"},
		{"imap-imap", completes(event.IMAP, "STARTTLS", "a1 BAD what"), "relay (stop)"},
		{"imap-imap", completes(event.IMAP, "NOOP", "a1 OK done"), "relay"},
	}
	for _, tt := range tests {
		for _, pair := range strings.Fields(tt.pairs) {
			t.Run(fmt.Sprintf("%s/%s", pair, strings.TrimSpace(string(tt.unit.Data))), func(t *testing.T) {
				sides := pairs[pair]
				sides.Proto = event.IMAP
				if got := shown(tt.unit, New(sides).Decide(tt.unit)); got != tt.want {
					t.Errorf("Decide(%q) = %q, want %q", tt.unit.Data, got, tt.want)
				}
			})
		}
	}
}

func TestPOP3(t *testing.T) {
	const (
		refusal  = "refuse -ERR [AUTH] mailtap: this route requires TLS; switch STARTTLS on in the client and log in after it"
		required = "starttls-imaps starttls-imap starttls-starttls"
		optional = "imap-imaps imap-starttls"
		inClear  = "imaps-imap imaps-imap-upgraded"
		all      = required + " " + optional + " " + inClear + " imap-imap"
	)
	const early = "refuse -ERR [AUTH] mailtap: this route requires TLS before this command; switch STARTTLS on in the client"
	client := func(line string) *wire.Unit { return unit(event.POP3, event.SideClient, line) }
	tests := []struct {
		pairs string
		unit  *wire.Unit
		want  string
	}{
		{all, greeting(event.POP3, "+OK ready <12.34@example.org>"), "relay"},
		{all, block("CAPA", "TOP"), "relay"},
		{all, client("NOOP"), "relay"},
		{optional, client("STAT"), "relay"},
		{optional, client("XPASS p"), "relay"},
		{required, client("XPASS p"), early},
		{required, client("a1 LOGIN u p"), early},
		{all, client("AUTH"), "relay"},
		{inClear, block("CAPA", "STLS"), "replace"},
		{inClear, block("CAPA", "USER"), "relay"},
		{inClear, block("CAPA", "."), "relay"},
		{inClear, client("STLS"), "refuse -ERR mailtap: TLS is already active"},
		{optional, block("CAPA", "SASL PLAIN"), "relay"},
		{optional, block("CAPA", "."), "replace STLS\r\n."},
		{optional + " " + required, client("STLS"), "hold"},
		{optional + " " + required, client("STLS now"), "refuse -ERR mailtap: STLS takes no arguments"},
		{optional, client("USER u"), "relay"},
		{required, block("CAPA", "SASL PLAIN"), "replace"},
		{required, block("CAPA", "USER"), "replace"},
		{required, block("CAPA", "STLS"), "relay"},
		{required, block("CAPA", "."), "replace STLS\r\n."},
		{required, block("AUTH", "PLAIN"), "replace"},
		{required, block("AUTH", "."), "relay"},
		{required, client("USER u"), refusal},
		{required, client("PASS p"), refusal},
		{required, client("APOP u d"), refusal},
		{required, client("AUTH PLAIN"), refusal},
		{required, data(event.POP3, "AGFsaWNlAHNlc2FtZQ=="), "refuse -ERR mailtap: expected a command; this route requires TLS before a login"},
		{optional, data(event.POP3, "AGFsaWNlAHNlc2FtZQ=="), "relay"},
		{"imap-imap", block("CAPA", "STLS"), "relay"},
		{"imap-imap", client("STLS"), "relay (stop)"},
		{"imap-imap", completes(event.POP3, "STLS", "+OK begin"), "hold"},
		{"imap-imap", completes(event.POP3, "STLS", "-ERR no"), "relay (stop)"},
	}
	for _, tt := range tests {
		for _, pair := range strings.Fields(tt.pairs) {
			t.Run(fmt.Sprintf("%s/%s", pair, strings.TrimSpace(string(tt.unit.Data))), func(t *testing.T) {
				sides := pairs[pair]
				sides.Proto = event.POP3
				if got := shown(tt.unit, New(sides).Decide(tt.unit)); got != tt.want {
					t.Errorf("Decide(%q) = %q, want %q", tt.unit.Data, got, tt.want)
				}
			})
		}
	}
}

// A server that offers STLS itself keeps its line where it stands.
func TestCAPAKeepsOrder(t *testing.T) {
	g := New(Sides{Proto: event.POP3, Required: true})
	for _, line := range []string{"STLS", "UIDL", "."} {
		u := block("CAPA", line)
		if got := shown(u, g.Decide(u)); got != "relay" {
			t.Errorf("Decide(%q) = %q, want relay", line, got)
		}
	}
	if offered, known := g.Offered(); !offered || !known {
		t.Errorf("Offered = %v, %v, want true, true", offered, known)
	}
}

func TestGrant(t *testing.T) {
	g := New(Sides{Proto: event.IMAP, ServerTLS: true})
	u := unit(event.IMAP, event.SideClient, "a1 STARTTLS")
	if got := shown(u, g.Decide(u)); got != "hold" {
		t.Fatalf("before Grant: %q", got)
	}
	g.Grant()
	if got, want := shown(u, g.Decide(u)), "refuse a1 OK mailtap: begin TLS negotiation now (stop)"; got != want {
		t.Fatalf("after Grant: %q, want %q", got, want)
	}
	g.Upgraded(event.SideClient)
	if g.Needed(event.StateNotAuthenticated) {
		t.Error("needed although both sides are inside TLS")
	}
}

// The greeting of a server that was upgraded first has the list from inside TLS.
func TestGreet(t *testing.T) {
	tests := []struct {
		name   string
		sides  Sides
		insert bool
		line   string
		want   string
	}{
		{"in place", Sides{ClientTLS: true, ServerTLS: true}, true, "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.", "replace * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready."},
		{"none there", Sides{ClientTLS: true, ServerTLS: true}, true, "* OK ready", "replace * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"},
		{"another code", Sides{ClientTLS: true, ServerTLS: true}, true, "* OK [ALERT] ready", "relay"},
		{"not asked to insert", Sides{ServerTLS: true}, false, "* OK ready", "relay"},
		{"offered", Sides{ServerTLS: true}, false, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "replace * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS] ready"},
		{"required", Sides{ServerTLS: true, Required: true}, false, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "replace * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready"},
		{"bye", Sides{ClientTLS: true, ServerTLS: true}, true, "* BYE go away", "relay"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.sides.Proto = event.IMAP
			g := New(tt.sides)
			g.Greet([]byte(" IMAP4rev1 AUTH=PLAIN"), tt.insert)
			u := greeting(event.IMAP, tt.line)
			if got := shown(u, g.Decide(u)); got != tt.want {
				t.Errorf("Decide(%q) = %q, want %q", tt.line, got, tt.want)
			}
		})
	}
}

func TestNoCompress(t *testing.T) {
	g := New(Sides{Proto: event.IMAP, ClientTLS: true, ServerTLS: true, NoCompress: true})
	for _, tt := range []struct {
		unit *wire.Unit
		want string
	}{
		{unit(event.IMAP, event.SideServer, "* CAPABILITY IMAP4rev1 COMPRESS=DEFLATE IDLE"), "replace * CAPABILITY IMAP4rev1 IDLE"},
		{unit(event.IMAP, event.SideClient, "a1 COMPRESS DEFLATE"), "refuse a1 NO mailtap: COMPRESS is switched off here (--no-compress)"},
		{unit(event.IMAP, event.SideClient, "a1 STARTTLS"), "relay"},
	} {
		if got := shown(tt.unit, g.Decide(tt.unit)); got != tt.want {
			t.Errorf("Decide(%q) = %q, want %q", tt.unit.Data, got, tt.want)
		}
	}
}

// A login in the clear is noticed once, however often it is tried.
func TestNotices(t *testing.T) {
	g := New(Sides{Proto: event.POP3, ServerTLS: true, Required: true})
	for _, line := range []string{"USER u", "PASS p"} {
		g.Decide(unit(event.POP3, event.SideClient, line))
	}
	if got := g.Notices(); len(got) != 1 || got[0] != LoginRefused {
		t.Errorf("Notices = %v, want LoginRefused once", got)
	}
	if got := g.Notices(); got != nil {
		t.Errorf("Notices again = %v", got)
	}
}

// A login that succeeds before the upgrade that was asked for behind it, in
// one packet, leaves the gate at its work until the server has answered.
func TestLoginBeforeUpgrade(t *testing.T) {
	tests := []struct {
		proto         event.Proto
		state         event.State
		upgrade, name string
		yes, no       string
	}{
		{event.IMAP, event.StateAuthenticated, "a2 STARTTLS", "STARTTLS", "a2 OK begin", "a2 BAD too late"},
		{event.POP3, event.StateTransaction, "STLS", "STLS", "+OK begin", "-ERR too late"},
	}
	for _, tt := range tests {
		g := New(Sides{Proto: tt.proto})
		g.Decide(unit(tt.proto, event.SideClient, tt.upgrade))
		if !g.Needed(tt.state) {
			t.Errorf("%s: not needed while the upgrade waits for its answer", tt.name)
		}
		yes := completes(tt.proto, tt.name, tt.yes)
		if got := shown(yes, g.Decide(yes)); got != "hold" || !g.Needed(tt.state) {
			t.Errorf("%s: %q, needed %v; want hold, true", tt.yes, got, g.Needed(tt.state))
		}
		no := completes(tt.proto, tt.name, tt.no)
		if got := shown(no, g.Decide(no)); got != "relay (stop)" || g.Needed(tt.state) {
			t.Errorf("%s: %q, needed %v; want relay (stop), false", tt.no, got, g.Needed(tt.state))
		}
	}
}
