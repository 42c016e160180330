package main

import (
	"context"
	"errors"
	"path/filepath"
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
	left    view.Left
	kept    *kept // for saving, where nothing is recorded
}

func newLiveSource() *liveSource {
	return &liveSource{batches: make(chan view.Batch, 16), gone: make(chan struct{}), kept: newKept(keptOctets)}
}

// Write makes it a sink of the proxy.
func (s *liveSource) Write(batch []wire.Item) error {
	b := view.Batch{Items: append([]wire.Item(nil), batch...), Left: s.left}
	s.left = view.Left{}
	s.kept.add(batch)
	select {
	case s.batches <- b:
	case <-s.gone:
	}
	return nil
}

// Dropped counts what the queue had no room for.
func (s *liveSource) Dropped(events int, octets int64) {
	s.left.Events += int64(events)
	s.left.Octets += octets
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
func (s *liveSource) say(e *event.Event) { s.send(view.Batch{Items: []wire.Item{{Event: e}}}) }

// send hands the viewer a batch that does not come from the proxy.
func (s *liveSource) send(b view.Batch) {
	give := func() {
		select {
		case s.batches <- b:
		case <-s.gone:
		}
	}
	select {
	case s.batches <- b:
	case <-s.gone:
	default: // nobody has begun to look
		go give()
	}
}

// watch runs the viewer until the user leaves; then stop ends the proxy.
func (s *liveSource) watch(ctx context.Context, p *proxy.Proxy, o view.Options, recording *recording, stop func()) error {
	defer stop()
	defer close(s.gone)
	o.Source, o.Live, o.Title, o.Parting = s, true, "proxy", "the proxy ends with it"
	if recording != nil {
		o.Actions = opener(recording.written).actions()
		library := &recordedLibrary{recording: recording}
		defer library.close()
		o.Library = library
	} else {
		o.Actions = apart(s.kept.save).actions()
		o.Actions.Save = s.kept.save
	}
	o.Actions.Mark = func(on *event.Event, text string) (told string, err error) {
		p.Find(&event.Event{Time: time.Now(), Kind: event.KindMark, Context: on.Context, After: on.Seq, Text: text})
		return markTold(recording != nil), nil
	}
	o.Actions.End = func(id string) error {
		if !p.Kill(id) {
			return errors.New("the session has ended already")
		}
		return nil
	}
	return show(ctx, o)
}

// markTold is what the user has to know of a mark on a session of a proxy.
func markTold(recorded bool) string {
	if recorded {
		return ""
	}
	return "marked; w saves it with the session: this proxy does not record"
}

// written opens what is recorded so far.
func (r *recording) written(ids ...string) (*captureSource, func(), error) {
	files := []string{r.path}
	if r.each {
		files = nil
		for _, id := range ids {
			found, _ := filepath.Glob(filepath.Join(r.path, "*"+id+"*.pcapng"))
			files = append(files, found...)
		}
	}
	return r.open(files)
}

// open opens files of the recording with all that was written to them.
func (r *recording) open(files []string) (*captureSource, func(), error) {
	if err := r.writer.Flush(); err != nil {
		return nil, nil, err
	}
	source, err := openCaptures(files)
	if err != nil {
		return nil, nil, err
	}
	return source, source.close, nil
}
