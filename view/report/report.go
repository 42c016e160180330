// Package report writes sessions as one HTML file that needs nothing else:
// what they did, how both sides were encrypted, what was found with links to
// its lines, a timeline, and the annotated transcript with folding, filter and
// search. `show --format html` and `export --to html` use it.
//
// What passed through a session is hostile here. Every text goes through
// html/template; the file's own Content-Security-Policy allows its one style
// sheet and its one script by their hashes and nothing else, so no script of a
// mail runs and nothing is loaded, whatever else should go wrong. Without
// script the report is whole, but for filter and search.
//
// Lines are rendered as their events come, and wait in a temporary file until
// the page's head is known: a capture of any size takes memory for its
// sessions, and none for their lines.
package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/view/transcript"
)

// Options say how a report is written. The zero value has local times.
type Options struct {
	Title    string                  // what it is about: the captures' names
	Accept   func(*event.Event) bool // which events are shown, and sessions that have one; nil is all
	Location *time.Location
	Version  string // of mailtap
	Folder   string // where the temporary file is made; "": the system's
}

// Writer writes one report.
type Writer struct {
	options  Options
	out      io.Writer
	spool    *spool
	sessions map[string]*session
	order    []*session
	digest   finding.Digest
	accounts behaviour.Accounts
	tls      agreements
	answers  answers
	lines    int
	err      error
}

// New begins a report. Nothing is written to w before Close.
func New(w io.Writer, o Options) (*Writer, error) {
	if o.Location == nil {
		o.Location = time.Local
	}
	s, err := newSpool(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("writing a report: %w", err)
	}
	return &Writer{options: o, out: w, spool: s, sessions: map[string]*session{}}, nil
}

// Event takes the next event of any session. Events of a session come in
// their order, those of different ones in order of time.
func (w *Writer) Event(e *event.Event) error {
	w.digest.See(e)
	if e.Context == nil || e.Session == "" {
		return w.err
	}
	s := w.session(e)
	s.see(e)
	w.accounts.See(e)
	w.tls.see(e)
	accepted := w.options.Accept == nil || w.options.Accept(e)
	if accepted {
		s.shown = true
		w.answers.see(e)
		w.line(s, e)
	}
	if e.Kind == event.KindSessionClose {
		s.closed = true
		w.fold(s)
		w.flush(s)
	}
	return w.err
}

// session is e's.
func (w *Writer) session(e *event.Event) *session {
	s := w.sessions[e.Session]
	if s == nil {
		s = newSession(e)
		w.sessions[e.Session] = s
		w.order = append(w.order, s)
	}
	return s
}

// Close writes the report, and removes what waited.
func (w *Writer) Close() error {
	err := w.err
	for _, s := range w.order {
		w.fold(s)
		w.flush(s)
	}
	if err == nil {
		out := bufio.NewWriterSize(w.out, 64<<10)
		err = errors.Join(w.page(out), out.Flush())
	}
	err = errors.Join(err, w.spool.close())
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	return nil
}

// session is what is kept of one session.
type session struct {
	id       string
	anchor   string
	heading  transcript.Heading
	context  *event.Context
	user     string
	end      time.Time
	close    *event.Close
	worst    event.Severity
	findings int
	shown    bool // it has an event that was asked for
	closed   bool
	relayed  bool // a protocol event has come: TLS is news now, not heading
	lines    int
	pending  []byte // rendered, and not in the spool yet
	run      run
	chunks   []chunk
}

func newSession(e *event.Event) *session {
	return &session{
		id: e.Session, anchor: anchorOf(e.Session),
		heading: transcript.Heading{Session: e.Session, Proto: e.Proto, Start: e.Time},
	}
}

// see takes what the summary tells of the session.
func (s *session) see(e *event.Event) {
	s.context, s.end = e.Context, e.Time
	s.relayed = s.relayed || e.Kind.Protocol()
	if !s.relayed {
		s.heading.Add(e)
	}
	if e.User != "" {
		s.user = e.User
	}
	if e.Close != nil {
		s.close = e.Close
	}
	if e.Finding != nil {
		s.findings++
		s.worst = max(s.worst, e.Finding.Severity)
	}
}
