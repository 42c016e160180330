package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// maxComment bounds the comment of a mark, in octets.
const maxComment = 8 << 10

// Marked is the answer to PUT and DELETE /sessions/ID/marks/SEQ.
type Marked struct {
	At       string `json:"at"`       // SESSION:SEQ
	Text     string `json:"text"`     // the comment; event.MarkAlone without one, empty where the mark was taken away
	Recorded bool   `json:"recorded"` // the proxy records, and the mark stands in its capture
}

// mark sets or takes away a mark on an event that is in the history.
func (s *Server) mark(w http.ResponseWriter, r *http.Request) {
	id, text := r.PathValue("id"), ""
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	about, known := s.cfg.History.about(id, seq)
	if err != nil || !known || s.cfg.Mark == nil {
		refuse(w, http.StatusNotFound, fmt.Sprintf("nothing is kept of an event %q of a session %q; GET /events has the seq of each", r.PathValue("seq"), id))
		return
	}
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxComment))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the comment has more than %d octets", maxComment))
			return
		}
		if text = wire.Escape(body); text == "" {
			text = event.MarkAlone
		}
	}
	s.cfg.Mark(&event.Event{Kind: event.KindMark, Time: time.Now(), Context: about, After: seq, Text: text})
	lines(w)
	json.NewEncoder(w).Encode(Marked{At: id + ":" + strconv.FormatInt(seq, 10), Text: text, Recorded: s.cfg.Keeps})
}

// about is the context of a session that has an event of that number.
func (h *History) about(id string, seq int64) (*event.Context, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if s == nil || s.context == nil || seq < 1 || seq > s.seq {
		return nil, false
	}
	return s.context, true
}
