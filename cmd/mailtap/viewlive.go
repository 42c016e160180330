package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy"
	"mailtap/view"
)

// liveSource is the viewer's end of a proxy in this process: a sink that may
// fall behind. What its queue had no room for is counted and told.
type liveSource struct {
	batches chan view.Batch
	gone    chan struct{} // closed when nobody looks any more
	dropped int
	kept    *kept // for saving, where nothing is recorded
}

func newLiveSource() *liveSource {
	return &liveSource{batches: make(chan view.Batch, 16), gone: make(chan struct{}), kept: newKept(keptOctets)}
}

// Write makes it a sink of the proxy.
func (s *liveSource) Write(batch []wire.Item) error {
	b := view.Batch{Items: append([]wire.Item(nil), batch...), Left: view.Left{Events: int64(s.dropped)}}
	s.dropped = 0
	s.kept.add(batch)
	select {
	case s.batches <- b:
	case <-s.gone:
	}
	return nil
}

// Dropped counts what the queue had no room for.
func (s *liveSource) Dropped(items int) {
	s.dropped += items
	s.kept.missed()
}

// Next makes it a view.Source.
func (s *liveSource) Next(ctx context.Context) (view.Batch, error) {
	select {
	case b := <-s.batches:
		return b, nil
	case <-ctx.Done():
		return view.Batch{}, ctx.Err()
	}
}

// say puts a line into the viewer's log.
func (s *liveSource) say(e *event.Event) {
	select {
	case s.batches <- view.Batch{Items: []wire.Item{{Event: e}}}:
	case <-s.gone:
	default: // nobody has begun to look
		go func() {
			select {
			case s.batches <- view.Batch{Items: []wire.Item{{Event: e}}}:
			case <-s.gone:
			}
		}()
	}
}

// watch runs the viewer until the user leaves; then stop ends the proxy.
func (s *liveSource) watch(ctx context.Context, p *proxy.Proxy, o view.Options, stop func()) error {
	defer stop()
	defer close(s.gone)
	o.Source, o.Live, o.Title, o.Parting = s, true, "proxy", "the proxy ends with it"
	if o.Actions.Save == nil {
		o.Actions.Save = s.kept.save
	}
	o.Actions.End = func(id string) error {
		if !p.Kill(id) {
			return errors.New("the session has ended already")
		}
		return nil
	}
	return show(ctx, o)
}

// recordedActions are what the viewer can do where the sessions are recorded
// to path.
func (r *recording) actions(path string) view.Actions {
	if r == nil {
		return view.Actions{}
	}
	written := func(id string) (*captureSource, error) { // what is recorded of a session so far
		files := []string{path}
		if r.each {
			files, _ = filepath.Glob(filepath.Join(path, "*"+id+"*.pcapng"))
		}
		if err := r.writer.Flush(); err != nil {
			return nil, err
		}
		return openCaptures(files)
	}
	return view.Actions{
		Save: func(id, to string) error {
			source, err := written(id)
			if err != nil {
				return err
			}
			defer source.close()
			return source.save(id, to)
		},
		Exports: viewExports(func(id string) (string, error) {
			source, err := written(id)
			if err != nil {
				return "", err
			}
			defer source.close()
			return source.named(id)
		}),
		Comment: func(at, text string, set bool) error {
			id, _, _ := strings.Cut(at, ":")
			var after int64
			if _, err := fmt.Sscanf(at[len(id)+1:], "%d", &after); err != nil {
				return err
			}
			if !set {
				text = ""
			}
			mark := &event.Event{Time: time.Now(), Kind: event.KindMark, Context: &event.Context{Session: id}, After: after, Text: text}
			return r.Write([]wire.Item{{Session: id, Event: mark}})
		},
	}
}
