package captures_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/captures"
	"mailtap/captures/export"
	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

// What Dovecot 2.3 logged of a session is read as one, whichever file of the
// pair is named, and written again octet for octet.
func TestRawlog(t *testing.T) {
	for _, c := range []struct {
		name  string
		proto event.Proto
		want  []string
	}{
		{"imap", event.IMAP, []string{"APPEND", "SELECT", "FETCH", "LOGOUT"}},
		{"pop3", event.POP3, []string{"RETR", "QUIT"}},
	} {
		for _, end := range []string{".in", ".out"} {
			r, err := captures.Open(filepath.Join("testdata", "rawlog", c.name+end))
			if err != nil {
				t.Fatal(err)
			}
			var commands []string
			err = r.Walk(func(item wire.Item) error {
				e := item.Event
				if e != nil && (strings.Contains(explain.Note(e), "allowed") || strings.Contains(explain.Note(e), "no command waits")) {
					t.Errorf("%s: %s: the login came before, but %q", c.name, e.Text, explain.Note(e))
				}
				if e != nil && e.Kind == event.KindFinding && strings.HasPrefix(e.Finding.ID, "starttls.") {
					t.Errorf("%s: finding %s", c.name, e.Finding.ID)
				}
				if e != nil && e.Kind == event.KindCommand {
					commands = append(commands, e.Name)
				} else if e != nil && e.Context.Proto != c.proto {
					t.Errorf("%s: an event of %v", c.name, e.Context.Proto)
				}
				return nil
			})
			if err != nil || strings.Join(commands, " ") != strings.Join(c.want, " ") {
				t.Errorf("%s%s: %v, %v", c.name, end, commands, err)
			}
			sessions, err := r.Sessions()
			if err != nil || len(sessions) != 1 || sessions[0].Octets[0] == 0 || sessions[0].Octets[1] == 0 {
				t.Errorf("%s: sessions %+v, %v", c.name, sessions, err)
			}
			path := filepath.Join(t.TempDir(), "raw")
			if _, err := export.Raw(r, path); err != nil {
				t.Fatal(err)
			}
			r.Close()
			for raw, log := range map[string]string{".client": ".in", ".server": ".out"} {
				want := ""
				text, _ := os.ReadFile(filepath.Join("testdata", "rawlog", c.name+log))
				for line := range strings.Lines(string(text)) {
					_, line, _ = strings.Cut(line, " ")
					want += line
				}
				if got, err := os.ReadFile(path + raw); err != nil || string(got) != want {
					t.Errorf("%s%s: %q, %v; want %q", c.name, raw, got, err, want)
				}
			}
		}
	}
}

// A whole session that was exported as a rawlog is read as that.
func TestRawlogWhole(t *testing.T) {
	for name, pair := range map[string][2]string{
		"imap": {"1795461238.694990 a LOGIN alice secret\r\n1795461238.694994 b NOOP\r\n", "1795461238.694980 * OK hi\r\n1795461238.694992 a OK in\r\n1795461238.694995 b OK\r\n"},
		"pop3": {"1795461238.694990 USER alice\r\n1795461238.694994 PASS secret\r\n", "1795461238.694980 +OK hi\r\n1795461238.694992 +OK\r\n1795461238.694995 +OK in\r\n"},
	} {
		base := filepath.Join(t.TempDir(), name)
		for i, end := range []string{".in", ".out"} {
			if err := os.WriteFile(base+end, []byte(pair[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var first *event.Event
		user := ""
		for _, item := range walkAll(t, base+".in") {
			switch e := item.Event; {
			case e == nil:
			case e.Kind == event.KindGap:
				t.Errorf("%s: %s", name, e.Text)
			case e.Kind.Protocol():
				if first == nil {
					first = e
				}
				user = e.User
			}
		}
		if first == nil || first.Kind != event.KindGreeting || first.State.LoggedIn() || user != "alice" {
			t.Errorf("%s: begins with %+v, user %q", name, first, user)
		}
	}
}

// Half of a pair is said to be that; other files with such names are not taken for one.
func TestRawlogHalf(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{"a.in": "half of a Dovecot rawlog"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("1795461238.694990 a NOOP\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := captures.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
