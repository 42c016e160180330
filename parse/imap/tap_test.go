package imap

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// tape is a sink that keeps copies.
type tape struct {
	items  []wire.Item
	events []*event.Event
	leg    [3]bytes.Buffer // the client's leg, by side
}

func (p *tape) Octets(o *wire.Octets) {
	c := *o
	c.Data = bytes.Clone(o.Data)
	c.Secrets = append([]wire.Secret(nil), o.Secrets...)
	if o.Altered != nil {
		a := *o.Altered
		c.Altered = &a
	}
	p.items = append(p.items, wire.Item{Octets: &c})
	p.leg[o.Side].Write(o.Data)
}

func (p *tape) Event(e *event.Event) {
	p.items = append(p.items, wire.Item{Event: e})
	p.events = append(p.events, e)
}

// sums are the bytes of the events in both directions of the client's leg.
func (p *tape) sums() (c, s int64) {
	for _, e := range p.events {
		switch {
		case !e.Kind.Protocol() || e.Leg == event.LegServer:
		case e.Dir == event.SideClient:
			c += e.Bytes
		default:
			s += e.Bytes
		}
	}
	return c, s
}

// lines is each event as JSON, its words and its state.
func (p *tape) lines(t testing.TB) []string {
	t.Helper()
	var lines []string
	for _, e := range p.events {
		j, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("marshalling an event: %v", err)
		}
		lines = append(lines, string(j))
	}
	return lines
}

// chunk is what one Read brings.
type chunk struct {
	side event.Side
	data []byte
	at   time.Duration
	ev   string // tls-upgrade, close
}

var start = time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)

// play feeds chunks to a session, and ends both sides.
func play(s wire.Session, p *tape, chunks []chunk) {
	for _, c := range chunks {
		t := start.Add(c.at)
		switch c.ev {
		case "tls-upgrade":
			s.Upgraded(event.SideServer, t)
			s.Upgraded(event.SideClient, t)
			p.items = append(p.items, wire.Item{}) // where a capture begins its second part
		case "close":
			s.EOF(c.side, t)
		default:
			s.Feed(c.side, c.data, t, nil)
		}
	}
	end := start
	if n := len(chunks); n > 0 {
		end = start.Add(chunks[n-1].at)
	}
	s.EOF(event.SideClient, end)
	s.EOF(event.SideServer, end)
}

// shatter cuts each chunk into pieces of random size, 1 to most.
func shatter(chunks []chunk, r *rand.Rand, most int) []chunk {
	var out []chunk
	for _, c := range chunks {
		if c.ev != "" {
			out = append(out, c)
			continue
		}
		for data := c.data; len(data) > 0; {
			n := min(1+r.IntN(most), len(data))
			out = append(out, chunk{side: c.side, data: data[:n], at: c.at})
			data = data[n:]
		}
	}
	return out
}

// replay gives what a live session recorded to a new one.
func replay(items []wire.Item, o wire.Options) *tape {
	p := &tape{}
	o.Sink = p
	s := New(o)
	for _, item := range items {
		switch {
		case item == wire.Item{}:
			s.Upgraded(event.SideServer, start)
			s.Upgraded(event.SideClient, start)
		case item.Octets != nil && item.Octets.End:
			s.EOF(item.Octets.Side, item.Octets.Time)
		case item.Octets != nil:
			s.Recorded(item.Octets)
		case item.Event.Leg == event.LegServer || !item.Event.Kind.Protocol() && item.Event.Kind != event.KindGap:
			e := *item.Event
			e.Seq = 0
			s.Emit(&e)
		}
	}
	return p
}

func diffLines(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s: event %d\n got %s\nwant %s", what, i+1, g, w)
			return
		}
	}
}
