package compare_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// sink keeps events.
type sink struct{ events []*event.Event }

func (s *sink) Event(e *event.Event) { s.events = append(s.events, e) }
func (s *sink) Octets(*wire.Octets)  {}

// session makes the events of lines: "C: a LOGIN x y", "S: * OK", each a
// millisecond after the last; "2s" lets time pass, "TLS" upgrades the client's side.
func session(t *testing.T, id string, proto event.Proto, text string) []*event.Event {
	t.Helper()
	s := &sink{}
	p := parse.New(proto, wire.Options{ID: id, Sink: s})
	defer p.Close()
	at := time.Unix(1700000000, 0)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		at = at.Add(time.Millisecond)
		if pause, err := time.ParseDuration(line); err == nil {
			at = at.Add(pause)
			continue
		}
		side, data, ok := strings.Cut(line, ": ")
		switch {
		case line == "TLS":
			p.Emit(&event.Event{Kind: event.KindTLS, Time: at, TLS: &event.TLS{Side: event.SideClient, Version: "TLS 1.3", Cipher: "X"}})
			p.Upgraded(event.SideClient, at)
		case ok && side == "C":
			p.Feed(event.SideClient, []byte(data+"\r\n"), at, nil)
		case ok && side == "S":
			p.Feed(event.SideServer, []byte(data+"\r\n"), at, nil)
		default:
			t.Fatalf("no line of a session: %q", line)
		}
	}
	return s.events
}

const login = "S: * OK [CAPABILITY IMAP4rev1] Ready.\nC: a LOGIN alice secret\nS: a OK in\n"

func imap(t *testing.T, lines string) []*event.Event {
	t.Helper()
	return session(t, "AAAAAAAAAA", event.IMAP, login+lines)
}

// TestNoDifference has what differs between any two runs, and how commands are written.
func TestNoDifference(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"tags", "C: a1 NOOP\nS: a1 OK", "C: B01 NOOP\nS: B01 OK done"},
		{"quoting and case", "C: b select inbox\nS: b OK", `C: b SELECT "INBOX"` + "\nS: b OK"},
		{"a literal", "C: b SELECT {5+}\nC: INBOX\nS: b OK", "C: b SELECT INBOX\nS: b OK"},
		{"sets", "C: b FETCH 1:3 (FLAGS UID)\nS: b OK", "C: b FETCH 3,1,2 (UID FLAGS)\nS: b OK"},
		{"UIDs", "C: b UID FETCH 7:9 FLAGS\nS: b OK", "C: b UID FETCH 107:109 FLAGS\nS: b OK"},
		{"dates", "C: b SEARCH SINCE 1-Feb-2020\nS: b OK", "C: b SEARCH SINCE 2-Feb-2020\nS: b OK"},
		{"mod-sequences", "C: b SELECT INBOX (QRESYNC (7 8 1:9))\nS: b OK", "C: b SELECT INBOX (QRESYNC (9 10))\nS: b OK"},
		{"times of APPEND", "C: b APPEND x \" 1-Feb-2020 00:00:00 +0000\" {2+}\nC: xy\nS: b OK", "C: b APPEND x \" 2-Feb-2020 10:00:00 +0000\" {2+}\nC: xy\nS: b OK"},
		{"what NOOP brings", "C: b NOOP\nS: * 3 EXISTS\nS: b OK", "C: b NOOP\nS: b OK"},
		{"unilateral data", "S: * 3 EXISTS\nC: b NOOP\nS: b OK", "C: b NOOP\nS: b OK"},
		{"speed", "C: b NOOP\nS: b OK", "C: b NOOP\n10s\nS: b OK"},
	} {
		if r := compare.Sessions(imap(t, tt.a), imap(t, tt.b)); !r.Same {
			t.Errorf("%s: %s", tt.name, r.First)
		}
	}
}

func TestDifferences(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		kind       compare.Kind
		first      string
	}{
		{"a command", "C: b NOOP\nS: b OK", "", compare.KindCommand, "only the first client sends NOOP"},
		{"another command", "", "C: b NOOP\nS: b OK", compare.KindCommand, "only the second client sends NOOP"},
		{"argument", "C: b SELECT x\nS: b OK", "C: b SELECT y\nS: b OK", compare.KindArgument, "SELECT has other arguments: SELECT x against SELECT y"},
		{"answer", "C: b SELECT x\nS: b OK yes", "C: b SELECT x\nS: b NO no", compare.KindAnswer, "SELECT x is answered OK yes, and in the second session NO no"},
		{"code", "C: b SELECT x\nS: b NO [NONEXISTENT] a", "C: b SELECT x\nS: b NO [NOPERM] b", compare.KindAnswer, "SELECT x is answered NO [NONEXISTENT] a, and in the second session NO [NOPERM] b"},
		{"read-only", "C: b SELECT x\nS: b OK [READ-WRITE] a", "C: b SELECT x\nS: b OK [READ-ONLY] a", compare.KindAnswer, ""},
		{"never answered", "C: b NOOP\nS: b OK", "C: b NOOP", compare.KindAnswer, "NOOP is answered OK, and in the second session nothing"},
		{"messages", "C: b FETCH 1:2 FLAGS\nS: * 1 FETCH (FLAGS ())\nS: b OK", "C: b FETCH 1:2 FLAGS\nS: b OK", compare.KindData,
			"FETCH 1:2 FLAGS gets messages: 1, and in the second session messages: 0"},
		{"message text", "C: b FETCH 1 BODY[]\nS: * 1 FETCH (BODY[] \"abc\")\nS: b OK", "C: b FETCH 1 BODY[]\nS: * 1 FETCH (BODY[] \"ab\")\nS: b OK", compare.KindData, ""},
		{"mailboxes", "C: b LIST \"\" *\nS: * LIST () NIL a\nS: b OK", "C: b LIST \"\" *\nS: * LIST () NIL b\nS: b OK", compare.KindData, "LIST \"\" * gets a, and in the second session b"},
		{"size of the mailbox", "C: b SELECT x\nS: * 3 EXISTS\nS: b OK", "C: b SELECT x\nS: * 4 EXISTS\nS: b OK", compare.KindData, ""},
		{"order", "C: b NOOP\nS: b OK\nC: c CHECK\nS: c OK", "C: b CHECK\nS: b OK\nC: c NOOP\nS: c OK", compare.KindOrder, ""},
		{"capabilities", "C: b CAPABILITY\nS: * CAPABILITY IMAP4rev1 IDLE\nS: b OK", "C: b CAPABILITY\nS: * CAPABILITY IMAP4rev1 UIDPLUS\nS: b OK", compare.KindCapability,
			"the clients did the same and were answered alike; in state authenticated only the first server offers IDLE; only the second offers UIDPLUS"},
		{"the first one first", "C: b SELECT x\nS: b OK\nC: c NOOP\nS: c OK", "C: b SELECT y\nS: b OK", compare.KindArgument, "SELECT has other arguments: SELECT x against SELECT y"},
	} {
		r := compare.Sessions(imap(t, tt.a), imap(t, tt.b))
		if r.Same || len(r.Differences) == 0 || r.Differences[0].Kind != tt.kind || tt.first != "" && r.First != tt.first {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

// TestWhatMattersFirst: by what name a server greets is told last, how it greets
// before all that follows.
func TestWhatMattersFirst(t *testing.T) {
	run := func(greeting, lines string) []*event.Event {
		return session(t, "AAAAAAAAAA", event.IMAP, greeting+"\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 "+lines)
	}
	for _, tt := range []struct {
		a, b []*event.Event
		want []compare.Kind
	}{
		{run("S: * OK one", "X\nS: a OK\nC: b NOOP\nS: b OK"), run("S: * OK two", "Y\nS: a OK\nC: b NOOP\nS: b NO"), []compare.Kind{compare.KindAnswer, compare.KindCapability, compare.KindGreeting}},
		{run("S: * OK one", "X\nS: a OK"), run("S: * OK two", "Y\nS: a OK"), []compare.Kind{compare.KindCapability, compare.KindGreeting}},
		{run("S: * OK one", "X\nS: a OK\nC: b NOOP\nS: b OK"), run("S: * BYE one", "X\nS: a OK"), []compare.Kind{compare.KindGreeting, compare.KindState, compare.KindCommand}},
	} {
		var got []compare.Kind
		for _, d := range compare.Sessions(tt.a, tt.b).Differences {
			got = append(got, d.Kind)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v, want %v", got, tt.want)
		}
	}
	if r := compare.Sessions(run("S: * OK one 1.0", "X\nS: a OK"), run("S: * OK one 1.1 of today", "X\nS: a OK")); !r.Same || len(r.Differences) != 1 {
		t.Errorf("a server under another name: %+v", r)
	}
}

// TestOtherProtocol: commands of IMAP and POP3 are not held against each other.
func TestOtherProtocol(t *testing.T) {
	r := compare.Sessions(imap(t, `C: b LIST "" *`+"\nS: b OK"), session(t, "BBBBBBBBBB", event.POP3, "S: +OK\nC: LIST\nS: +OK\nS: ."))
	if len(r.Differences) != 1 || r.Differences[0].Kind != compare.KindProtocol {
		t.Errorf("%+v", r.Differences)
	}
}

// TestPlaceInAlignment holds that one difference does not make all that follows one.
func TestPlaceInAlignment(t *testing.T) {
	var a, b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&a, "C: x%d UID FETCH %d FLAGS\nS: x%d OK\n", i, i+1, i)
		if i == 20 {
			fmt.Fprintf(&b, "C: y NOOP\nS: y OK\n")
		}
		fmt.Fprintf(&b, "C: x%d UID FETCH %d FLAGS\nS: x%d OK\n", i, i+1001, i)
	}
	r := compare.Sessions(imap(t, a.String()), imap(t, b.String()))
	if len(r.Differences) != 1 || r.First != "only the second client sends NOOP" {
		t.Errorf("%+v", r.Differences)
	}
}

// TestPOP3Capabilities: the order of mechanisms and the timestamp mean nothing.
func TestPOP3Capabilities(t *testing.T) {
	run := func(stamp, list string) []*event.Event {
		return session(t, "A", event.POP3, "S: +OK ready <"+stamp+">\nC: CAPA\nS: +OK\nS: TOP\nS: SASL "+list+"\nS: .")
	}
	if r := compare.Sessions(run("1@x", "PLAIN LOGIN"), run("2@y", "LOGIN PLAIN")); !r.Same {
		t.Error(r.First)
	}
	r := compare.Sessions(run("1@x", "PLAIN LOGIN"), run("2@y", "PLAIN CRAM-MD5"))
	if d := r.Differences[0]; d.A != "SASL=LOGIN" || d.B != "SASL=CRAM-MD5" {
		t.Errorf("%+v", d)
	}
}

func TestPOP3(t *testing.T) {
	const greeting = "S: +OK ready <1@x>\nC: USER a\nS: +OK\nC: PASS b\nS: +OK\n"
	run := func(lines string) []*event.Event { return session(t, "AAAAAAAAAA", event.POP3, greeting+lines) }
	same := compare.Sessions(run("C: stat\nS: +OK 2 20\nC: QUIT\nS: +OK"), run("C: STAT\nS: +OK 2 20\nC: QUIT\nS: +OK bye"))
	if !same.Same {
		t.Errorf("the same: %s", same.First)
	}
	r := compare.Sessions(run("C: RETR 1\nS: +OK\nS: abc\nS: ."), run("C: RETR 1\nS: +OK\nS: abcd\nS: ."))
	if want := "RETR 1 gets octets of text: 5, and in the second session octets of text: 6"; r.First != want {
		t.Errorf("%q, want %q", r.First, want)
	}
	if r = compare.Sessions(run("C: DELE 1\nS: +OK"), run("C: DELE 2\nS: +OK")); r.Differences[0].Kind != compare.KindArgument {
		t.Errorf("%+v", r.Differences)
	}
}

// TestCapabilitiesOfLogin: a server may tell what holds behind a login in a line
// of its own before the completion, where the state is still the old one.
func TestCapabilitiesOfLogin(t *testing.T) {
	const greeting = "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Ready.\nC: a LOGIN alice secret\n"
	a := session(t, "A", event.IMAP, greeting+"S: a OK [CAPABILITY IMAP4rev1 MOVE] in")
	b := session(t, "B", event.IMAP, greeting+"S: * CAPABILITY IMAP4rev1 MOVE\nS: a OK in")
	if r := compare.Sessions(a, b); !r.Same {
		t.Error(r.First)
	}
}

// TestSurroundings holds protocols, TLS and greetings against each other.
func TestSurroundings(t *testing.T) {
	clear := session(t, "A", event.IMAP, "S: * OK Dovecot ready.\nC: a NOOP\nS: a OK")
	secure := session(t, "B", event.IMAP, "TLS\nS: * OK Cyrus ready.\nC: a NOOP\nS: a OK")
	r := compare.Sessions(clear, secure)
	kinds := ""
	for _, d := range r.Differences {
		kinds += string(d.Kind) + " "
	}
	if kinds != "tls greeting " {
		t.Errorf("%s: %+v", kinds, r.Differences)
	}
	pop := session(t, "C", event.POP3, "S: +OK")
	if r := compare.Sessions(clear, pop); r.Differences[0].Kind != compare.KindProtocol {
		t.Errorf("%+v", r.Differences[0])
	}
}

// TestOwnLogin holds that a replay's own login and TLS are no difference, and
// that what they lead to is.
func TestOwnLogin(t *testing.T) {
	o := compare.Options{OwnLogin: true}
	read := func(events []*event.Event) *compare.Session {
		s := compare.New(o)
		for _, e := range events {
			s.Add(e)
		}
		return s
	}
	recorded := read(session(t, "A", event.IMAP, "S: * OK\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS\nS: a OK\nC: b STARTTLS\nS: b OK\nTLS\n"+
		"C: c LOGIN alice wrong\nS: c NO\nC: d LOGIN alice right\nS: d OK\nC: e NOOP\nS: e OK"))
	played := read(session(t, "B", event.IMAP, "TLS\nS: * OK\nC: d AUTHENTICATE PLAIN AGEAYg==\nS: d OK\nC: e NOOP\nS: e OK"))
	if r := compare.Compare(recorded, played, o); !r.Same {
		t.Errorf("%+v", r.Differences)
	}
	refused := read(session(t, "C", event.IMAP, "TLS\nS: * OK\nC: d LOGIN a b\nS: d NO"))
	if r := compare.Compare(recorded, refused, o); r.Same {
		t.Error("a login that is refused is no difference")
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1:3": "1:3", "3:1": "1:3", "1,2,3": "1:3", "5,1:2,3": "1:3,5", "*": "*", "1:*": "1:*", "*:4": "4:*", "2,*": "2,*",
		"$": "$", "": "", "1,,2": "1,,2", "4294967295,*": "4294967295,*", "99999999999": "99999999999",
	} {
		if got := compare.Numbers(in); got != want {
			t.Errorf("Numbers(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	r := compare.Sessions(imap(t, "C: b SELECT x\nS: * 1 EXISTS\nS: b OK [READ-WRITE] yes\nC: c NOOP\nS: c OK"), session(t, "BBBBBBBBBB", event.IMAP, login+"C: b SELECT x\nS: b NO [NOPERM] no"))
	var narrow, wide bytes.Buffer
	if err := r.Text(&narrow, compare.Style{}); err != nil {
		t.Fatal(err)
	}
	want := `AAAAAAAAAA against BBBBBBBBBB
  first: SELECT x is answered OK [READ-WRITE] yes, and in the second session NO
         [NOPERM] no

  answer (event 4 against 4)
  - OK [READ-WRITE] yes
  + NO [NOPERM] no

  command (event 7 of the first)
  - NOOP
`
	if narrow.String() != want {
		t.Errorf("text is\n%s\nwant\n%s", narrow.String(), want)
	}
	if err := r.Beside(&wide, compare.Style{Width: 70}); err != nil {
		t.Fatal(err)
	}
	want = `AAAAAAAAAA against BBBBBBBBBB
  first: SELECT x is answered OK [READ-WRITE] yes, and in the second
         session NO [NOPERM] no

AAAAAAAAAA                           BBBBBBBBBB
LOGIN alice ******                   LOGIN alice ******
  OK in                                OK in
SELECT x                          !  SELECT x
  messages in the mailbox: 1; O…       NO [NOPERM] no
NOOP                              <
  OK
`
	if wide.String() != want {
		t.Errorf("side by side is\n%s\nwant\n%s", wide.String(), want)
	}
}

// TestMessageNumbers: a replayed client finds messages by their unique-ids, so
// their numbers may be others; a replayed server has the recorded ones.
func TestMessageNumbers(t *testing.T) {
	run := func(n string) []*event.Event {
		return session(t, "AAAAAAAAAA", event.POP3, "S: +OK\nC: USER a\nS: +OK\nC: PASS b\nS: +OK\nC: DELE "+n+"\nS: +OK")
	}
	for o, same := range map[compare.Options]bool{{OwnLogin: true}: true, {OwnLogin: true, ClientOnly: true}: false, {}: false} {
		a, b := compare.New(o), compare.New(o)
		for _, e := range run("2") {
			a.Add(e)
		}
		for _, e := range run("3") {
			b.Add(e)
		}
		if r := compare.Compare(a, b, o); r.Same != same {
			t.Errorf("%+v: same is %t", o, r.Same)
		}
	}
}
