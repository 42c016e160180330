package syntax

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what lines are read to")

// A line of testdata/*.txt: "C: " is a command and "S: " a response that is
// right, "C! " and "S! " one that is wrong; "utf8" before it says that UTF-8 is
// enabled. \r, \n, \0 and \xHH are escapes; the CRLF at the end is added. What
// it is read to follows, indented.
type line struct {
	wire  string
	utf8  bool
	side  byte
	wrong bool
}

func parseLine(text string) (l line, ok bool) {
	text, l.utf8 = strings.CutPrefix(text, "utf8 ")
	if len(text) < 4 || text[0] != 'C' && text[0] != 'S' || text[1] != ':' && text[1] != '!' || text[2] != ' ' {
		return l, false
	}
	l.side, l.wrong = text[0], text[1] == '!'
	l.wire = strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\0`, "\x00").Replace(text[3:]) + "\r\n"
	for {
		i := strings.Index(l.wire, `\x`)
		if i < 0 || i+4 > len(l.wire) {
			return l, true
		}
		n, err := strconv.ParseUint(l.wire[i+2:i+4], 16, 8)
		if err != nil {
			return l, true
		}
		l.wire = l.wire[:i] + string([]byte{byte(n)}) + l.wire[i+4:]
	}
}

// read says what a line is read to: the names, the data, the error.
func (l line) read(t *testing.T) (says string, err *Error) {
	t.Helper()
	m := whole(l.wire)
	m.UTF8 = l.utf8
	var data any
	if l.side == 'C' {
		c := Command(m)
		says, data, err = "  "+c.Tag+" "+c.Name, c.Data, c.Err
	} else {
		r := Response(m)
		says, data, err = strings.TrimRight("  "+r.Tag+" "+r.Name+r.Status+" "+r.Code, " "), r.Data, r.Err
	}
	if data != nil {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(data); err != nil {
			t.Errorf("%q: %v", l.wire, err)
		}
		says += "\n  " + strings.TrimSpace(b.String())
	}
	if err != nil {
		says += "\n  " + err.Error()
	}
	return says, err
}

// TestLines reads the lines of testdata, of every chapter and extension.
func TestLines(t *testing.T) {
	for _, file := range lineFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for text := range strings.Lines(string(raw)) {
				text = strings.TrimSuffix(text, "\n")
				if strings.HasPrefix(text, "  ") {
					continue
				}
				got = append(got, text)
				l, ok := parseLine(text)
				if !ok {
					continue
				}
				says, err := l.read(t)
				if l.wrong != (err != nil) {
					t.Errorf("%s: error is %v", text, err)
				}
				got = append(got, says)
			}
			golden := strings.Join(got, "\n") + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(golden), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if golden != string(raw) {
				t.Errorf("%s differs; run with -update and look at what changed:\n%s", file, difference(string(raw), golden))
			}
		})
	}
}

func lineFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no lines to read", err)
	}
	return files
}

// difference is the first lines that differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "want " + w[i] + "\ngot  " + g[i]
		}
	}
	return "one is longer"
}
