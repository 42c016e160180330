package captures

import (
	"fmt"
	"os"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Mark is a user's comment on an event.
type Mark struct {
	At   string // SESSION:SEQ
	Text string
	Time time.Time
}

// AppendMark adds marks to an existing capture, as empty ACKs at its end.
// It is refused as Create is: while the file is being written (the live
// session's own Writer takes marks then), or where it is packed.
func AppendMark(path, version string, marks ...Mark) error {
	for _, m := range marks {
		if !strings.Contains(m.At, ":") {
			return fmt.Errorf("marking %q: not SESSION:SEQ", m.At)
		}
	}
	if _, err := os.Stat(path); err != nil { // appending would make one
		return fmt.Errorf("marking %s: %w", path, cause(err))
	}
	return appendTo(path, Options{Version: version}, func(r *recorder) {
		for _, m := range marks {
			id, _, _ := strings.Cut(m.At, ":")
			e := &event.Event{Kind: event.KindMark, Time: m.Time}
			text := comment{Kind: kindMark, Session: id, At: m.At, Text: m.Text, Time: m.Time.UTC().Format(time.RFC3339Nano)}.encode()
			r.begin(lateEnds(id, e), client, flagACK, 0, 0, 0, m.Time)
			r.end(0, 0, text)
		}
	})
}
