package export

import (
	"bytes"
	"errors"
	"slices"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// PcapngOptions say what a capture is written with.
type PcapngOptions struct {
	Version string
	Accept  func(*event.Event) bool // sessions that have such an event; nil is all
}

// Pcapng writes sessions to a new capture, and gives their number. What the
// source masks stays masked. With Accept it reads the source twice.
func Pcapng(source Source, path string, o PcapngOptions) (sessions int, err error) {
	wanted, err := chosen(source, o.Accept)
	if err != nil {
		return 0, err
	}
	w, err := captures.Create(path, captures.Options{Version: o.Version})
	if err != nil {
		return 0, err
	}
	walked := source.Walk(func(item wire.Item) error {
		if wanted != nil && !wanted[item.Session] || item.Session == "" {
			return nil
		}
		if item.Event != nil && item.Event.Kind == event.KindSessionOpen {
			sessions++
		}
		return w.Write([]wire.Item{owned(item)})
	})
	return sessions, errors.Join(walked, w.Close())
}

// chosen are the sessions that have an event which accept lets through; nil is
// all. A source that was cut is told of by the walk that writes.
func chosen(source Source, accept func(*event.Event) bool) (map[string]bool, error) {
	if accept == nil {
		return nil, nil
	}
	wanted := map[string]bool{}
	err := source.Walk(func(item wire.Item) error {
		if item.Event != nil && accept(item.Event) {
			wanted[item.Session] = true
		}
		return nil
	})
	if errors.Is(err, captures.ErrTruncated) {
		err = nil
	}
	return wanted, err
}

// owned is item with octets of its own.
func owned(item wire.Item) wire.Item {
	if item.Octets != nil {
		o := *item.Octets
		o.Data, o.Secrets = bytes.Clone(o.Data), slices.Clone(o.Secrets)
		item.Octets = &o
	}
	return item
}
