package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// fragile is a wire.Session that panics when it is fed a word.
type fragile struct{ wire.Session }

func (f fragile) Feed(side event.Side, data []byte, t time.Time, gate wire.Gate) wire.Result {
	if strings.Contains(string(data), "BOOM") {
		var none []int
		_ = none[len(data)]
	}
	return f.Session.Feed(side, data, t, gate)
}

// A panic of the parser costs the transcript and not the mail; with a gate at
// work the session ends, and says so.
func TestPanic(t *testing.T) {
	newParse = func(proto event.Proto, o wire.Options) wire.Session { return fragile{parse.New(proto, o)} }
	defer func() { newParse = parse.New }()
	t.Run("bare copy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imaps", "imaps", nil)
			c := s.client()
			inside := make(chan *peer)
			go func() {
				srv := s.server()
				srv.serverTLS()
				inside <- srv
			}()
			c.secure(tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}))
			srv := <-inside
			go srv.send("* OK ready")
			c.want("* OK ready")
			go c.send("a1 BOOM secret")
			srv.want("a1 BOOM secret")
			go srv.send("a1 OK done")
			c.want("a1 OK done")
			go c.send("a2 LOGIN alice secret")
			srv.want("a2 LOGIN alice secret")
			go srv.conn.Close()
			c.wantEnd()
			s.end()
			if !slices.Contains(s.record.findings(), "mailtap.panic") {
				t.Errorf("findings %q, want mailtap.panic", s.record.findings())
			}
			closed := s.record.closes()
			want := int64(len("a1 BOOM secret\r\na2 LOGIN alice secret\r\n"))
			if len(closed) != 1 || closed[0].Close.BytesC != want {
				t.Errorf("closed: %+v, want %d octets from the client", closed[0].Close, want)
			}
			if text := strings.Join(s.record.lines(), "\n"); strings.Contains(text, "secret") {
				t.Errorf("unmasked: %s", text)
			}
		})
	})
	t.Run("behind a gate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap+starttls", "imap", nil)
			c, srv := s.greeted("* OK ready")
			c.send("a1 BOOM")
			c.wantFarewell("* BYE [UNAVAILABLE] mailtap: an internal error")
			srv.wantEnd()
			s.end()
			wantFindings(t, s.record, "mailtap.panic")
		})
	})
}

// slow is a sink that stops at its first batch until it is let go on.
type slow struct {
	memory
	gate chan struct{}
}

func (s *slow) Write(batch []wire.Item) error {
	<-s.gate
	return s.memory.Write(batch)
}

// forgetful is a slow sink that may drop, and counts that.
type forgetful struct {
	slow
	less dropped
}

func (s *forgetful) Dropped(events int, octets int64) {
	s.less.events += events
	s.less.octets += octets
}

// A slow sink slows sessions and loses nothing; one that may drop does neither.
func TestSlowSinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keeps := &slow{gate: make(chan struct{})}
		drops := &forgetful{slow: slow{gate: make(chan struct{})}}
		s := newStill(t, "imap", "imap", func(c *Config) {
			c.Outputs = []Output{{Sink: keeps, Octets: true}, {Sink: drops, Octets: true, Drop: true}}
		})
		c, srv := s.greeted("* OK ready")
		c.send("a1 LOGIN alice secret")
		srv.want("a1 LOGIN alice secret")
		srv.send("a1 OK in")
		c.want("a1 OK in")
		const size = 4 * maxQueued
		got := make(chan int64)
		go func() {
			io.WriteString(srv.conn, "* 1 FETCH (BODY[] {33554432}\r\n")
			srv.conn.Write(make([]byte, size))
			srv.conn.Write([]byte(")\r\n"))
			srv.conn.Close()
		}()
		go func() {
			n, _ := io.Copy(io.Discard, c.in)
			got <- n
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Error("the session went on while the sink stood still")
		default:
		}
		close(keeps.gate)
		if n := <-got; n < size {
			t.Errorf("the client got %d octets, want over %d", n, size)
		}
		close(drops.gate)
		c.conn.Close()
		s.end()
		keeps.check(t)
		all, some := eventsAndOctets(keeps.items)
		events, octets := eventsAndOctets(drops.items)
		if events != all || octets >= some || octets+drops.less.octets != some || drops.less.events != 0 {
			t.Errorf("%d events and %d octets came to the one that drops, which was told of %+v; there were %d and %d", events, octets, drops.less, all, some)
		}
	})
}

func eventsAndOctets(items []wire.Item) (events int, octets int64) {
	for _, item := range items {
		if item.Octets != nil {
			octets += int64(len(item.Octets.Data))
		} else {
			events++
		}
	}
	return events, octets
}

type broken struct{}

func (broken) Write([]wire.Item) error { return errors.New("disk full") }

// A sink that fails ends its recording and no session.
func TestBrokenSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		s := newStill(t, "imap", "imap", func(c *Config) {
			c.Outputs = append(c.Outputs, Output{Sink: broken{}, Octets: true})
			c.Failed = func(_ Sink, err error) { failed <- err }
		})
		c, srv := s.greeted("* OK ready")
		if err := <-failed; err == nil || err.Error() != "disk full" {
			t.Errorf("Failed got %v", err)
		}
		c.send("a1 NOOP")
		srv.want("a1 NOOP")
		go srv.conn.Close()
		c.wantEnd()
		s.end()
	})
}
