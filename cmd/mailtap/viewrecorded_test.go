package main

import (
	"path/filepath"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// recorded are the items of a POP3 session: its opening and a line; and its end.
func recorded(id string) (begins, ends []wire.Item) {
	c := &event.Context{Session: id, Proto: event.POP3}
	now := time.Now()
	item := func(e event.Event) wire.Item {
		e.Context, e.Time = c, now
		return wire.Item{Session: id, Event: &e}
	}
	begins = []wire.Item{
		item(event.Event{Seq: 1, Kind: event.KindSessionOpen, Route: &event.Route{Listen: "pop3://127.0.0.1:1110", Upstream: "pop3://127.0.0.1:110", Client: "127.0.0.1:40000"}}),
		{Session: id, Octets: &wire.Octets{Side: event.SideServer, Data: []byte("+OK ready\r\n"), Time: now}},
		item(event.Event{Seq: 2, Kind: event.KindGreeting, Dir: event.SideServer, Status: "+OK", Text: "+OK ready", Bytes: 11}),
	}
	return begins, []wire.Item{item(event.Event{Seq: 3, Kind: event.KindSessionClose, Close: &event.Close{By: event.SideServer, BytesS: 11}})}
}

// What a live viewer let go of is read from the recording that goes on, in one
// file or in a file a session: all of a session, and not as much of it as there
// was when another one was read.
func TestRecordedLibrary(t *testing.T) {
	for _, name := range []string{"all.pcapng", "each/"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if name == "each/" {
				path += "/"
			}
			w, err := captures.Create(path, captures.Options{PerSession: captures.PerSession(path)})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			l := &recordedLibrary{recording: &recording{writer: w, path: path, each: captures.PerSession(path)}}
			defer l.close()
			write := func(items []wire.Item) {
				if err := w.Write(items); err != nil {
					t.Fatal(err)
				}
			}
			kinds := func(id string) (list []event.Kind) {
				if err := l.Load(t.Context(), id, func(item wire.Item) error {
					if item.Event != nil {
						list = append(list, item.Event.Kind)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				return list
			}
			one, oneEnds := recorded("AAAAAAAAAA")
			two, twoEnds := recorded("BBBBBBBBBB")
			write(append(append(one, two...), oneEnds...))
			if got := kinds("AAAAAAAAAA"); len(got) < 3 || got[len(got)-1] != event.KindSessionClose {
				t.Errorf("the first session has %v", got)
			}
			write(twoEnds)
			if got := kinds("BBBBBBBBBB"); len(got) < 3 || got[len(got)-1] != event.KindSessionClose {
				t.Errorf("the second session has %v", got)
			}
			seen := map[string]bool{}
			if err := l.Walk(t.Context(), func(e *event.Event, _ float64) error { seen[e.Session] = true; return nil }); err != nil || len(seen) != 2 {
				t.Errorf("all of it has %v (%v)", seen, err)
			}
		})
	}
}
