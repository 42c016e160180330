package imap

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/inflate"
	"mailtap/parse/wire"
)

// compress is the OK of COMPRESS: behind it both directions are compressed.
// A capture holds what was inside.
func (s *Session) compress() {
	s.deflated = true
	if s.replay {
		return
	}
	for _, d := range []*dir{&s.client, &s.server} {
		d.deflate = true
		d.inflater = inflate.New()
	}
}

// inflate takes octets of a compressed direction. Where inflating fails they
// are kept as they are on the wire, from there on: what became text before that
// is not counted again.
func (s *Session) inflate(d *dir, data []byte, t time.Time) {
	if d.broken {
		s.raw(d, data, t)
		return
	}
	err := d.inflater.Feed(data, func(plain []byte) {
		for len(plain) > 0 {
			plain = s.step(d, plain, t)
		}
	})
	if err == nil {
		return
	}
	d.broken = true
	data = d.inflater.Rest(data)
	d.inflater.Close()
	d.inflater = nil
	s.flush(d, t, "inflating COMPRESS=DEFLATE failed in the middle of it", false)
	s.raw(d, data, t)
}

// raw is octets that nobody reads: an event of their own.
func (s *Session) raw(d *dir, data []byte, t time.Time) {
	s.piece = wire.Octets{Side: d.side, Data: data, Time: t, Raw: true}
	s.sink.Octets(&s.piece)
	d.off += int64(len(data))
	s.journal.Emit(&event.Event{Time: t, Kind: event.KindOctets, Dir: d.from,
		Text: wire.Placeholder(int64(len(data))), Bytes: int64(len(data)),
		Note: "not to be read: inflating COMPRESS=DEFLATE failed"})
}

// Recorded is Feed for what a capture holds.
func (s *Session) Recorded(o *wire.Octets) {
	s.replay = true
	d := s.dir(o.Side)
	if o.Proxy {
		d = &s.proxy
	}
	d.given.add(d.off+int64(d.split.Held()), o.Data, o.Secrets)
	switch {
	case o.End:
		s.EOF(o.Side, o.Time)
		return
	case o.Why != "":
		s.Drop(o.Side, o.Data, o.Time, o.Why)
		return
	case o.Raw:
		s.raw(d, o.Data, o.Time)
		return
	}
	d.deflate = o.Deflate // step does not look at it
	d.rec.dropped, d.rec.cut = o.Dropped, o.Cut
	if o.Altered != nil {
		d.rec.altered = o.Altered
	}
	for data := o.Data; len(data) > 0; {
		data = s.step(d, data, o.Time)
		d.rec.cut = o.Cut
	}
}

// flush ends what is open in a direction: nothing more comes of it. end: so
// the sink is told, between the octets and the event.
func (s *Session) flush(d *dir, t time.Time, fault string, end bool) {
	m := &d.msg
	f := d.split.Rest()
	was := m.open
	if f.Data != nil {
		s.takeLine(d, f)
		d.done(len(f.Data))
	}
	if end {
		s.piece = wire.Octets{Side: d.side, Time: t, End: true}
		s.sink.Octets(&s.piece)
	}
	if f.Data != nil || was {
		m.cut, m.fault = true, "the line has no end: "+fault
		if f.Data == nil && m.lit.open {
			m.fault = "the literal is not whole: " + fault
			m.loginCut()
		}
		s.finish(d)
	}
	d.split.Forget()
}

// EOF tells that side will send no more.
func (s *Session) EOF(side event.Side, t time.Time) {
	d := s.dir(side)
	if d.ended {
		return
	}
	d.ended = true
	s.flush(d, t, "the connection ended", true)
}

// Upgraded tells that TLS now runs on side: what was said in the clear counts
// no more (RFC 9051 §6.2.1).
func (s *Session) Upgraded(side event.Side, t time.Time) {
	d := s.dir(side)
	s.flush(d, t, "TLS begins", false)
	if side == event.SideClient {
		s.utf8, s.auth, s.idle = false, auth{}, idle{}
		s.forgetPending() // nobody answers what was sent before
		s.greetedOK = false
	}
}

// Gap tells that n octets of side are missing in what is read. Those of a
// literal are counted as its octets; behind others lines begin anew.
func (s *Session) Gap(side event.Side, n int64, t time.Time) {
	d := s.dir(side)
	missing := n
	if m := &d.msg; n > 0 && m.lit.open {
		taken := d.split.skip(n)
		m.bytes += taken
		m.lit.got += taken
		m.lit.began = m.lit.began || taken > 0
		m.lit.awaits = m.lit.awaits && taken == 0
		missing -= taken
		if missing == 0 { // the literal goes on
			s.journal.Emit(wire.Gap(side, n, t))
			return
		}
	}
	s.flush(d, t, "octets are missing", false)
	d.astray = true
	s.journal.Emit(wire.Gap(side, n, t))
}
