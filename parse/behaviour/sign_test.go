package behaviour_test

import (
	"slices"
	"strings"
	"testing"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
)

const opened = `C: b SELECT INBOX
	S: * 4 EXISTS
	S: b OK [READ-WRITE] done
	`

func signs(a *behaviour.Accounts) []string {
	var list []string
	for _, acc := range a.List() {
		for _, s := range acc.Signs {
			if s.Sentence != "several IMAP sessions are open at once, and none keeps another out" {
				list = append(list, s.Sentence)
			}
		}
	}
	return list
}

// What looks like another session's doing, and is not.
func TestNoFalseSign(t *testing.T) {
	for _, tt := range []struct{ name, one, other string }{
		{"another message's flags", "C: c UID STORE 3 +FLAGS.SILENT (\\Flagged)\nS: c OK done", "S: * 2 FETCH (UID 2 FLAGS (\\Flagged))"},
		{"other flags", "C: c UID STORE 3 +FLAGS.SILENT (\\Flagged)\nS: c OK done", "S: * 3 FETCH (FLAGS (\\Seen))"},
		{"flags that are still there", "C: c UID STORE 3 -FLAGS.SILENT (\\Flagged)\nS: c OK done", "S: * 3 FETCH (UID 3 FLAGS (\\Flagged))"},
		{"a STORE that failed", "C: c UID STORE 3 +FLAGS (\\Flagged)\nS: c NO no", "S: * 3 FETCH (UID 3 FLAGS (\\Flagged))"},
		{"asked for, without a UID", "C: c STORE 3 +FLAGS.SILENT (\\Flagged)\nS: c OK done", "C: c FETCH 3 FLAGS\nS: * 3 FETCH (FLAGS (\\Flagged))\nS: c OK done"},
		{"another mailbox", "C: c APPEND Sent {1+}\nC: x\nS: c OK done", "C: c NOOP\nS: * 5 EXISTS\nS: c OK done"},
		{"nothing was taken", "C: c EXPUNGE\nS: c OK done", "C: c NOOP\nS: * 1 EXPUNGE\nS: c OK done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var accounts behaviour.Accounts
			one := begin("ONE", event.IMAP, "192.0.2.1:5000", &accounts)
			other := begin("OTHER", event.IMAP, "192.0.2.2:5000", &accounts)
			one.play(imapLogin + opened + tt.one)
			other.play(imapLogin + opened + tt.other)
			one.end()
			other.end()
			if got := signs(&accounts); len(got) > 0 {
				t.Errorf("there are signs %q", got)
			}
		})
	}
}

// More vanishes than was taken: what somebody else took is not told of.
func TestVanishedIsCounted(t *testing.T) {
	var accounts behaviour.Accounts
	one := begin("ONE", event.IMAP, "192.0.2.1:5000", &accounts)
	other := begin("OTHER", event.IMAP, "192.0.2.2:5000", &accounts)
	other.play(imapLogin + opened)
	one.play(imapLogin + opened + `C: c STORE 1:2 +FLAGS.SILENT (\Deleted)
		S: c OK done
		C: d EXPUNGE
		S: * 1 EXPUNGE
		S: * 1 EXPUNGE
		S: d OK done`)
	other.play(`C: c NOOP
		S: * 1 EXPUNGE
		S: * 1 EXPUNGE
		S: * 1 EXPUNGE
		S: c OK done`)
	want := []string{"2 messages that the IMAP session ONE took out of INBOX vanish from the IMAP session OTHER"}
	if got := signs(&accounts); !slices.Equal(got, want) {
		t.Errorf("signs %q, want %q", got, want)
	}
	if got, want := other.end(), "opened INBOX (4 messages) and was told that 3 messages were removed"; got != want {
		t.Errorf("it did %q, want %q", got, want)
	}
}

// What POP3 takes away the next IMAP session misses; what it leaves it finds.
func TestInTurn(t *testing.T) {
	const all = "C: STAT\nS: +OK 4 400\nC: RETR 1\nS: +OK\nS: x\nS: .\n"
	for _, tt := range []struct{ pop, exists, want, verdict string }{
		{"C: DELE 1\nS: +OK\nC: QUIT\nS: +OK", "3",
			"the IMAP session THEN finds 3 messages in INBOX: the POP3 session FIRST took out 1 message", "What POP3 took away is gone for IMAP too: it is the same mailbox."},
		{"C: DELE 1\nS: +OK", "4", "", ""},
		{"C: QUIT\nS: +OK", "4",
			"the IMAP session THEN still finds 4 messages in INBOX: the POP3 session FIRST downloaded 1 message and left it there", ""},
		{"C: QUIT\nS: +OK", "5", "", ""},
	} {
		var accounts behaviour.Accounts
		first := begin("FIRST", event.POP3, "192.0.2.1:5000", &accounts)
		first.play(popLogin + all + tt.pop)
		first.end()
		then := begin("THEN", event.IMAP, "192.0.2.2:5000", &accounts)
		then.play(imapLogin + "C: b SELECT INBOX\nS: * " + tt.exists + " EXISTS\nS: b OK done")
		then.end()
		if got := strings.Join(signs(&accounts), "\n"); got != tt.want {
			t.Errorf("signs %q, want %q", got, tt.want)
		}
		acc := accounts.List()[0]
		if got := acc.Verdict(); !strings.Contains(got, tt.verdict) || tt.verdict == "" && strings.Contains(got, "gone for IMAP") {
			t.Errorf("the verdict is %q, want %q", got, tt.verdict)
		}
		if rows := acc.Rows(); len(rows) == 0 || rows[0].POP3 != "1, 1" || rows[0].IMAP != "1, 1" {
			t.Errorf("rows %+v", rows)
		}
	}
}

// A session that has taken leave is not there any more, though its connection is.
func TestOneAfterTheOther(t *testing.T) {
	for quits, want := range map[bool]string{true: "1", false: "up to 2 (this server allows it)"} {
		var accounts behaviour.Accounts
		first := begin("FIRST", event.POP3, "192.0.2.1:5000", &accounts)
		first.play(popLogin)
		if quits {
			first.play("C: QUIT\nS: +OK")
		}
		then := begin("THEN", event.POP3, "192.0.2.1:5001", &accounts)
		then.now = first.now
		then.play(popLogin)
		first.now = then.now.Add(1)
		then.play("C: NOOP\nS: +OK")
		first.end()
		then.end()
		imap := begin("IMAP", event.IMAP, "192.0.2.1:5002", &accounts)
		imap.play(imapLogin)
		imap.end()
		if rows := accounts.List()[0].Rows(); rows[1].POP3 != want {
			t.Errorf("with QUIT %v: %+v, want %q", quits, rows[1], want)
		}
	}
}

// A POP3 session that is kept out belongs to the account whose name it gave.
func TestInUse(t *testing.T) {
	var accounts behaviour.Accounts
	holder := begin("HOLDER", event.POP3, "192.0.2.1:5000", &accounts)
	holder.play(popLogin)
	late := begin("LATE", event.POP3, "192.0.2.2:5000", &accounts)
	late.play(`S: +OK ready
		C: USER alice
		S: +OK
		C: PASS x
		S: -ERR [IN-USE] maildrop is locked`)
	if got, want := late.end(), "nobody logged in: another session has the maildrop, and POP3 lets in one at a time"; got != want {
		t.Errorf("it did %q, want %q", got, want)
	}
	holder.end()
	want := []string{"the POP3 session LATE is kept out while the POP3 session HOLDER is open: the server lets in one POP3 session at a time"}
	if got := signs(&accounts); !slices.Equal(got, want) || len(accounts.List()) != 1 {
		t.Errorf("%d accounts, signs %q, want %q", len(accounts.List()), got, want)
	}
}

// Devices are told apart by address, name and TLS; a name that comes late is
// that of the device that was there.
func TestDevices(t *testing.T) {
	var accounts behaviour.Accounts
	for _, d := range []struct {
		proto              event.Proto
		address, hello, id string
	}{
		{event.POP3, "192.0.2.1:1", "aaaa", ""},
		{event.IMAP, "192.0.2.1:2", "aaaa", "Mail"},
		{event.POP3, "192.0.2.1:3", "bbbb", ""},
		{event.POP3, "192.0.2.1:4", "", ""},
		{event.IMAP, "192.0.2.2:5", "aaaa", ""},
		{event.IMAP, "192.0.2.1:6", "cccc", "Mail"},
	} {
		s := begin("S"+d.address, d.proto, d.address, &accounts)
		if d.hello != "" {
			s.Emit(&event.Event{Kind: event.KindTLS, Time: s.now, TLS: &event.TLS{Side: event.SideClient, Hello: d.hello}})
		}
		if d.proto == event.POP3 {
			s.play(popLogin)
		} else {
			s.play(imapLogin)
		}
		if d.id != "" {
			s.play(`C: i ID ("name" "` + d.id + `")` + "\nS: i OK done\nC: n NOOP\nS: n OK done")
		}
		s.end()
	}
	var got []string
	for _, d := range accounts.List()[0].Devices {
		got = append(got, d.Name+": "+strings.Join(d.Titles(), "+"))
	}
	want := []string{"Mail at 192.0.2.1: POP3+IMAP", "192.0.2.1 (TLS client bbbb): POP3", "192.0.2.1 (without TLS): POP3", "192.0.2.2: IMAP"}
	if !slices.Equal(got, want) {
		t.Errorf("devices %q, want %q", got, want)
	}
	for _, v := range accounts.List()[0].Visits[:2] {
		if v.Device != "Mail at 192.0.2.1" {
			t.Errorf("session %s is of %q", v.Session, v.Device)
		}
	}
}
