package captures

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// lastWordsRoom is what is kept free at the end of a file with a limit: the packet
// that says that the recording ended there.
const lastWordsRoom = 1 << 10

// over reports whether what was gathered does not fit into limit octets any more.
func (c *file) over(limit int64) bool {
	c.end(0, 0)
	return limit > 0 && c.size+int64(len(c.buf)) > limit-lastWordsRoom
}

// full ends the recording to c for its size: as many whole blocks of what was
// gathered as fit, and then a finding that says so to whoever reads the file.
func (c *file) full(limit int64) error {
	c.end(0, 0)
	c.fit(limit - lastWordsRoom - c.size)
	at := c.time
	if at.IsZero() {
		at = time.Now()
	}
	c.room()
	c.recordFinding(finding.New(recordingEnded, fmt.Sprintf("the file reached its limit of %d octets", limit)), at)
	if err := c.flush(); err != nil {
		return err
	}
	c.err = fmt.Errorf("recording to %s, of %d octets: %w", c.path, limit, ErrFull)
	return c.err
}

// fit drops the blocks behind the first n octets of what was gathered.
func (c *file) fit(n int64) {
	end := 0
	for end+8 <= len(c.buf) {
		next := end + int(little.Uint32(c.buf[end+4:]))
		if int64(next) > n || next > len(c.buf) {
			break
		}
		end = next
	}
	c.buf = c.buf[:end]
}

// nobody are the addresses of a packet that belongs to no session: discard's port.
var nobody = ends{netip.MustParseAddrPort("127.0.0.1:9"), netip.MustParseAddrPort("127.0.0.1:9")}

// recordFinding writes a finding that is about the recording, and no session's.
func (r *recorder) recordFinding(e *event.Event, t time.Time) {
	e.Time = t
	r.begin(nobody, client, flagACK, 0, 0, 0, t)
	r.end(0, 0, encodeEvent(kindFinding, "", e))
}

// about gives what the packet's comments say of the recording as a whole, and
// no session's: that it ended. A capture may come from anybody, so the words
// are our own but for the detail.
func (w *walk) about() {
	for i, kind := range w.notes.kinds {
		e, err := decodeEvent(w.notes.events[i])
		if w.only != "" || kind != kindFinding || err != nil || e.Context != nil || e.Finding == nil || e.Finding.ID != recordingEnded {
			continue
		}
		entry, _ := finding.Lookup(recordingEnded)
		said := finding.New(recordingEnded, strings.TrimPrefix(strings.TrimPrefix(e.Finding.Title, entry.Title), ": "))
		said.Time, said.Finding.Recorded = e.Time, true
		w.give(wire.Item{Event: said})
	}
}

// recordingEnded is the finding of a recording that ended before its sessions.
const recordingEnded = "mailtap.recording"
