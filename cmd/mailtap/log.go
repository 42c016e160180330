package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
	"mailtap/proxy/eventlog"
)

// logOptions are the flags of the event log.
type logOptions struct {
	format string
	file   string
	filter string
}

func (o *logOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "log-format", "", "how events are logged: pretty, json or none (default pretty on a terminal, else json)")
	f.StringVar(&o.file, "log-file", "", "append the log to `FILE` instead of stderr")
	addFilter(cmd, &o.filter)
	completeWords(cmd, "log-format", "pretty", "json", "none")
}

// completeWords completes a flag by fixed words.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	// An error here would be a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// eventLog is where the events of a run are told, and mailtap's own words.
type eventLog struct {
	log    *eventlog.Log // nil for none
	file   io.Closer     // nil for stderr
	stderr io.Writer     // for own words, where the log is not there
	shared bool          // the log goes to stderr
	live   *liveSource   // the viewer on this terminal has the log; nil without one

	mu sync.Mutex
}

// open checks the options and opens the log. With a viewer on the terminal the
// log is one of its views, and a file's only where one is named.
func (o *logOptions) open(std streams, live *liveSource) (*eventLog, error) {
	accept, err := compileFilter(o.filter)
	if err != nil {
		return nil, err
	}
	l := &eventLog{stderr: std.err, shared: o.file == "", live: live}
	if live != nil && o.file == "" {
		l.shared = false
		return l, nil
	}
	w := std.err
	if o.file != "" && o.format != "none" {
		f, err := appendTo(o.file)
		if err != nil {
			return nil, fmt.Errorf("--log-file: %w", err)
		}
		l.file, w = f, f
	}
	options := eventlog.Options{Accept: withoutSession(accept), Colour: colours(w), Width: columns(w)}
	switch o.format {
	case "":
		options.Format = eventlog.JSON
		if terminal(w) {
			options.Format = eventlog.Pretty
		}
	case "pretty", "json":
		options.Format = eventlog.Format(o.format)
	case "none":
		l.shared = false
		return l, nil
	default:
		return nil, usagef("--log-format %q: it is pretty, json or none", o.format)
	}
	l.log = eventlog.New(w, options)
	return l, nil
}

// withoutSession lets a filter see only events of sessions: that mailtap
// listens, and where, is told always.
func withoutSession(accept func(*event.Event) bool) func(*event.Event) bool {
	if accept == nil {
		return nil
	}
	return func(e *event.Event) bool { return e.Context == nil || accept(e) }
}

// Write makes it a sink of the proxy.
func (l *eventLog) Write(batch []wire.Item) error {
	if l.log == nil {
		return nil
	}
	return l.log.Write(batch)
}

// say tells what mailtap has to say of itself: in the log, if that is what
// the user sees, else as a line on stderr.
func (l *eventLog) say(level, format string, args ...any) {
	l.tell(&event.Event{Time: time.Now(), Kind: event.KindLog, Level: event.ParseLevel(level), Message: fmt.Sprintf(format, args...)})
}

// tell writes an event that belongs to no session.
func (l *eventLog) tell(e *event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.log != nil {
		_ = l.log.Event(e) // that the log cannot be written is told where sessions are logged
	}
	if l.live != nil {
		l.live.say(e)
		return
	}
	if !l.shared {
		fmt.Fprintln(l.stderr, "mailtap: "+wire.Escape([]byte(explain.Message(e))))
	}
}

func (l *eventLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// appendTo opens a file that only the user may read, and adds to its end.
func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// terminal reports whether w is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colours reports whether w shows colours and the user wants them
// (https://no-color.org).
func colours(w io.Writer) bool {
	return terminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// columns is the width of the terminal w, or 0.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
