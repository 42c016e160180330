package syntax

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// FuzzSyntax holds that nothing panics, that an Error lies inside the message
// and comes from the first half of it when both say so, and that what was read
// can be shown as JSON.
func FuzzSyntax(f *testing.F) {
	for _, file := range lineFiles(f) {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for text := range strings.Lines(string(raw)) {
			if l, ok := parseLine(strings.TrimSuffix(text, "\n")); ok {
				f.Add([]byte(l.wire), uint8(0), uint8(0))
			}
		}
	}
	f.Add([]byte("a LOGIN alice ******\r\n"), uint8(14), uint8(6))
	f.Fuzz(func(t *testing.T, wire []byte, off, n uint8) {
		m, _, _ := message(wire)
		if n > 0 && int(off)+int(n) <= len(m.Data) {
			m.Masked = []Span{{int(off), int(n)}}
		}
		cmd, resp := Command(m), Response(m)
		for _, err := range []*Error{cmd.Err, resp.Err} {
			if err != nil && (err.Offset < 0 || err.Offset > len(m.Data) || err.Rule == "" || err.Want == "" || err.Got == "") {
				t.Errorf("%q: %+v", wire, err)
			}
		}
		for _, data := range []any{cmd.Data, resp.Data} {
			if _, err := json.Marshal(data); err != nil {
				t.Errorf("%q: %v", wire, err)
			}
		}
	})
}
