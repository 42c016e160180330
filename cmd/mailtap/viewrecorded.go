package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// recordedLibrary is a recording that goes on, as the viewer's library: the
// lines that a live viewer let go of are read back from it.
type recordedLibrary struct {
	recording *recording

	mu     sync.Mutex
	source *captureSource  // what was recorded when it was opened; nil before
	whole  map[string]bool // the sessions of it that had ended by then
}

// Load makes it a view.Library. What has been opened and indexed is used again
// for as long as it has the session.
func (l *recordedLibrary) Load(ctx context.Context, id string, take func(wire.Item) error) error {
	source, err := l.with(id)
	if err != nil {
		return err
	}
	return source.Load(ctx, id, take)
}

func (l *recordedLibrary) with(id string) (*captureSource, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.whole[id] {
		return l.source, nil
	}
	source, _, err := l.recording.written(id)
	if err != nil {
		return nil, err
	}
	l.whole = map[string]bool{}
	for _, r := range source.readers {
		found, err := r.Sessions()
		if err != nil && !errors.Is(err, captures.ErrTruncated) { // Load says what is wrong
			continue
		}
		source.keep(r)
		for _, s := range found {
			l.whole[s.ID] = l.whole[s.ID] || s.Close != nil
		}
	}
	if l.source != nil {
		l.source.close()
	}
	l.source = source
	return source, nil
}

// Walk makes it a view.Library.
func (l *recordedLibrary) Walk(ctx context.Context, take func(e *event.Event, far float64) error) error {
	source, done, err := l.recording.all()
	if err != nil {
		return err
	}
	defer done()
	return source.Walk(ctx, take)
}

func (l *recordedLibrary) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.source != nil {
		l.source.close()
	}
}

// all opens everything that is recorded so far.
func (r *recording) all() (*captureSource, func(), error) {
	if !r.each {
		return r.written()
	}
	files, err := filepath.Glob(filepath.Join(r.path, "*.pcapng"))
	if err != nil {
		return nil, nil, err
	}
	return r.open(files)
}
