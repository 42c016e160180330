package replay

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse"
	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/mailserver"
	"mailtap/proxy/route"
)

const (
	user     = "alice"
	password = "wonder \"land\""
)

// items is what a live session hands to its sinks.
type items struct{ list []wire.Item }

func (s *items) Event(e *event.Event) { s.list = append(s.list, wire.Item{Event: e}) }
func (s *items) Octets(o *wire.Octets) {
	own := *o
	own.Data = append([]byte(nil), o.Data...)
	s.list = append(s.list, wire.Item{Octets: &own})
}

func (s *items) walk(fn func(wire.Item) error) error {
	for _, i := range s.list {
		if err := fn(i); err != nil {
			return err
		}
	}
	return nil
}

// recorded makes a recording of lines: "C: a NOOP", "S: a OK", and 'C"..."' for what is no line.
func recorded(t *testing.T, proto event.Proto, text string) *Recording {
	t.Helper()
	s := &items{}
	p := parse.New(proto, wire.Options{ID: "AAAAAAAAAA", Sink: s})
	defer p.Close()
	at := time.Unix(1700000000, 0)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		at = at.Add(time.Millisecond)
		side, data, ok := strings.Cut(strings.TrimSpace(line), ":")
		data = strings.TrimPrefix(data, " ")
		switch {
		case ok && side == "C":
			p.Feed(event.SideClient, []byte(data+"\r\n"), at, nil)
		case ok && side == "S":
			p.Feed(event.SideServer, []byte(data+"\r\n"), at, nil)
		default:
			t.Fatalf("no line of a session: %q", line)
		}
	}
	rec, err := Read(s.walk)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestReadPutsOctetsToEvents holds that each event gets what it is about.
func TestReadPutsOctetsToEvents(t *testing.T) {
	rec := recorded(t, event.IMAP, `
		S: * OK hi
		C: a LOGIN alice {6}
		S: + go
		C: secret
		S: a OK
		C: b APPEND x {3}
		S: + go
		C: abc
		S: b OK`)
	want := map[string]string{
		"greeting": "* OK hi\r\n", "LOGIN": "a LOGIN alice {6}\r\n******\r\n", "APPEND": "b APPEND x {3}\r\nabc\r\n",
	}
	for _, turn := range rec.Turns {
		name := turn.Name
		if turn.Kind == event.KindGreeting {
			name = "greeting"
		}
		if w, ok := want[name]; ok && string(turn.Data) != w {
			t.Errorf("%s has %q, want %q", name, turn.Data, w)
		}
		if turn.Masked != (turn.Name == "LOGIN") {
			t.Errorf("%s: masked is %t", turn.Name, turn.Masked)
		}
	}
	if rec.User != "alice" {
		t.Errorf("user is %q", rec.User)
	}
}

// serve starts the sample server, and gives its endpoint.
func serve(t *testing.T, proto event.Proto) route.Endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := mailserver.NewMailboxes()
	if err := m.AddSampleUser(user, password); err != nil {
		t.Fatal(err)
	}
	start := m.IMAP
	if proto == event.POP3 {
		start = m.POP3
	}
	s := start(l, mailserver.Options{})
	t.Cleanup(func() { s.Close() })
	return route.Endpoint{Proto: proto, Mode: route.Cleartext, Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port}
}

// run plays a recording against the sample server.
func run(t *testing.T, rec *Recording, change func(*Client)) (*compare.Report, []string, error) {
	t.Helper()
	var notes []string
	c := &Client{Recording: rec, Upstream: serve(t, rec.Proto), ID: "BBBBBBBBBB",
		Password: func() (string, error) { return password, nil },
		Note:     func(text string) { notes = append(notes, text) }}
	if change != nil {
		change(c)
	}
	r, err := c.Run(t.Context())
	return r, notes, err
}

// kept is a sink that keeps what it gets.
type kept struct{ items }

func (k *kept) Write(batch []wire.Item) error {
	k.list = append(k.list, batch...)
	return nil
}

// TestClientTwice plays a session, and what was recorded of that again.
func TestClientTwice(t *testing.T) {
	for _, tt := range []struct {
		name  string
		proto event.Proto
		lines string
	}{
		{"imap", event.IMAP, `
			S: * OK hi
			C: a LOGIN alice ******
			S: a OK
			C: b SELECT INBOX
			S: b OK
			C: c FETCH 1:* (UID FLAGS)
			S: c OK
			C: d APPEND INBOX {29}
			S: + go
			C: Subject: one
			C: 
			C: two three fou
			S: d OK
			C: e APPEND INBOX {3+}
			C: abc
			C: f NOOP
			S: e OK
			S: f OK
			C: g IDLE
			S: + idling
			C: DONE
			S: g OK
			C: h LOGOUT
			S: * BYE
			S: h OK`},
		{"pop3", event.POP3, `
			S: +OK hi
			C: USER alice
			S: +OK
			C: PASS ******
			S: +OK
			C: STAT
			S: +OK 1 1
			C: RETR 1
			S: +OK
			S: x
			S: .
			C: QUIT
			S: +OK`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := &kept{}
			r, notes, err := run(t, recorded(t, tt.proto, tt.lines), func(c *Client) { c.Sink = first })
			if err != nil || len(notes) > 0 {
				t.Fatalf("%v %q", err, notes)
			}
			for _, d := range r.Differences {
				if d.Kind == compare.KindCommand || d.Kind == compare.KindArgument {
					t.Errorf("played otherwise than recorded: %s", d.Sentence)
				}
			}
			again, err := Read(first.walk)
			if err != nil {
				t.Fatal(err)
			}
			if r, _, err = run(t, again, nil); err != nil || !r.Same {
				t.Errorf("the same again: %v %+v", err, r)
			}
		})
	}
}

const short = "S: * OK hi\nC: a LOGIN alice ******\nS: a OK\n"

func TestClientRefusedLogin(t *testing.T) {
	_, _, err := run(t, recorded(t, event.IMAP, short), func(c *Client) {
		c.Password = func() (string, error) { return "wrong", nil }
	})
	if err == nil || !strings.Contains(err.Error(), `as "alice": the server answers NO`) {
		t.Errorf("error is %v", err)
	}
}

func TestClientUnreachable(t *testing.T) {
	_, _, err := run(t, recorded(t, event.IMAP, short), func(c *Client) {
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, fmt.Errorf("no way there") }
	})
	if err == nil || !strings.Contains(err.Error(), "connecting to imap://127.0.0.1:") {
		t.Errorf("error is %v", err)
	}
}

func TestClientStopsOnDifference(t *testing.T) {
	rec := recorded(t, event.IMAP, short+"C: b SELECT nowhere\nS: b OK\nC: c CREATE there\nS: c OK")
	r, notes, err := run(t, rec, func(c *Client) { c.StopOnDifference = true })
	if err != nil || len(notes) != 1 || r.Same || len(r.Steps) != 3 || r.Steps[2].B != nil || !strings.HasPrefix(r.First, "SELECT nowhere is answered OK, and in the second session NO") {
		t.Errorf("%v %+v", err, r)
	}
}

func TestClientLeavesOut(t *testing.T) {
	rec := recorded(t, event.IMAP, short+"C: b COMPRESS DEFLATE\nS: b NO\nC: c NOOP\nS: c OK")
	r, notes, err := run(t, rec, nil)
	if err != nil || len(notes) != 1 || !strings.HasPrefix(notes[0], "b COMPRESS DEFLATE is left out: ") {
		t.Fatalf("%v %q", err, notes)
	}
	for _, d := range r.Differences {
		if d.Kind == compare.KindCommand {
			t.Error(d.Sentence)
		}
	}
}

func TestDestructive(t *testing.T) {
	rec := recorded(t, event.IMAP, short+`C: b SELECT x
		C: c STORE 1 +FLAGS (\Deleted)
		C: d STORE 1 -FLAGS (\Deleted)
		C: e UID STORE 1 FLAGS.SILENT (\Seen \deleted)
		C: f EXPUNGE
		C: g UID MOVE 1 y
		C: h DELETE y
		C: i CLOSE
		C: j EXAMINE x
		C: k CLOSE
		C: l FETCH 1 FLAGS`)
	got := ""
	for _, line := range Destructive(rec) {
		got += line[:1]
	}
	if got != "cefghi" {
		t.Errorf("destructive are %s", got)
	}
	rec = recorded(t, event.POP3, "S: +OK\nC: DELE 1\nS: +OK\nC: RETR 1\nS: -ERR")
	if got := Destructive(rec); len(got) != 1 || got[0] != "DELE 1" {
		t.Errorf("destructive are %q", got)
	}
}

// TestUIDsAreMapped holds that numbers follow what the answers tell, and only that.
func TestUIDsAreMapped(t *testing.T) {
	u := &uids{}
	u.at("").fetched(map[uint32]uint32{1: 10, 2: 20}, map[uint32]uint32{1: 110, 2: 120})
	u.at("").pair([]uint32{30, 40}, []uint32{130, 140})
	u.at("").pair([]uint32{50}, []uint32{1, 2})
	for in, want := range map[string]string{
		"a UID FETCH 10 FLAGS":            "a UID FETCH 110 FLAGS",
		"a uid store 10:20,40 +FLAGS (x)": "a uid store 110:120,140 +FLAGS (x)",
		"a UID FETCH 1:* FLAGS":           "a UID FETCH 1:* FLAGS",
		"a UID FETCH 10,50 FLAGS":         "a UID FETCH 10,50 FLAGS",
		"a FETCH 10 FLAGS":                "a FETCH 10 FLAGS",
	} {
		if got, why := u.mapped(&Turn{Data: []byte(in)}); string(got) != want || why != "" {
			t.Errorf("%q is mapped to %q, want %q", in, got, want)
		}
	}
}

// TestSCRAM is the example of RFC 7677 §3.
func TestSCRAM(t *testing.T) {
	x := newExchange("SCRAM-SHA-256", credentials{"user", "pencil"})
	x.step, x.nonce, x.bare = 1, "rOprNGfwEbeRWgbNEkqO", "n=user,r=rOprNGfwEbeRWgbNEkqO"
	got, err := x.next([]byte("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
	want := "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := x.next([]byte("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); err != nil {
		t.Error(err)
	}
	if _, err := x.next([]byte("v=AAAA")); err == nil {
		t.Error("a wrong signature is taken")
	}
}

// TestClientSpeed holds that the recorded client's pauses are kept: the command
// that came an hour later is sent an hour later.
func TestClientSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorded(t, event.IMAP, "S: * OK hi\nC: a NOOP\nS: a OK\nC: b NOOP\nS: b OK")
		for i := range rec.Turns {
			if rec.Turns[i].Tag == "b" {
				later := *rec.Turns[i].Event
				later.Time = later.Time.Add(time.Hour)
				rec.Turns[i].Event = &later
			}
		}
		for speed, want := range map[float64]time.Duration{0: 0, 1: time.Hour, 2: time.Hour / 2} {
			here, there := net.Pipe()
			go answering(there)
			began := time.Now()
			c := &Client{Recording: rec, ID: "BBBBBBBBBB", Speed: speed, Upstream: route.Endpoint{Proto: event.IMAP, Mode: route.Cleartext, Host: "h", Port: 143},
				Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }}
			r, err := c.Run(t.Context())
			if took := time.Since(began).Round(time.Second); err != nil || !r.Same || took != want {
				t.Errorf("at %gx it takes %v, want %v: %v %+v", speed, took, want, err, r)
			}
			there.Close()
		}
	})
}

// answering is a server that takes everything.
func answering(conn net.Conn) {
	conn.Write([]byte("* OK hi\r\n"))
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		tag, _, _ := strings.Cut(lines.Text(), " ")
		conn.Write([]byte(tag + " OK\r\n"))
	}
}
