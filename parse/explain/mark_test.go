package explain

import (
	"testing"

	"mailtap/parse/event"
)

func TestMarks(t *testing.T) {
	for _, tt := range []struct {
		text  string
		after int64
		want  string
	}{
		{"look here", 12, "comment on event 12: look here"},
		{event.MarkAlone, 12, "a mark on event 12"},
		{"", 12, "the mark on event 12 was taken away"},
		{"of a packet", 0, "comment: of a packet"},
	} {
		e := &event.Event{Kind: event.KindMark, Text: tt.text, After: tt.after}
		if got := Message(e); got != tt.want {
			t.Errorf("Message of %q is %q, want %q", tt.text, got, tt.want)
		}
		if got := AsLine(e).Text; got != tt.want {
			t.Errorf("the line of %q is %q, want %q", tt.text, got, tt.want)
		}
	}
}
