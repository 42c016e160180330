package main

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// recordOptions are the flags of recording.
type recordOptions struct {
	path string
	text string
	max  string
}

func (o *recordOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.path, "record", "", "record to the capture `PATH`; a directory (or PATH/) gets a file a session")
	f.StringVar(&o.text, "record-text", "all", "how much of the messages' text is kept: all, headers or none")
	f.StringVar(&o.max, "record-max", "", "at most `SIZE` (500M, 2G): a directory loses its oldest files, a file ends")
	completeWords(cmd, "record-text", "all", "headers", "none")
}

// recording is a captures.Writer as the proxy's sink: it tells how a recording
// ends, and lets the session go on.
type recording struct {
	writer *captures.Writer
	path   string
	log    *eventLog
	each   bool // a file a session: one that ended is not the end of all

	mu     sync.Mutex
	failed error // the first that went wrong
}

// check says what is wrong with the flags, before anything is made.
func (o *recordOptions) check(showSecrets bool) (captures.Options, error) {
	made := captures.Options{Version: version(), PerSession: captures.PerSession(o.path), ShowSecrets: showSecrets}
	var err error
	if made.Text, err = captures.ParseText(o.text); err != nil {
		return made, usagef("--record-text: %w", err)
	}
	if made.Max, err = parseSize(o.max); err != nil {
		return made, usagef("--record-max: %w", err)
	}
	if o.path == "" && (o.max != "" || made.Text != captures.TextAll) {
		return made, usagef("--record-text and --record-max need --record PATH")
	}
	return made, nil
}

// open begins to record; nil where nothing is to be recorded.
func (o *recordOptions) open(log *eventLog, showSecrets bool) (*recording, error) {
	options, err := o.check(showSecrets)
	if err != nil || o.path == "" {
		return nil, err
	}
	w, err := captures.Create(o.path, options)
	if err != nil {
		return nil, err
	}
	if n := w.CutBack(); n > 0 {
		log.say("warn", "the capture %s was cut: %d bytes of a broken block were removed before going on", o.path, n)
	}
	return &recording{writer: w, path: o.path, log: log, each: options.PerSession}, nil
}

// Write makes it a sink of the proxy. An error ends the recording, not the session.
func (r *recording) Write(batch []wire.Item) error {
	err := r.writer.Write(batch)
	if err == nil {
		return nil
	}
	r.ended(err)
	if r.each {
		return nil
	}
	return err
}

// ended tells that a recording is over, at once. To be full is no failure.
func (r *recording) ended(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil && !errors.Is(err, captures.ErrFull) {
		r.failed = err
	}
	e := finding.New("mailtap.recording", err.Error())
	e.Time = time.Now()
	r.log.tell(e)
}

// close ends the recording, and gives the first thing that went wrong with it.
func (r *recording) close() error {
	if r == nil {
		return nil
	}
	err := r.writer.Close()
	if errors.Is(err, captures.ErrFull) {
		r.ended(err)
		err = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return r.failed
	}
	return err
}

// units are what a size may end with; larger steps are tried first.
var units = []struct {
	suffix string
	factor int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40},
	{"b", 1}, {"", 1},
}

// parseSize takes 1000, 500M, 2GiB, 1.5GB; "" is 0. K, M, G and T are powers of 1024.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(strings.ToLower(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || n*float64(u.factor) < 1 || n*float64(u.factor) > 1<<62 {
			break
		}
		return int64(n * float64(u.factor)), nil
	}
	return 0, sizeError(text)
}

type sizeError string

func (s sizeError) Error() string {
	return strconv.Quote(string(s)) + " is no size; 500M, 2G or a number of bytes would be"
}
