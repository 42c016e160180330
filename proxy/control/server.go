package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/filter"
	"mailtap/parse/wire"
	"mailtap/proxy/eventlog"
)

// Server answers on one listener.
type Server struct {
	cfg      Config
	listener *Listener
	http     *http.Server
	started  time.Time
	wg       sync.WaitGroup
}

// NewServer prepares a server on l, which Listen made.
func NewServer(l *Listener, cfg Config) *Server {
	s := &Server{cfg: cfg, listener: l, started: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /sessions", s.sessions)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /sessions/{id}/capture", s.capture)
	mux.HandleFunc("DELETE /sessions/{id}", s.end)
	mux.HandleFunc("PUT /sessions/{id}/marks/{seq}", s.mark)
	mux.HandleFunc("DELETE /sessions/{id}/marks/{seq}", s.mark)
	// No ReadTimeout: it would end streams, whose requests are long read.
	s.http = &http.Server{
		Handler:           s.listener.guard(mux),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	return s
}

// Start answers from now on, until Close.
func (s *Server) Start() {
	s.wg.Go(func() {
		err := s.http.Serve(s.listener)
		if err != nil && !errors.Is(err, http.ErrServerClosed) && s.cfg.Failed != nil {
			s.cfg.Failed(fmt.Errorf("serving the control endpoint %s: %w", s.listener.Address, err))
		}
	})
}

// Close lets streams take what is kept, for at most wait, and ends them. The
// history has to be closed before, or they are cut.
func (s *Server) Close(wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	s.wg.Wait()
	return err
}

func lines(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	open := 0
	for _, one := range s.cfg.History.Sessions() {
		if one.Open {
			open++
		}
	}
	lines(w)
	json.NewEncoder(w).Encode(Health{
		Status: "ok", Version: s.cfg.Version, Sessions: open, Uptime: time.Since(s.started).Milliseconds(),
		Recorded: s.cfg.Keeps, CA: s.cfg.CA,
	})
}

func (s *Server) sessions(w http.ResponseWriter, _ *http.Request) {
	lines(w)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, one := range s.cfg.History.Sessions() {
		if out.Encode(one) != nil {
			return
		}
	}
}

func (s *Server) end(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if s.cfg.End == nil || !s.cfg.End(id) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("no session %q runs; GET /sessions lists them", id))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// events streams what the log would say, line for line.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	accept, err := filter.Compile(r.URL.Query().Get("filter"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "filter: "+err.Error())
		return
	}
	lines(w)
	log := eventlog.New(w, eventlog.Options{Format: eventlog.JSON, Accept: accept.Match})
	octets := r.URL.Query().Get("octets") == "1"
	s.stream(w, r, &reader{h: s.cfg.History, octets: octets}, func(c chunk) error {
		if err := writeDropped(w, c, octets); err != nil {
			return err
		}
		if !octets {
			return log.Write(c.items)
		}
		return writeAll(w, log, c.items)
	})
}

// octetsLine is how octets stand between events, for viewers that open
// literals and message text: ?octets=1.
type octetsLine struct {
	Session string       `json:"session"`
	Octets  *wire.Octets `json:"octets"`
}

func writeAll(w io.Writer, log *eventlog.Log, items []wire.Item) error {
	out := json.NewEncoder(w)
	for _, item := range items {
		var err error
		if item.Octets != nil {
			err = out.Encode(octetsLine{item.Session, item.Octets})
		} else {
			err = log.Event(item.Event)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropped is the line of KindDropped.
type dropped struct {
	Time    string     `json:"time"`
	Level   string     `json:"level"`
	Event   event.Kind `json:"event"`
	Count   int64      `json:"count"`            // events
	Octets  int64      `json:"octets,omitempty"` // of sessions
	Message string     `json:"message"`
}

// writeDropped tells what stands before a chunk and was left out of it: octets
// to those who want them.
func writeDropped(w io.Writer, c chunk, octets bool) error {
	d := dropped{
		Time: time.Now().UTC().Format(time.RFC3339Nano), Level: "warn", Event: KindDropped,
		Count: c.gone + c.lost.events, Message: c.left(),
	}
	if octets {
		d.Octets = c.lost.octets
	}
	if d.Count == 0 && d.Octets == 0 {
		return nil
	}
	return json.NewEncoder(w).Encode(d)
}

// left is what was left out, and why, in words.
func (c *chunk) left() string {
	var parts []string
	if c.gone > 0 {
		parts = append(parts, fmt.Sprintf("%d events were left out: they are no longer kept (--history)", c.gone))
	}
	if c.lost != (dropping{}) {
		parts = append(parts, fmt.Sprintf("%d events and %d octets were left out: more came at once than there was room for", c.lost.events, c.lost.octets))
	}
	return strings.Join(parts, "; ")
}

// capture streams one session as pcapng. What was not kept is said in a mark.
func (s *Server) capture(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if s.cfg.Record == nil || !s.cfg.History.has(id) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("nothing is kept of a session %q; GET /sessions lists those of which something is", id))
		return
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	w.Header().Set("Content-Disposition", `attachment; filename="`+id+`.pcapng"`)
	w.Header().Set("Cache-Control", "no-store")
	rec := s.cfg.Record(w)
	s.stream(w, r, &reader{h: s.cfg.History, session: id}, func(c chunk) error {
		if err := rec.Write(marked(id, c)); err != nil {
			return err
		}
		return rec.Flush()
	})
}

// marked is a chunk with what was lost as a comment, behind what opened the session.
func marked(id string, c chunk) []wire.Item {
	var parts []string
	if c.gone > 0 {
		parts = append(parts, fmt.Sprintf("%d items of this session are missing here: they were no longer kept (--history)", c.gone))
	}
	if c.lost != (dropping{}) {
		parts = append(parts, fmt.Sprintf("%d events and %d octets of all sessions are missing here: more came at once than there was room for", c.lost.events, c.lost.octets))
	}
	if len(parts) == 0 {
		return c.items
	}
	n := 0
	for n < len(c.items) && c.items[n].Event != nil && opening(c.items[n].Event) {
		n++
	}
	mark := &event.Event{Time: time.Now(), Kind: event.KindMark, Context: &event.Context{Session: id},
		Text: strings.Join(parts, "; ")}
	if n > 0 {
		mark.Time, mark.Context = c.items[n-1].Event.Time, c.items[n-1].Event.Context
	}
	items := append([]wire.Item{}, c.items[:n]...)
	items = append(items, wire.Item{Session: id, Event: mark})
	return append(items, c.items[n:]...)
}

// stream hands chunks to write until the history or the client has enough, or
// with ?follow=0 until it has all there is.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, from *reader, write func(chunk) error) {
	follow := r.URL.Query().Get("follow") != "0"
	out := http.NewResponseController(w)
	out.Flush() // the header: whoever attaches sees at once that it worked
	for {
		c := from.read()
		if len(c.items) > 0 || c.gone > 0 || c.lost != (dropping{}) {
			if write(c) != nil || out.Flush() != nil {
				return
			}
		}
		if c.end {
			return
		}
		select {
		case <-c.more:
			continue
		default:
		}
		if !follow {
			return
		}
		select {
		case <-c.more:
		case <-r.Context().Done():
			return
		}
	}
}

// refuse answers with one line.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "mailtap: "+strings.Join(strings.Fields(text), " "), status)
}

// has reports whether something is kept of a session.
func (h *History) has(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[id] != nil
}

var _ net.Listener = (*Listener)(nil)
