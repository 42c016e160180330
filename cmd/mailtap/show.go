package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/eventlog"
	"mailtap/view/report"
	"mailtap/view/transcript"
)

const showExample = `  mailtap show today.pcapng
  mailtap show today.pcapng#AE7QK2M7QA            one session
  mailtap show --filter 'status == "NO"' *.pcapng
  mailtap show --format json today.pcapng | jq .  what the live log said
  mailtap show --format html today.pcapng > report.html`

// showOptions are what `mailtap show` is told.
type showOptions struct {
	captures    []string
	format      string
	filter      string
	showSecrets bool
	keyLog      string
}

func newShow(std streams) *cobra.Command {
	var o showOptions
	cmd := &cobra.Command{
		Use:     "show [flags] CAPTURE...",
		Short:   "Print what was recorded as an annotated transcript",
		Long:    "Prints the sessions of captures in order of time: each line of both sides, and\nwhat it means. CAPTURE#SESSION is one session.",
		Example: showExample,
		GroupID: groupRead,
		Args:    atLeast(1, "CAPTURE", "mailtap show today.pcapng"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.captures = args
			return runShow(o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text, json (one event a line), markdown or html (a report)")
	completeWords(cmd, "format", "text", "json", "markdown", "html")
	addFilter(cmd, &o.filter)
	addKeys(cmd, &o.keyLog)
	f.BoolVar(&o.showSecrets, "show-secrets", false, "show passwords, where they were recorded readable")
	return cmd
}

// shower takes events, and is closed behind the last.
type shower interface {
	Event(e *event.Event) error
	Close() error
}

func runShow(o showOptions, std streams) error {
	out, err := o.open(std.out)
	if err != nil {
		return err
	}
	log, err := openKeys(o.keyLog)
	if err != nil {
		return err
	}
	err = eachEventWith(o.captures, o.showSecrets, log, besides(std), out.Event)
	return errors.Join(err, out.Close())
}

// open makes the form that was asked for.
func (o *showOptions) open(w io.Writer) (shower, error) {
	accept, err := compileFilter(o.filter)
	if err != nil {
		return nil, err
	}
	switch o.format {
	case "json":
		return jsonShower{eventlog.New(w, eventlog.Options{Format: eventlog.JSON, Accept: accept})}, nil
	case "html":
		return report.New(w, report.Options{Title: o.title(), Accept: accept, Version: version()})
	case "text", "markdown":
		return transcript.New(w, transcript.Options{
			Format: transcript.Format(o.format), Accept: accept, Colour: colours(w), Width: columns(w),
		}), nil
	}
	return nil, usagef("--format %q: it is text, json, markdown or html", o.format)
}

// title is what a report is about: the captures' names, without their folders.
func (o *showOptions) title() string {
	var names []string
	for _, name := range o.captures {
		names = append(names, filepath.Base(name))
	}
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

type jsonShower struct{ *eventlog.Log }

func (jsonShower) Close() error { return nil }

// eachEvent hands over the events of captures in order of time. Those of one
// capture keep their order; a capture that was cut is warned of, and is no
// failure.
func eachEvent(names []string, showSecrets bool, warnings io.Writer, each func(*event.Event) error) error {
	return eachEventWith(names, showSecrets, nil, warnings, each)
}

// eachEventWith is eachEvent with the keys of TLS sessions, or nil.
func eachEventWith(names []string, showSecrets bool, log *captures.KeyLog, warnings io.Writer, each func(*event.Event) error) error {
	var sources []*source
	defer func() {
		for _, s := range sources {
			s.stop()
		}
	}()
	for _, name := range names {
		s, err := openSource(name, showSecrets)
		if err != nil {
			return err
		}
		s.reader.KeyLog = log
		sources = append(sources, s)
	}
	m := newMeter(warnings)
	if terminal(warnings) {
		m.watch(readersOf(sources))
		defer m.clear()
	}
	for _, s := range sources {
		s.advance()
	}
	for {
		s := earliest(sources)
		if s == nil {
			break
		}
		if err := each(s.head); err != nil {
			return err
		}
		s.advance()
	}
	m.clear()
	return outcome(sources, warnings)
}

func readersOf(sources []*source) (readers []*captures.Reader) {
	for _, s := range sources {
		readers = append(readers, s.reader)
	}
	return readers
}

// outcome warns of captures that were cut, and gives the first other error.
func outcome(sources []*source, warnings io.Writer) error {
	for _, s := range sources {
		if s.err != nil && !errors.Is(s.err, captures.ErrTruncated) {
			return s.err
		}
	}
	for _, s := range sources {
		if s.err != nil {
			fmt.Fprintln(warnings, errorLine(s.err))
		}
		warnNoMail(s.reader, warnings)
	}
	return nil
}

// warnNoMail says what a capture has, of which nothing is shown.
func warnNoMail(r *captures.Reader, warnings io.Writer) {
	if why := r.NoMail(); why != "" {
		fmt.Fprintf(warnings, "mailtap: %s: %s\n", r.Path(), why)
	}
}

// source is a capture being read, with its next event.
type source struct {
	reader *captures.Reader
	head   *event.Event // nil behind the last
	next   func() (*event.Event, bool)
	halt   func()
	err    error // known when head is nil
}

func openSource(name string, showSecrets bool) (*source, error) {
	r, err := captures.Open(name)
	if err != nil {
		return nil, err
	}
	r.ShowSecrets = showSecrets
	s := &source{reader: r}
	s.next, s.halt = iter.Pull(s.events)
	return s, nil
}

// errStopped ends a walk whose events nobody wants any more.
var errStopped = errors.New("stopped")

func (s *source) events(yield func(*event.Event) bool) {
	err := s.reader.Walk(func(item wire.Item) error {
		if item.Event != nil && !yield(item.Event) {
			return errStopped
		}
		return nil
	})
	if !errors.Is(err, errStopped) {
		s.err = err
	}
}

func (s *source) advance() { s.head, _ = s.next() }

func (s *source) stop() {
	s.halt()
	s.reader.Close()
}

// earliest is the source whose next event is the oldest; nil at the end of all.
func earliest(sources []*source) *source {
	var first *source
	for _, s := range sources {
		if s.head != nil && (first == nil || s.head.Time.Before(first.head.Time)) {
			first = s
		}
	}
	return first
}
