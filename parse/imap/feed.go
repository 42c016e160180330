package imap

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Feed takes a chunk that side sent at t. With a nil gate Forward is data
// itself, and half a line goes on at once.
func (s *Session) Feed(side event.Side, data []byte, t time.Time, gate wire.Gate) wire.Result {
	d := s.dir(side)
	if gate == nil && len(s.deferred) == 0 && d.split.Held() == d.sent && d.rule.action == wire.Relay {
		s.run(d, data, t)
		d.sent = d.split.Held()
		return wire.Result{Forward: data}
	}
	return s.feedGated(d, data, t, gate)
}

// run takes all of data.
func (s *Session) run(d *dir, data []byte, t time.Time) {
	for len(data) > 0 {
		if d.deflate {
			s.inflate(d, data, t)
			return
		}
		data = s.step(d, data, t)
	}
}

// step takes the octets of one fragment, and gives the rest.
func (s *Session) step(d *dir, data []byte, t time.Time) []byte {
	f, n := d.split.Next(data)
	d.arrive(n, t)
	if f.Data != nil {
		s.fragment(d, f)
		d.done(len(f.Data))
	}
	return data[n:]
}

// fragment takes a fragment into its message, and ends that where it is whole.
func (s *Session) fragment(d *dir, f Fragment) {
	if f.Literal {
		s.takeLiteral(d, f)
		return
	}
	s.takeLine(d, f)
	if !d.msg.open {
		s.finish(d)
	}
}

// feedGated is Feed where the legs may differ.
func (s *Session) feedGated(d *dir, data []byte, t time.Time, gate wire.Gate) (res wire.Result) {
	d.out.reset(data)
	s.back = s.back[:0]
	for off := 0; off < len(data); {
		if d.deflate {
			d.out.add(data[off:], off)
			s.inflate(d, data[off:], t)
			break
		}
		f, n := d.split.Next(data[off:])
		d.arrive(n, t)
		off += n
		if f.Data == nil {
			break
		}
		if !d.msg.open && !s.ask(d, f, gate) {
			d.split.unread()
			d.pieces, d.sent = d.pieces[:0], 0
			res.Held, res.Rest = f.Data, data[off:]
			break
		}
		if s.gated(d, f, off, t) {
			res.Stopped, res.Rest = true, data[off:]
			break
		}
	}
	if gate == nil {
		d.out.add(d.split.line[d.sent:d.split.Held()], -1)
		d.sent = d.split.Held()
	}
	res.Forward, res.Back = d.out.bytes(), s.back
	return res
}

// ask asks the gate about a line that begins a message. It is false for Hold:
// nothing has happened then.
func (s *Session) ask(d *dir, f Fragment, gate wire.Gate) bool {
	if gate == nil || d.sent > 0 {
		return true // half of it went on before there was a gate
	}
	u := s.unit(d, f.Data)
	v := gate.Decide(&u)
	if v.Action == wire.Hold {
		return false
	}
	d.rule.action, d.rule.stop = v.Action, v.Stop
	d.rule.data = append(d.rule.data[:0], v.Data...)
	d.rule.answer = append(d.rule.answer[:0], v.Answer...)
	return true
}

// unit is what the gate is told about a line.
func (s *Session) unit(d *dir, line []byte) wire.Unit {
	var w what
	if d.side == event.SideClient {
		w = s.classifyClient(line)
	} else {
		w = s.classifyServer(line)
	}
	u := wire.Unit{Side: d.side, Kind: w.kind, Data: line, Name: w.name, Status: w.status, State: s.journal.State}
	if w.tag > 0 && w.kind != event.KindContinuation {
		u.Tag = string(line[:w.tag])
	}
	if d.side == event.SideServer {
		u.For = s.answers(&w, line[:w.tag])
	}
	return u
}

// answers is the name of the command that a response completes or belongs to.
func (s *Session) answers(w *what, tag []byte) string {
	i := -1
	switch {
	case w.kind == event.KindContinuation:
		return s.continues()
	case w.status != "" && string(tag) != "*":
		if i = s.tagged(tag); i < 0 && s.client.msg.open && string(s.client.msg.tagBuf) == string(tag) {
			return s.client.msg.name
		}
	default:
		i = s.asking(w)
	}
	if i < 0 {
		return ""
	}
	return s.pending[i].name
}

// rule is what the gate said of the message that comes; it holds for its literals too.
type rule struct {
	action wire.Action
	stop   bool
	data   []byte
	answer []byte
}

// withheld reports whether nothing of the message goes on.
func (r *rule) withheld() bool {
	return r.action == wire.Drop || r.action == wire.Refuse || r.action == wire.Leg
}

func (r *rule) reset() { *r = rule{data: r.data[:0], answer: r.answer[:0]} }

// gated takes a fragment as the gate said; off is its end in the chunk. It
// reports whether Feed has to stop behind it.
func (s *Session) gated(d *dir, f Fragment, off int, t time.Time) (stop bool) {
	switch {
	case d.rule.action == wire.Replace && !f.Literal && !d.msg.open:
		d.out.add(d.rule.data, -1)
		f = s.replaced(d, f)
	case !d.rule.withheld():
		d.out.add(f.Data[d.sent:], off-len(f.Data)+d.sent)
	}
	n := len(f.Data)
	s.fragment(d, f)
	d.done(n)
	if d.msg.open && d.msg.lit.awaits && d.rule.withheld() && d.side == event.SideClient {
		s.refused(d) // the literal never comes: nobody asked for it
	}
	if d.msg.open {
		return false
	}
	stop = d.rule.stop
	s.reply(d, d.rule.answer, t)
	d.rule.reset()
	s.overdue(d, t)
	return stop
}

// overdue sends the answers that waited for the end of a response, the greeting's too.
func (s *Session) overdue(d *dir, t time.Time) {
	if len(s.deferred) > 0 && d.side == event.SideServer && d.boundary() {
		d.out.add(s.deferred, -1)
		s.Inject(event.SideClient, s.deferred, t)
		s.deferred = s.deferred[:0]
	}
}

// replaced is a line as the client's leg has it, where the gate replaced it.
func (s *Session) replaced(d *dir, f Fragment) Fragment {
	here, there := f.Data, d.rule.data
	if d.side == event.SideServer {
		here, there = there, here
		d.pieces = append(d.pieces[:0], piece{len(here), d.last()})
	}
	other := there
	if d.side == event.SideClient {
		other = s.maskedText(there)
	}
	d.rec.altered = &wire.Altered{Other: lineText(other), Bytes: int64(len(there))}
	f.Data = here
	return f
}

// maskedText is a client's line with what may be secret in it masked.
func (s *Session) maskedText(line []byte) []byte {
	m := message{what: s.classifyClient(line)}
	s.found = s.found[:0]
	before := s.auth
	s.clientSecrets(&m, Fragment{Data: line}, nil)
	s.auth = before
	if len(s.found) == 0 || s.show {
		return line
	}
	return append([]byte(nil), s.masked(line, s.found)...)
}

// reply sends a gate's answer to the sender of what it refused: to the client
// not before the greeting, nor before the response that it is being sent has ended.
func (s *Session) reply(d *dir, answer []byte, t time.Time) {
	switch {
	case len(answer) == 0:
	case d.side == event.SideServer:
		s.back = append(s.back, answer...)
		s.Inject(event.SideServer, answer, t)
	case s.heard && s.server.boundary():
		s.back = append(s.back, answer...)
		s.Inject(event.SideClient, answer, t)
	default:
		s.deferred = append(s.deferred, answer...)
	}
}

// outbox gathers what goes to the other side; as long as that is a part of the
// chunk as it came, it is that part itself.
type outbox struct {
	chunk    []byte
	from, to int
	buf      []byte
	copied   bool
}

func (o *outbox) reset(chunk []byte) {
	*o = outbox{chunk: chunk, buf: o.buf[:0]}
	if cap(o.buf) > 64<<10 {
		o.buf = nil
	}
}

// add takes data, which is at off in the chunk; where it is not (a line that
// began in an earlier one), off is negative.
func (o *outbox) add(data []byte, off int) {
	if len(data) == 0 {
		return
	}
	if !o.copied && off >= 0 && (o.to == o.from || o.to == off) {
		if o.to == o.from {
			o.from = off
		}
		o.to = off + len(data)
		return
	}
	if !o.copied {
		o.buf = append(o.buf, o.chunk[o.from:o.to]...)
		o.copied = true
	}
	o.buf = append(o.buf, data...)
}

func (o *outbox) bytes() []byte {
	if o.copied {
		return o.buf
	}
	return o.chunk[o.from:o.to]
}
