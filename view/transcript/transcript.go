// Package transcript writes sessions as annotated text that is good to read:
// who talked to whom, each line of both sides with what it means, findings
// with advice, and in the end what the session was. `show`, `demo` and the
// exports share it; it knows events and nothing of where they come from.
//
// It writes as events come and keeps of each open session no more than its
// heading, so that a capture of any size can be shown.
package transcript

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/layout"
)

// Format is what a transcript is written in.
type Format string

// The formats.
const (
	Text     Format = "text"
	Markdown Format = "markdown"
)

// Options say how a transcript is written. The zero value is plain text of 100
// columns with local times.
type Options struct {
	Format   Format
	Accept   func(*event.Event) bool // which events are shown, and sessions that have one; nil is all
	Colour   bool                    // Text only
	Width    int                     // columns, Text only
	Location *time.Location
	Name     func(session string) string // what to call a session beside its id; nil is nothing
}

// A Writer writes one transcript.
type Writer struct {
	options  Options
	form     form
	out      *bufio.Writer
	sessions map[string]*session
	current  *session // whose lines are being written
}

// session is what is kept of a session until it closes.
type session struct {
	heading Heading
	context *event.Context
	start   time.Time
	begun   bool // its heading was written
	relayed bool // a protocol event has come: TLS is news now, not heading
}

// form is one of the formats.
type form interface {
	heading(h Heading)
	resume(title string)                   // another session's lines were written between
	line(at time.Duration, e *event.Event) // at is since the session's beginning
	closing(e *event.Event)                // session.close
	outside(e *event.Event)                // belongs to no session
	end()
}

// New begins a transcript.
func New(w io.Writer, o Options) *Writer {
	if o.Width <= 0 {
		o.Width = 100
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	if o.Name == nil {
		o.Name = func(string) string { return "" }
	}
	t := &Writer{options: o, out: bufio.NewWriter(w), sessions: map[string]*session{}}
	if o.Format == Markdown {
		t.form = newMarkdown(t.out, o)
	} else {
		t.form = newText(t.out, o)
	}
	return t
}

// Event writes one event. Events of a session come in their order.
func (t *Writer) Event(e *event.Event) error {
	if e.Context == nil {
		if t.options.Accept == nil && e.Kind != event.KindListening {
			t.current = nil
			t.form.outside(e)
		}
		return t.err()
	}
	s := t.of(e)
	s.context = e.Context
	if t.gather(s, e) {
		return nil
	}
	if t.options.Accept == nil || t.options.Accept(e) {
		t.show(s, e)
	}
	if e.Kind == event.KindSessionClose {
		delete(t.sessions, e.Session)
	}
	return t.err()
}

// Close writes what is left: headings of sessions that never came further.
func (t *Writer) Close() error {
	if t.options.Accept == nil {
		left := slices.Collect(maps.Values(t.sessions))
		slices.SortFunc(left, func(a, b *session) int { return a.start.Compare(b.start) })
		for _, s := range left {
			t.begin(s)
		}
	}
	t.form.end()
	return t.out.Flush()
}

// Flush hands on what was written so far.
func (t *Writer) Flush() error { return t.out.Flush() }

// err is what went wrong with writing, if anything: bufio remembers it.
func (t *Writer) err() error {
	if _, err := t.out.Write(nil); err != nil {
		return fmt.Errorf("writing a transcript: %w", err)
	}
	return nil
}

func (t *Writer) of(e *event.Event) *session {
	s := t.sessions[e.Session]
	if s == nil {
		s = &session{start: e.Time, heading: Heading{Session: e.Session, Proto: e.Proto, Start: e.Time}}
		t.sessions[e.Session] = s
	}
	return s
}

// gather takes what belongs into the heading, and reports whether e did. What a
// filter asks for is a line as well.
func (t *Writer) gather(s *session, e *event.Event) bool {
	s.relayed = s.relayed || e.Kind.Protocol()
	if s.begun || s.relayed {
		return false
	}
	taken := s.heading.Add(e)
	wanted := t.options.Accept != nil && t.options.Accept(e)
	return taken && !wanted
}

// show writes e as a line of its session.
func (t *Writer) show(s *session, e *event.Event) {
	t.begin(s)
	if t.current != s {
		t.form.resume(s.heading.short(s.context))
		t.current = s
	}
	if e.Close != nil {
		t.form.closing(e)
		return
	}
	if e.Kind != event.KindSessionOpen {
		t.form.line(e.Time.Sub(s.start), e)
	}
}

func (t *Writer) begin(s *session) {
	if !s.begun {
		s.begun = true
		s.heading.Name = t.options.Name(s.heading.Session)
		t.form.heading(s.heading)
		t.current = s
	}
}

// Heading is who talks to whom in a session.
type Heading struct {
	Session  string
	Name     string // what it is called beside
	Proto    event.Proto
	Start    time.Time
	Client   string // IP:PORT
	Listen   string // URL
	Upstream string // URL
	Server   string // IP:PORT
	Dial     event.Duration
	TLS      [2]*event.TLS // the client's side, the server's
}

// Add takes e's part of the heading; false where e is none of it. What failed
// is a line of its own.
func (h *Heading) Add(e *event.Event) bool {
	switch {
	case e.Kind == event.KindSessionOpen && e.Route != nil:
		h.Client, h.Listen, h.Upstream, h.Start = e.Route.Client, e.Route.Listen, e.Route.Upstream, e.Time
		return true
	case e.Kind == event.KindUpstreamOpen && e.Route != nil:
		h.Server, h.Dial = e.Route.Server, e.Route.Dial
		return e.Route.Failure == ""
	case e.TLS != nil && e.TLS.Failure == "":
		at := 0
		if e.TLS.Side == event.SideServer {
			at = 1
		}
		h.TLS[at] = e.TLS
		return true
	}
	return false
}

// Title is what a session is called.
func (h *Heading) Title() string {
	return words(h.Proto.Title()+" session "+safe(h.Session), safe(h.Name))
}

// short is what a session is called when its lines go on: its name is enough.
func (h *Heading) short(c *event.Context) string {
	if h.Name != "" {
		return safe(h.Name)
	}
	return words(h.Title(), safe(c.User))
}

// Parties are the three who talk, in words that are safe to be shown.
func (h *Heading) Parties() (client, proxy, server string) {
	return h.client(), h.proxy(), h.server()
}

func (h *Heading) client() string {
	return words(safe(h.Client), tlsWords(h.TLS[0], h.Listen))
}

func (h *Heading) proxy() string {
	if h.Listen == "" {
		return "took no part: another program recorded this"
	}
	return safe(h.Listen)
}

func (h *Heading) server() string {
	place := safe(h.Upstream)
	if h.Server != "" && !strings.HasSuffix(h.Upstream, "//"+h.Server) {
		place += " at " + safe(h.Server)
	}
	reached := ""
	if h.Dial.Known {
		reached = "reached in " + explain.Took(h.Dial.D)
	}
	return words(place, reached, tlsWords(h.TLS[1], h.Upstream), certificateWords(h.TLS[1]))
}

// tlsWords is how a side is encrypted when the session begins.
func tlsWords(t *event.TLS, url string) string {
	if t == nil {
		if scheme, _, _ := strings.Cut(url, ":"); strings.HasSuffix(scheme, "s") && !strings.HasSuffix(scheme, "tls") {
			return ""
		}
		return "begins in the clear"
	}
	said := safe(t.Version)
	if t.SNI != "" && t.Side == event.SideClient {
		said += " for " + safe(t.SNI)
	}
	if t.Resumed {
		said += " (resumed)"
	}
	return said
}

func certificateWords(t *event.TLS) string {
	if t == nil || len(t.Peer) == 0 {
		return ""
	}
	leaf := t.Peer[0]
	said := "certificate of " + safe(leaf.Subject) + " until " + leaf.Expiry.Format(time.DateOnly)
	if !leaf.Verified && leaf.Reason != "" {
		said += ", not verified: " + safe(leaf.Reason)
	}
	return said
}

// columns of a line: when, who; layout decides the rest.
const timeColumns = 8

// since is a time since the session's beginning, in seconds.
func since(d time.Duration) string {
	return layout.Pad(fmt.Sprintf("%7.3f", max(d, 0).Seconds()), timeColumns)
}
