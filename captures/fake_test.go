package captures

import (
	"bytes"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// lineSession is the least that a wire.Session can be: each line is an event.
// It knows no IMAP and no POP3, so that these tests say what captures do.
type lineSession struct {
	wire.Journal
	sink   wire.Sink
	pieces [2][]wire.Octets
	ended  [2]bool
	secure bool
	ending *wire.Octets
}

func newLineSession(proto event.Proto, o wire.Options) wire.Session {
	return &lineSession{Journal: wire.NewJournal(o, proto, event.StateNone), sink: o.Sink}
}

func (l *lineSession) Feed(side event.Side, data []byte, t time.Time, _ wire.Gate) wire.Result {
	l.Recorded(&wire.Octets{Side: side, Data: data, Time: t})
	return wire.Result{Forward: data}
}

func (l *lineSession) Recorded(o *wire.Octets) {
	d := int(o.Side) - 1
	rest, off := o.Data, 0
	for len(rest) > 0 {
		n := bytes.IndexByte(rest, '\n') + 1
		piece := *o
		whole := n > 0
		if !whole {
			n = len(rest)
		}
		piece.Data = bytes.Clone(rest[:n])
		piece.Secrets = nil
		for _, s := range o.Secrets {
			if from, to := max(s.Off, off), min(s.Off+s.Len, off+n); from < to {
				s.Off, s.Len = from-off, to-from
				piece.Secrets = append(piece.Secrets, s)
			}
		}
		if off > 0 {
			piece.Altered = nil
		}
		l.pieces[d] = append(l.pieces[d], piece)
		if whole {
			l.line(d, "")
		}
		rest, off = rest[n:], off+n
	}
}

// line hands on what stands of a line, and its event.
func (l *lineSession) line(d int, wrong string) {
	pieces := l.pieces[d]
	l.pieces[d] = nil
	if len(pieces) == 0 {
		return
	}
	e := &event.Event{Kind: event.KindCommand, Dir: event.SideClient, Error: wrong}
	if d == server {
		e.Kind, e.Dir = event.KindResponse, event.SideServer
	}
	var text []byte
	for i := range pieces {
		p := &pieces[i]
		l.sink.Octets(p)
		text = append(text, p.Data...)
		e.Time = p.Time
		e.Bytes += int64(len(p.Data))
		if p.Proxy {
			e.Dir, e.To = event.SideProxy, event.SideClient
		}
		if p.Altered != nil {
			e.Altered, e.Other, e.OtherBytes = true, p.Altered.Other, p.Altered.Bytes
		}
		if p.Dropped {
			e.Dropped, e.Error = true, p.Why
		}
		for _, s := range p.Secrets {
			e.Name += s.Mech
		}
		if p.Deflate {
			e.Tag = "deflate"
		}
		if p.Raw {
			e.Tag = "raw"
		}
	}
	if l.ending != nil {
		l.sink.Octets(l.ending)
		l.ending = nil
	}
	if l.secure {
		e.Code = "SECURE"
	}
	e.Text = wire.Escape(bytes.TrimRight(text, "\r\n"))
	l.Emit(e)
}

func (l *lineSession) Inject(to event.Side, lines []byte, t time.Time) {
	l.Recorded(&wire.Octets{Side: event.SideServer, Data: lines, Time: t, Proxy: true})
}

func (l *lineSession) ServerLeg(lines []byte, t time.Time) {
	l.Emit(&event.Event{Kind: event.KindResponse, Time: t, Dir: event.SideServer, Leg: event.LegServer,
		Text: wire.Escape(lines), Data: map[string]any{"atoms": []any{"A", "B"}}})
}

func (l *lineSession) Drop(side event.Side, data []byte, t time.Time, why string) {
	l.Recorded(&wire.Octets{Side: side, Data: data, Time: t, Dropped: true, Why: why})
}

func (l *lineSession) Upgraded(side event.Side, _ time.Time) {
	l.secure = l.secure || side == event.SideClient
}

func (l *lineSession) Gap(side event.Side, n int64, t time.Time) {
	l.line(int(side)-1, "a gap")
	l.Emit(wire.Gap(side, n, t))
}

func (l *lineSession) EOF(side event.Side, t time.Time) {
	d := int(side) - 1
	if l.ended[d] {
		return
	}
	l.ended[d] = true
	l.ending = &wire.Octets{Side: side, Time: t, End: true}
	l.line(d, "the connection ended in it")
	if l.ending != nil {
		l.sink.Octets(l.ending)
		l.ending = nil
	}
}

func (l *lineSession) Info() wire.Info { return l.Journal.Info() }
func (l *lineSession) Close()          {}
