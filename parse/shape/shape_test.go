package shape

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mailtap/parse/imap/syntax"
)

// listed is the types that the page has.
func listed() map[string]bool {
	all := map[string]bool{}
	for _, s := range Sections() {
		for _, x := range s.Shapes {
			all[x.Type.String()] = true
		}
	}
	return all
}

// TestComplete holds that the page has every type with JSON fields of the
// packages that make data.
func TestComplete(t *testing.T) {
	have := listed()
	declared := regexp.MustCompile("(?m)^type ([A-Z]\\w+) struct \\{\n(?:.*\n)*?\\}")
	for _, dir := range []string{"imap/syntax", "pop3"} {
		files, err := os.ReadDir("../" + dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			raw, err := os.ReadFile("../" + dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllStringSubmatch(string(raw), -1) {
				name := dir[strings.LastIndex(dir, "/")+1:] + "." + m[1]
				if strings.Contains(m[0], "`json:") && !have[name] && !replaced[name] {
					t.Errorf("%s is data, and not on the page", name)
				}
			}
		}
	}
}

// replaced are the grammar's own readings, in place of which an event has the
// session's: who logs in, and how.
var replaced = map[string]bool{"syntax.LoginArgs": true, "syntax.AuthenticateArgs": true}

// TestShape looks at one of them.
func TestShape(t *testing.T) {
	for _, s := range Sections()[0].Shapes {
		if s.Type == reflect.TypeFor[syntax.SelectArgs]() {
			if got := strings.Join(s.Names, " ") + ": " + s.Fields; got != "SELECT EXAMINE: mailbox: Mailbox, condstore: true, annotate: true, qresync: QResyncArgs, other: [Option]" {
				t.Errorf("SELECT has %q", got)
			}
			return
		}
	}
	t.Error("SELECT is not on the page")
}
