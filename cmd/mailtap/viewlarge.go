package main

import (
	"context"
	"errors"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view"
)

// looking is what part of the time it takes to outline captures goes into
// finding their sessions; the rest goes into the survey.
const looking = 0.25

// outline gives the viewer what large captures hold: first the sessions, by a
// quick look at each capture, then every event once, to go by.
func (s *captureSource) outline() {
	defer close(s.batches)
	if s.list() == nil {
		s.survey()
	}
}

// list sends the sessions of all captures as they are found. What cannot be
// read is told.
func (s *captureSource) list() error {
	for i, r := range s.readers {
		look := r.Again()
		var batch view.Batch
		look.Progress = func(read, size int64) {
			batch.Done = looking * (float64(i) + float64(read)/float64(size)) / float64(len(s.readers))
			s.send(&batch)
		}
		look.Found = func(found *captures.Session) {
			if only := r.Session(); only != "" && only != found.ID {
				return
			}
			batch.Outlines = append(batch.Outlines, outlineOf(found))
		}
		_, err := look.Sessions()
		s.keep(look)
		if err != nil && !errors.Is(err, captures.ErrTruncated) {
			batch.Items = append(batch.Items, warning(err))
		}
		if err := s.send(&batch); err != nil {
			return err
		}
	}
	return nil
}

// keep notes in which capture sessions are; the first one has them.
func (s *captureSource) keep(r *captures.Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range r.Listed() {
		if s.where[id] == nil {
			s.where[id] = r
		}
	}
}

// listed is the reader whose index has a session, or nil.
func (s *captureSource) listed(id string) *captures.Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.where[id]
}

// survey sends every event of all captures, once.
func (s *captureSource) survey() {
	batch := view.Batch{Passing: true}
	errs := s.walk(s.ctx, func(e *event.Event, far float64) error {
		batch.Items, batch.Done = append(batch.Items, wire.Item{Event: e}), looking+(1-looking)*far
		if len(batch.Items) < itemsABatch {
			return nil
		}
		return s.send(&batch)
	})
	for _, err := range errs {
		batch.Items = append(batch.Items, warning(err))
	}
	s.send(&batch)
}

// Walk makes it a view.Library.
func (s *captureSource) Walk(ctx context.Context, take func(e *event.Event, far float64) error) error {
	for _, err := range s.walk(ctx, take) {
		if !errors.Is(err, captures.ErrTruncated) { // a cut is told by the survey
			return err
		}
	}
	return ctx.Err()
}

// walk hands over the events of all captures, and gives what went wrong with
// each.
func (s *captureSource) walk(ctx context.Context, take func(e *event.Event, far float64) error) (errs []error) {
	for i, r := range s.readers {
		r := r.Again()
		far := 0.0
		r.Progress = func(read, size int64) {
			far = (float64(i) + float64(read)/float64(size)) / float64(len(s.readers))
		}
		err := r.Walk(func(item wire.Item) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if item.Event == nil {
				return nil
			}
			return take(item.Event, far)
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Load makes it a view.Library.
func (s *captureSource) Load(ctx context.Context, id string, take func(wire.Item) error) error {
	r, err := s.holding(id)
	if err != nil {
		return err
	}
	defer r.Close()
	err = r.WalkSession(id, func(item wire.Item) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return take(item)
	})
	if errors.Is(err, captures.ErrTruncated) { // told by the survey
		return nil
	}
	return err
}

// outlineOf is what the index tells of a session, as the viewer has it.
func outlineOf(s *captures.Session) view.Outline {
	who := &event.Context{Session: s.ID, Proto: s.Proto, User: s.User, Mailbox: s.Mailbox, ClientID: s.ClientID}
	o := view.Outline{ID: s.ID, Facts: view.Facts{
		Opened: s.Start, Last: s.End, Context: who, BytesC: s.Octets[0], BytesS: s.Octets[1], Findings: s.Findings, Worst: s.Worst,
		Route: &event.Route{Client: s.Client, Upstream: s.Upstream},
	}}
	for i, layer := range s.TLS {
		if layer != (captures.Layer{}) {
			o.TLS[i] = &event.TLS{Side: []event.Side{event.SideClient, event.SideServer}[i], Version: layer.Version, Failure: layer.Failure}
			o.Failed = o.Failed || layer.Failure != ""
		}
	}
	if s.Close != nil {
		o.Ended, o.Commands = s.End, s.Close.Commands
	}
	return o
}
