package proxy

import (
	"slices"
	"sync/atomic"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// finder is a sink that finds something at the beginning and at the end of
// each session.
type finder struct{ proxy atomic.Pointer[Proxy] }

func (f *finder) Write(batch []wire.Item) error {
	for _, item := range batch {
		e := item.Event
		if e != nil && (e.Kind == event.KindGreeting || e.Kind == event.KindSessionClose) {
			found := finding.New("pop.in-use", "")
			found.Context, found.Time = e.Context, e.Time
			f.proxy.Load().Find(found)
		}
	}
	return nil
}

// What a sink finds stands among the events of a session that is open, and
// behind those of one that is over: also of the last one.
func TestFind(t *testing.T) {
	f := &finder{}
	r := newRig(t, "imap", "imap", imapDialect.server("imap"), func(c *Config) {
		c.Outputs = append([]Output{{Sink: f}}, c.Outputs...)
	})
	f.proxy.Store(r.proxy)
	c := r.client()
	c.want("* OK ready")
	c.send("a4 LOGOUT")
	c.want("a4 OK bye")
	c.wantEnd()
	r.end()
	events := r.record.events()
	over := slices.IndexFunc(events, func(e *event.Event) bool { return e.Kind == event.KindSessionClose })
	at := []int{}
	for i, e := range events {
		if e.Finding != nil && e.Finding.ID == "pop.in-use" {
			at = append(at, i)
		}
	}
	if len(at) != 2 || over < 0 || at[1] != len(events)-1 || at[1] < over {
		t.Errorf("findings stand at %v of %d events, session.close at %d: want two, the last one behind it", at, len(events), over)
	}
}
