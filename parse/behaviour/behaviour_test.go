package behaviour_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailtap/parse"
	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// seer is a sink that shows events to accounts.
type seer struct{ accounts *behaviour.Accounts }

func (s seer) Octets(*wire.Octets)  {}
func (s seer) Event(e *event.Event) { s.accounts.See(e) }

// script is a session that is played: lines that begin with "C: " and "S: ".
type script struct {
	wire.Session
	sink *closing
	now  time.Time
}

type closing struct {
	wire.Sink
	summary string
}

func (c *closing) Event(e *event.Event) {
	if e.Close != nil {
		c.summary = e.Close.Summary
	}
	c.Sink.Event(e)
}

func begin(id string, proto event.Proto, client string, accounts *behaviour.Accounts) *script {
	sink := &closing{Sink: seer{accounts}}
	s := &script{Session: parse.New(proto, wire.Options{ID: id, Sink: sink}), sink: sink, now: time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)}
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: s.now, Route: &event.Route{Upstream: proto.String() + "s://" + strings.TrimSuffix(proto.String(), "3") + ".example.org:993", Client: client}})
	return s
}

func (s *script) play(lines string) {
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		side, text, _ := strings.Cut(strings.TrimLeft(line, "\t"), ": ")
		s.now = s.now.Add(time.Millisecond)
		s.Feed(event.ParseSide(strings.ToLower(side)), []byte(text+"\r\n"), s.now, nil)
	}
}

// end closes the session and gives what it did.
func (s *script) end() string {
	s.EOF(event.SideClient, s.now)
	s.EOF(event.SideServer, s.now)
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: s.now, Close: &event.Close{By: event.SideClient}})
	s.Close()
	return s.sink.summary
}

const popLogin = `S: +OK ready
	C: USER alice
	S: +OK
	C: PASS x
	S: +OK
	`

const imapLogin = `S: * OK ready
	C: a LOGIN alice x
	S: a OK in
	`

func TestSummary(t *testing.T) {
	for _, tt := range []struct {
		name  string
		proto event.Proto
		lines string
		want  string
	}{
		{"taken away", event.POP3, popLogin + `C: STAT
			S: +OK 2 300
			C: RETR 1
			S: +OK
			S: Subject: a
			S: ` + `
			S: .
			C: DELE 1
			S: +OK
			C: RETR 2
			S: +OK
			S: Subject: b
			S: ` + `
			S: .
			C: DELE 2
			S: +OK
			C: QUIT
			S: +OK`, "the maildrop has 2 messages; downloaded all of them (28 bytes) and deleted them from the server: no other device finds them there any more"},
		{"left there", event.POP3, popLogin + `C: UIDL
			S: +OK
			S: 1 u1
			S: 2 u2
			S: .
			C: RETR 2
			S: +OK
			S: Subject: b
			S: ` + `
			S: .
			C: QUIT
			S: +OK`, "the maildrop has 2 messages; downloaded 1 message (14 bytes) and left it on the server: other devices still find it there; by UIDL the client knows which it has"},
		{"no quit", event.POP3, popLogin + `C: DELE 1
			S: +OK`, "downloaded nothing and marked 1 message for deletion, but left without QUIT: nothing was deleted"},
		{"taken back", event.POP3, popLogin + `C: DELE 1
			S: +OK
			C: RSET
			S: +OK
			C: QUIT
			S: +OK`, "downloaded nothing and left everything on the server"},
		{"empty", event.POP3, popLogin + `C: UIDL
			S: +OK
			S: .
			C: QUIT
			S: +OK`, "the maildrop is empty: nothing to download"},
		{"one of a list is not all", event.POP3, popLogin + `C: LIST 2
			S: +OK 2 200
			C: QUIT
			S: +OK`, "downloaded nothing and left everything on the server"},
		{"refused", event.POP3, `S: +OK ready
			C: USER alice
			S: +OK
			C: PASS x
			S: -ERR no`, "nobody logged in: 1 login was refused"},
		{"on demand", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 5 EXISTS
			S: b OK [READ-WRITE] done
			C: c FETCH 1 BODY[]
			S: * 1 FETCH (BODY[] "hello")
			S: c OK done`, "opened INBOX (5 messages) and fetched 1 whole message on demand (5 bytes); all mail stays on the server, where other devices find it"},
		{"offline", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 3 EXISTS
			S: b OK [READ-WRITE] done
			C: c FETCH 1:3 BODY[]
			S: * 1 FETCH (BODY[] "a")
			S: * 2 FETCH (BODY[] "b")
			S: * 3 FETCH (BODY[] "c")
			S: c OK done`, "opened INBOX (3 messages) and fetched 3 whole messages for offline use, all there are (3 bytes); all mail stays on the server, where other devices find it"},
		{"flags and folders", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 3 EXISTS
			S: b OK [READ-WRITE] done
			C: c STORE 1 +FLAGS (\Deleted)
			S: * 1 FETCH (FLAGS (\Deleted))
			S: c OK done
			C: d EXPUNGE
			S: * 1 EXPUNGE
			S: d OK done
			C: e CREATE Ferien
			S: e OK done`, "opened INBOX (3 messages), marked 1 message as deleted, deleted 1 message for every device and made the mailbox Ferien"},
		{"others' messages", event.POP3, popLogin + `C: STAT
			S: +OK 3 300
			C: RETR 3
			S: +OK
			S: x
			S: .
			C: DELE 1
			S: +OK
			C: DELE 3
			S: +OK
			C: QUIT
			S: +OK`, "the maildrop has 3 messages; downloaded 1 message (3 bytes) and deleted 2 messages from the server (1 of them was not downloaded now): no other device finds them there any more"},
		{"QUIT is refused", event.POP3, popLogin + `C: DELE 1
			S: +OK
			C: QUIT
			S: -ERR some deleted messages not removed`, "downloaded nothing and marked 1 message for deletion; the server refused QUIT, and may have kept it"},
		{"deleted unseen", event.POP3, popLogin + `C: DELE 1
			S: +OK
			C: QUIT
			S: +OK`, "downloaded nothing and deleted 1 message from the server without downloading it: no other device finds it there any more"},
		{"header and text", event.IMAP, imapLogin + `C: b SELECT "a box"
			S: * 5 EXISTS
			S: b OK [READ-WRITE] done
			C: c FETCH 1 RFC822.HEADER
			S: * 1 FETCH (RFC822.HEADER "ab")
			S: c OK done
			C: d FETCH 1 BODY.PEEK[TEXT]
			S: * 1 FETCH (BODY[TEXT] "c")
			S: d OK done`, "opened \"a box\" (5 messages), looked at the headers of 1 message and fetched 1 whole message on demand (3 bytes); all mail stays on the server, where other devices find it"},
		{"in pieces", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 2 EXISTS
			S: b OK [READ-WRITE] done
			C: c UID FETCH 7 (BODY.PEEK[]<0.2>)
			S: * 2 FETCH (UID 7 BODY[]<0> "ab")
			S: c OK done
			C: d UID FETCH 7 (BODY.PEEK[]<2.2>)
			S: * 2 FETCH (UID 7 BODY[]<2> "c")
			S: d OK done`, "opened INBOX (2 messages) and fetched parts of 1 message on demand; all mail stays on the server, where other devices find it"},
		{"reading marks as read", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 2 EXISTS
			S: b OK [READ-WRITE] done
			C: c FETCH 2 BODY[TEXT]
			S: * 2 FETCH (FLAGS (\Seen) BODY[TEXT] "c")
			S: c OK done`, "opened INBOX (2 messages), fetched parts of 1 message on demand and marked 1 message as read; all mail stays on the server, where other devices find it"},
		{"CLOSE removes what is marked", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 4 EXISTS
			S: b OK [READ-WRITE] done
			C: c STORE 1:3 +FLAGS.SILENT (\Deleted)
			S: c OK done
			C: d STORE 3 -FLAGS.SILENT (\Deleted)
			S: d OK done
			C: e CLOSE
			S: e OK done`, "opened INBOX (4 messages), marked 3 messages as deleted, marked 1 message as not deleted and deleted 2 messages for every device"},
		{"moved and copied", event.IMAP, imapLogin + `C: b SELECT INBOX
			S: * 4 EXISTS
			S: b OK [READ-WRITE] done
			C: c UID MOVE 1:* Trash
			S: * OK [COPYUID 1 11:13 1:3] moved
			S: * 1 EXPUNGE
			S: * 1 EXPUNGE
			S: * 1 EXPUNGE
			S: c OK done
			C: d COPY 1 Archive
			S: d OK [COPYUID 1 14 1] done`, "opened INBOX (4 messages), moved 3 messages to Trash and copied 1 message to Archive"},
		{"refused select counts for nothing", event.IMAP, imapLogin + `C: b SELECT Nowhere
			S: b NO [NONEXISTENT] no`, "logged in and did nothing with the mail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := begin("S1", tt.proto, "192.0.2.1:5000", &behaviour.Accounts{})
			s.play(tt.lines)
			if got := s.end(); got != tt.want {
				t.Errorf("the summary is\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

// TestAccount plays an IMAP device that waits, an IMAP device that sets a flag,
// and a POP3 device that takes the mail away.
func TestAccount(t *testing.T) {
	var accounts behaviour.Accounts
	phone := begin("PHONE", event.IMAP, "192.0.2.1:5000", &accounts)
	phone.play(imapLogin + `C: b SELECT INBOX
		S: * 1 EXISTS
		S: b OK [READ-WRITE] done
		C: c IDLE
		S: + idling`)
	laptop := begin("LAPTOP", event.IMAP, "192.0.2.2:5000", &accounts)
	laptop.play(imapLogin + `C: b SELECT INBOX
		S: b OK [READ-WRITE] done
		C: c STORE 1 +FLAGS (\Flagged)
		S: * 1 FETCH (FLAGS (\Flagged))
		S: c OK done`)
	phone.play(`S: * 1 FETCH (FLAGS (\Flagged))`)
	pop := begin("POP", event.POP3, "192.0.2.3:5000", &accounts)
	pop.play(popLogin + `C: RETR 1
		S: +OK
		S: x
		S: .
		C: DELE 1
		S: +OK
		C: QUIT
		S: +OK`)
	pop.end()
	phone.play(`S: * 1 EXPUNGE`)
	laptop.end()
	phone.end()

	list := accounts.List()
	if len(list) != 1 {
		t.Fatalf("%d accounts, want one: imap.example.org and pop.example.org are one provider's", len(list))
	}
	a := list[0]
	if a.User != "alice" || a.Server != "example.org" || len(a.Devices) != 3 || len(a.Visits) != 3 {
		t.Errorf("account %s at %s with %d devices and %d sessions", a.User, a.Server, len(a.Devices), len(a.Visits))
	}
	var signs []string
	for _, s := range a.Signs {
		signs = append(signs, s.Sentence)
	}
	for _, want := range []string{
		"several IMAP sessions are open at once",
		"what the IMAP session LAPTOP marked as flagged in INBOX, the IMAP session PHONE sees so too",
		"1 message that the POP3 session POP took out of INBOX vanishes from the IMAP session PHONE",
	} {
		if !strings.Contains(strings.Join(signs, "\n"), want) {
			t.Errorf("no sign that %s; there is\n%s", want, strings.Join(signs, "\n"))
		}
	}
}

// TestNoSignOfOnesOwn: what a session did itself proves nothing.
func TestNoSignOfOnesOwn(t *testing.T) {
	var accounts behaviour.Accounts
	s := begin("ONE", event.IMAP, "192.0.2.1:5000", &accounts)
	s.play(imapLogin + `C: b SELECT INBOX
		S: b OK [READ-WRITE] done
		C: c STORE 1 +FLAGS.SILENT (\Deleted)
		S: c OK done
		S: * 1 FETCH (FLAGS (\Deleted))
		C: d EXPUNGE
		S: * 1 EXPUNGE
		S: d OK done
		S: * 1 EXPUNGE`)
	s.end()
	if signs := accounts.List()[0].Signs; len(signs) != 0 {
		t.Errorf("signs %+v of one session alone", signs)
	}
}

// TestAccountsStayLight: what is kept of a session that is over does not grow
// with the messages that it saw.
func TestAccountsStayLight(t *testing.T) {
	var uidl strings.Builder
	uidl.WriteString("S: +OK\nC: USER alice\nS: +OK\nC: PASS x\nS: +OK\nC: UIDL\nS: +OK\n")
	for i := range 200 {
		fmt.Fprintf(&uidl, "S: %d unique-id-of-message-%d\n", i+1, i+1)
	}
	uidl.WriteString("S: .\nC: QUIT\nS: +OK")
	var accounts behaviour.Accounts
	play := func(sessions int) uint64 {
		for i := range sessions {
			s := begin(fmt.Sprintf("S%09d", i), event.POP3, "192.0.2.1:5000", &accounts)
			s.play(uidl.String())
			s.end()
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const sessions = 300
	before := play(10)
	if each := (int64(play(sessions)) - int64(before)) / sessions; each > 4<<10 {
		t.Errorf("%d octets are kept of a session", each)
	}
	if n := len(accounts.List()[0].Visits); n != sessions+10 {
		t.Errorf("%d sessions", n)
	}
}
