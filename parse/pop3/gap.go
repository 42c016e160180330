package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Gap tells that n octets are missing in what is read. Inside a block they
// count as its text; elsewhere lines begin anew behind it.
func (s *Session) Gap(side event.Side, n int64, t time.Time) {
	d := s.dir(side)
	if side == event.SideServer && s.open == nil && d.long == nil {
		s.cutStatus(d)
	}
	s.loosen(d, t, "a gap in the recording follows")
	if side == event.SideClient && s.xmit != nil {
		s.xmit.size += n
		d.split.Skip(n)
	}
	if side == event.SideServer && s.open != nil {
		s.open.size += n
		s.open.lost = true
		d.split.Skip(n)
	}
	d.astray = true
	s.Emit(wire.Gap(side, n, t))
}

// cutStatus takes a status line whose end is missing for what it is: its
// beginning says that its command is answered.
func (s *Session) cutStatus(d *direction) {
	if st := parseStatus(d.split.Kept()); st.known() == "" {
		return
	}
	if f := d.split.Flush(); f.Kind == Line {
		d.sent = 0
		s.take(d.line(&f))
	}
}

// overtaken gives up on answers that are missing: a client that waits for each
// answer has had those to all its commands when it sends the next one.
func (s *Session) overtaken() {
	if len(s.queue) == 0 && s.open == nil {
		return
	}
	s.pipelines = s.pipelines || !s.server.astray
	if s.pipelines {
		return
	}
	if s.open != nil {
		s.server.split.Abandon()
		s.endBlock(&line{dir: s.open.dir}, s.open.last, true)
	}
	s.queue, s.exchanges, s.refused = nil, 0, 0
}
