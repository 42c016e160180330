package replay

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"mailtap/parse/event"
)

// both plays two sessions of the same commands into learn, as recorded and as
// they came now.
func both(t *testing.T, proto event.Proto, then, now string, learn func(then, now *answer)) *Recording {
	t.Helper()
	rec := recorded(t, proto, then)
	a, b := answers(rec), answers(recorded(t, proto, now))
	left, right := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	if len(left) != len(right) {
		t.Fatalf("%d commands and %d", len(left), len(right))
	}
	for i := range left {
		if a[left[i]].completion != nil && b[right[i]].completion != nil {
			learn(a[left[i]], b[right[i]])
		}
	}
	return rec
}

// last is the last command of a recording.
func last(rec *Recording) *Turn {
	for i := len(rec.Turns) - 1; i >= 0; i-- {
		if t := &rec.Turns[i]; t.sent() && t.Kind == event.KindCommand {
			return t
		}
	}
	return nil
}

// TestUIDs: what the answers tell of UIDs, and that nothing is deleted that may
// be another message.
func TestUIDs(t *testing.T) {
	const login = "S: * OK hi\nC: a LOGIN alice x\nS: a OK\n"
	selects := func(validity, exists string) string {
		return "C: b SELECT INBOX\nS: * " + exists + " EXISTS\nS: * OK [UIDVALIDITY " + validity + "] ok\nS: b OK\n"
	}
	for _, tt := range []struct {
		name, then, now, command, want string
	}{
		{"APPENDUID", "C: c APPEND inbox {1+}\nC: x\nS: c OK [APPENDUID 7 30] done\n" + selects("7", "1"), "C: c APPEND inbox {1+}\nC: x\nS: c OK [APPENDUID 8 90] done\n" + selects("8", "1"),
			`d UID STORE 30 +FLAGS (\Deleted)`, `d UID STORE 90 +FLAGS (\Deleted)`},
		{"APPENDUID of another mailbox", "C: c APPEND Sent {1+}\nC: x\nS: c OK [APPENDUID 7 30] done\n" + selects("7", "1"), "C: c APPEND Sent {1+}\nC: x\nS: c OK [APPENDUID 8 90] done\n" + selects("8", "1"),
			`d UID STORE 30 +FLAGS (\Deleted)`, ""},
		{"COPYUID", "C: c UID COPY 3:4 INBOX\nS: c OK [COPYUID 7 3:4 30:31] done\n" + selects("7", "1"), "C: c UID COPY 3:4 INBOX\nS: c OK [COPYUID 8 3:4 90,95] done\n" + selects("8", "1"),
			`d UID EXPUNGE 30:31`, `d UID EXPUNGE 90,95`},
		{"COPYUID of MOVE", "C: c UID MOVE 3 INBOX\nS: * OK [COPYUID 7 3 30] done\nS: c OK\n" + selects("7", "1"), "C: c UID MOVE 3 INBOX\nS: * OK [COPYUID 8 3 90] done\nS: c OK\n" + selects("8", "1"),
			`d UID FETCH 30 FLAGS`, `d UID FETCH 90 FLAGS`},
		{"ESEARCH", selects("7", "2") + "C: c UID SEARCH RETURN (ALL) ALL\nS: * ESEARCH (TAG \"c\") UID ALL 5:6\nS: c OK\n", selects("8", "2") + "C: c UID SEARCH RETURN (ALL) ALL\nS: * ESEARCH (TAG \"c\") UID ALL 15,17\nS: c OK\n",
			`d UID STORE 5:6 +FLAGS (\Deleted)`, `d UID STORE 15,17 +FLAGS (\Deleted)`},
		{"unknown, to read", selects("7", "2"), selects("8", "2"), `d UID FETCH 5 BODY[]`, `d UID FETCH 5 BODY[]`},
		{"unknown, to delete", selects("7", "2"), selects("8", "2"), `d UID STORE 5 +FLAGS (\Deleted)`, ""},
		{"unknown, in the same mailbox", selects("7", "2"), selects("7", "2"), `d UID STORE 5 +FLAGS (\Deleted)`, `d UID STORE 5 +FLAGS (\Deleted)`},
		{"a range to delete", selects("7", "2") + "C: c UID SEARCH ALL\nS: * SEARCH 5 9\nS: c OK\n", selects("8", "2") + "C: c UID SEARCH ALL\nS: * SEARCH 15 99\nS: c OK\n",
			`d UID EXPUNGE 5:9`, `d UID EXPUNGE 15,99`},
		{"all to delete", selects("7", "2"), selects("8", "2"), `d UID EXPUNGE 1:*`, ""},
		{"by sequence number", selects("7", "2"), selects("8", "2"), `d STORE 2 +FLAGS (\Deleted)`, `d STORE 2 +FLAGS (\Deleted)`},
		{"by sequence number in another mailbox", selects("7", "2"), selects("8", "3"), `d STORE 2 +FLAGS (\Deleted)`, ""},
		{"flags by sequence number", selects("7", "2"), selects("8", "3"), `d STORE 2 +FLAGS (\Seen)`, `d STORE 2 +FLAGS (\Seen)`},
	} {
		var u uids
		rec := both(t, event.IMAP, login+tt.then+"C: "+tt.command, login+tt.now+"C: "+tt.command, u.learn)
		data, why := u.mapped(last(rec))
		if got := strings.TrimSpace(string(data)); got != tt.want || (why == "") != (tt.want != "") {
			t.Errorf("%s: %q (%s), want %q", tt.name, got, why, tt.want)
		}
	}
}

// TestMaildrop: messages are found by their unique-ids, and none is deleted
// that may be another.
func TestMaildrop(t *testing.T) {
	const login = "S: +OK hi\nC: USER alice\nS: +OK\nC: PASS x\nS: +OK\n"
	listing := func(command, lines string) string {
		return "C: " + command + "\nS: +OK\nS: " + strings.ReplaceAll(lines, ", ", "\nS: ") + "\nS: .\n"
	}
	for _, tt := range []struct {
		name, then, now, command, want string
	}{
		{"unique-ids", listing("UIDL", "1 aa, 2 bb"), listing("UIDL", "1 xx, 2 aa, 3 bb"), "DELE 2", "DELE 3"},
		{"unique-ids, to read", listing("UIDL", "1 aa, 2 bb"), listing("UIDL", "1 xx, 2 aa"), "TOP 1 5", "TOP 2 5"},
		{"one that is gone", listing("UIDL", "1 aa, 2 bb"), listing("UIDL", "1 aa, 2 cc"), "DELE 2", ""},
		{"one that is gone, of the same size", listing("UIDL", "1 aa, 2 bb") + listing("LIST", "1 5, 2 6"), listing("UIDL", "1 aa, 2 cc") + listing("LIST", "1 5, 2 6"), "DELE 2", ""},
		{"another server with the same messages", listing("UIDL", "1 aa, 2 bb") + listing("LIST", "1 5, 2 6"), listing("UIDL", "1 x, 2 y") + listing("LIST", "1 5, 2 6"), "DELE 2", "DELE 2"},
		{"other sizes", listing("LIST", "1 5, 2 6"), listing("LIST", "1 5, 2 7"), "DELE 2", ""},
		{"more messages", listing("LIST", "1 5, 2 6"), listing("LIST", "1 5, 2 6, 3 6"), "DELE 2", ""},
		{"read before", "C: RETR 1\nS: +OK\nS: a: b\nS: .\n", "C: RETR 1\nS: +OK 6 octets\nS: a: b\nS: .\n", "DELE 1", "DELE 1"},
		{"another text was read", "C: RETR 1\nS: +OK\nS: a: b\nS: .\n", "C: RETR 1\nS: +OK\nS: a: bc\nS: .\n", "DELE 1", ""},
		{"nothing is known", "", "", "DELE 1", ""},
		{"nothing is known, to read", "", "", "RETR 1", "RETR 1"},
		{"no number", "", "", "STAT", "STAT"},
	} {
		var m maildrop
		rec := both(t, event.POP3, login+tt.then+"C: "+tt.command, login+tt.now+"C: "+tt.command, func(then, now *answer) {
			m.then.learn(then)
			m.now.learn(now)
		})
		data, why := m.mapped(last(rec))
		if got := strings.TrimSpace(string(data)); got != tt.want || (why == "") != (tt.want != "") {
			t.Errorf("%s: %q (%s), want %q", tt.name, got, why, tt.want)
		}
	}
}
