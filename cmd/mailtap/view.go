package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view"
)

const viewExample = `  mailtap view today.pcapng
  mailtap view --filter 'user == "alice"' captures/*.pcapng
  mailtap view --attach                    a running mailtap proxy --control auto`

func newView(std streams) *cobra.Command {
	var (
		filter string
		attach attachOptions
	)
	cmd := &cobra.Command{
		Use:     "view [CAPTURE... | --attach [ADDR]]",
		Short:   "Look at recorded sessions on the terminal, or at a running proxy's",
		Long:    "Opens captures, or attaches to a proxy, in the full-screen viewer: ? lists its keys.",
		Example: viewExample,
		GroupID: groupRead,
		Args: func(cmd *cobra.Command, args []string) error {
			return attach.take(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if attach.address != "" {
				return runAttach(cmd.Context(), attach, filter)
			}
			return runView(cmd.Context(), args, filter)
		},
	}
	addFilter(cmd, &filter)
	attach.add(cmd)
	return cmd
}

// runView shows captures until the user leaves.
func runView(ctx context.Context, names []string, filter string) error {
	if _, err := compileFilter(filter); err != nil {
		return err
	}
	source, err := openCaptures(names)
	if err != nil {
		return err
	}
	defer source.close()
	library := source.read()
	if library != nil {
		defer debug.SetGCPercent(debug.SetGCPercent(50)) // what is bounded should not take twice as much
	}
	return show(ctx, view.Options{Source: source, Library: library, Title: strings.Join(names, " "), Filter: filter, Actions: source.actions()})
}

// show runs the viewer on this terminal.
func show(ctx context.Context, o view.Options) error {
	o.Mono = os.Getenv("NO_COLOR") != ""
	screen, err := newScreen(os.Getenv("TERM"))
	if err != nil {
		return fmt.Errorf("the viewer needs a terminal: %w; mailtap show prints captures", err)
	}
	return view.Run(ctx, screen, o)
}

// captureSource reads captures one after the other for the viewer: all of
// what they hold, or where they are too large for that an outline.
type captureSource struct {
	readers []*captures.Reader
	batches chan sent
	ctx     context.Context
	stop    context.CancelFunc

	mu    sync.Mutex
	where map[string]*captures.Reader // the sessions of large captures
}

type sent struct {
	view.Batch
	err error
}

// openCaptures opens all captures.
func openCaptures(names []string) (*captureSource, error) {
	s := &captureSource{batches: make(chan sent, 4), where: map[string]*captures.Reader{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, name := range names {
		r, err := captures.Open(name)
		if err != nil {
			s.close()
			return nil, err
		}
		s.readers = append(s.readers, r)
	}
	return s, nil
}

func (s *captureSource) close() {
	s.stop()
	for _, r := range s.readers {
		r.Close()
	}
}

// heldAtMost is how many octets of captures the viewer takes in whole.
const heldAtMost = 32 << 20

// large reports whether the captures are too large to be held. Packed ones are
// taken for an eighth of what they hold; a pipe cannot be read twice.
func (s *captureSource) large() bool {
	all := int64(0)
	for _, r := range s.readers {
		size, packed := r.Size()
		if packed {
			size *= 8
		}
		if size == 0 {
			return false
		}
		all += size
	}
	return all > heldAtMost
}

// read begins to read, and gives the library where the captures are large.
func (s *captureSource) read() view.Library {
	if s.large() {
		go s.outline()
		return s
	}
	go s.all()
	return nil
}

// itemsABatch is how many items the viewer gets at once.
const itemsABatch = 1024

// all walks through the captures. A cut one is told, and the next is read.
func (s *captureSource) all() {
	defer close(s.batches)
	for i, r := range s.readers {
		var batch view.Batch
		r.Progress = func(read, size int64) {
			if size > 0 {
				batch.Done = (float64(i) + float64(read)/float64(size)) / float64(len(s.readers))
			}
		}
		err := r.Walk(func(item wire.Item) error {
			batch.Items = append(batch.Items, owned(item))
			if len(batch.Items) < itemsABatch {
				return nil
			}
			return s.send(&batch)
		})
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			batch.Items = append(batch.Items, warning(err))
		}
		if s.send(&batch) != nil {
			return
		}
	}
}

// send hands a batch to the viewer, and empties it.
func (s *captureSource) send(b *view.Batch) error {
	select {
	case s.batches <- sent{Batch: *b}:
		b.Items, b.Outlines = nil, nil
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// warning is an error as a line of the viewer's log.
func warning(err error) wire.Item {
	return wire.Item{Event: &event.Event{Kind: event.KindLog, Time: time.Now(), Level: event.SeverityWarning, Message: err.Error()}}
}

// owned is item with octets of its own.
func owned(item wire.Item) wire.Item {
	if item.Octets != nil {
		o := *item.Octets
		o.Data = append([]byte(nil), o.Data...)
		item.Octets = &o
	}
	return item
}

// Next makes it a view.Source.
func (s *captureSource) Next(ctx context.Context) (view.Batch, error) {
	select {
	case b, ok := <-s.batches:
		if !ok {
			return view.Batch{}, io.EOF
		}
		return b.Batch, b.err
	case <-ctx.Done():
		return view.Batch{}, ctx.Err()
	}
}

// holding finds the capture that has a session, for reading it beside what
// else is read.
func (s *captureSource) holding(id string) (*captures.Reader, error) {
	if r := s.listed(id); r != nil {
		return r.Again(), nil
	}
	for _, r := range s.readers {
		again, err := captures.Open(r.Path() + "#" + id)
		if err != nil {
			return nil, err
		}
		sessions, err := again.Sessions()
		if err != nil && !errors.Is(err, captures.ErrTruncated) {
			again.Close()
			return nil, err
		}
		for _, found := range sessions {
			if found.ID == id {
				return again, nil
			}
		}
		again.Close()
	}
	return nil, fmt.Errorf("no capture has session %s", id)
}

// actions are what the viewer can do with captures.
func (s *captureSource) actions() view.Actions {
	actions := opener(func(...string) (*captureSource, func(), error) { return s, func() {}, nil }).actions()
	actions.Mark = s.mark
	return actions
}

// width is how many columns the viewer's pages have.
func (s *captureSource) width() int {
	if n := columns(os.Stdout); n > 0 {
		return n
	}
	return 80
}

// save writes one session to a capture of its own.
func (s *captureSource) save(id, path string) (err error) {
	r, err := s.holding(id)
	if err != nil {
		return err
	}
	defer r.Close()
	return saveSession(path, func(fn func(wire.Item) error) error { return r.WalkSession(id, fn) })
}

// saveSession writes what walk gives to a new capture.
func saveSession(path string, walk func(func(wire.Item) error) error) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already", path)
	}
	w, err := captures.Create(path, captures.Options{Version: version()})
	if err != nil {
		return err
	}
	defer closing(&err, w.Close)
	return walk(func(item wire.Item) error { return w.Write([]wire.Item{owned(item)}) })
}

// mark keeps a user's mark in the capture that has the event.
func (s *captureSource) mark(on *event.Event, text string) (told string, err error) {
	r, err := s.holding(on.Session)
	if err != nil {
		return "", err
	}
	r.Close()
	return "", captures.AppendMark(r.Path(), version(), captures.Mark{At: on.ID(), Text: text, Time: time.Now()})
}
