package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view"
)

const recordedCapture = "../../view/testdata/recorded.pcapng"

// inBatches are all batches of a source.
func inBatches(t *testing.T, s *captureSource) (all []view.Batch) {
	t.Helper()
	for {
		b, err := s.Next(context.Background())
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
}

// asLines are the events of items as JSON; "" is all sessions'.
func asLines(t *testing.T, items []wire.Item, session string) (lines []string) {
	t.Helper()
	for _, item := range items {
		if item.Event == nil || session != "" && item.Session != session {
			continue
		}
		text, err := json.Marshal(item.Event)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	return lines
}

// What the viewer gets of captures that are too large to be held is the same
// as what it holds of small ones: the sessions, each event once to go by, and
// again each session that is asked for.
func TestLargeCaptures(t *testing.T) {
	small, err := openCaptures([]string{recordedCapture})
	if err != nil {
		t.Fatal(err)
	}
	defer small.close()
	if small.read() != nil {
		t.Fatal("a small capture is taken for a large one")
	}
	var whole []wire.Item
	for _, b := range inBatches(t, small) {
		whole = append(whole, b.Items...)
	}

	large, err := openCaptures([]string{recordedCapture})
	if err != nil {
		t.Fatal(err)
	}
	defer large.close()
	go large.outline()
	var passing []wire.Item
	outlines := map[string]view.Outline{}
	for _, b := range inBatches(t, large) {
		if len(b.Items) > 0 && !b.Passing {
			t.Fatalf("%d items are to be held", len(b.Items))
		}
		passing = append(passing, b.Items...)
		for _, o := range b.Outlines {
			outlines[o.ID] = o
		}
	}
	if got, want := asLines(t, passing, ""), asLines(t, whole, ""); !slices.Equal(got, want) {
		t.Errorf("%d events went by, want %d", len(got), len(want))
	}
	for _, item := range whole {
		e := item.Event
		if e == nil || e.Kind != event.KindSessionClose {
			continue
		}
		o := outlines[e.Session]
		if o.Ended.IsZero() || o.BytesC != e.Close.BytesC || o.BytesS != e.Close.BytesS || o.Commands != e.Close.Commands || o.Context.User != e.User {
			t.Errorf("the outline of %s is %+v, its close says %+v", e.Session, o.Facts, e.Close)
		}
		var loaded []wire.Item
		err := large.Load(context.Background(), e.Session, func(item wire.Item) error {
			loaded = append(loaded, owned(item))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := asLines(t, loaded, ""), asLines(t, whole, e.Session); !slices.Equal(got, want) {
			t.Errorf("session %s was loaded with %d events, want %d", e.Session, len(got), len(want))
		}
	}
	if len(outlines) == 0 {
		t.Error("no outline came")
	}
}

// Above heldAtMost captures are large, each or together.
func TestLargeFrom(t *testing.T) {
	data, err := os.ReadFile(recordedCapture)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large.pcapng")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, heldAtMost/2+1); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]bool{1: false, 2: true} {
		s, err := openCaptures(slices.Repeat([]string{path}, n))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.large(); got != want {
			t.Errorf("%d captures of %d octets: large is %t", n, heldAtMost/2+1, got)
		}
		s.close()
	}
}
