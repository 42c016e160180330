package control

import (
	"strings"
	"testing"

	"mailtap/parse/event"
)

// A mark that one viewer sets reaches all of them, and changes nothing of what
// is said of the session.
func TestMarks(t *testing.T) {
	h := NewHistory(0)
	opened := openEvent("A")
	seq := opened.Event.Seq
	write(t, h, opened)
	l, _ := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	stream, err := c.Events(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	before := h.Sessions()[0]
	for _, text := range []string{"look \x1b[2J here", event.MarkAlone, ""} {
		recorded, err := c.Mark(t.Context(), "A", seq, text)
		if err != nil || !recorded {
			t.Errorf("Mark(%q) = %v, %v", text, recorded, err)
		}
	}
	events, _ := next(t, stream, 4)
	var got []string
	for _, e := range events[1:] {
		if e.Kind != event.KindMark || e.Session != "A" || e.After != seq {
			t.Errorf("got %+v", e)
		}
		got = append(got, e.Text)
	}
	if want := `look \x1b[2J here|marked|`; strings.Join(got, "|") != want {
		t.Errorf("marks %q, want %q", got, want)
	}
	if after := h.Sessions()[0]; after != before {
		t.Errorf("the marks made %+v of %+v", after, before)
	}
}

func TestMarksThatCannotBe(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"))
	l, _ := serve(t, socket(t), h, ListenOptions{})
	c := dial(t, l.Address, DialOptions{})
	for _, tt := range []struct {
		session string
		seq     int64
		text    string
		want    string
	}{
		{"B", 1, "x", "nothing is kept"},
		{"A", 99, "x", "nothing is kept"},
		{"A", 0, "x", "nothing is kept"},
		{"A", 1, strings.Repeat("x", maxComment+1), "has more than 8192 octets"},
	} {
		if _, err := c.Mark(t.Context(), tt.session, tt.seq, tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Mark(%s:%d) = %v, want %q", tt.session, tt.seq, err, tt.want)
		}
	}
}
