package captures

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailtap/captures/pcapng"
	"mailtap/captures/tcp"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// walk turns the packets of one file back into the items of its sessions.
type walk struct {
	r        *Reader
	only     string // the session that is wanted, or ""
	fn       func(wire.Item) error
	failure  error // fn's
	found    bool
	conns    map[ends]*conn
	sessions map[string]*session
	closed   []*session // the last ones, for what comes after their close
	notes    notes
	others   *tcp.Assembler // puts together what is not mailtap's
	guests   map[*guest]bool
	keys     keys // that stand in the file so far
}

// maxOpen is how many sessions may be open at once before a file is taken for
// a hostile one.
const maxOpen = 1 << 17

// conn is one TCP connection of a session.
type conn struct {
	session *session
	next    [2]uint32 // the sequence number that is expected
	known   [2]bool
}

// session is one recorded session while its packets go by.
type session struct {
	id      string
	parse   wire.Session // nil behind its close
	context *event.Context
	seq     int64
	layer   [2]string
	plain   bool // nothing is masked in the file
	held    [2]held

	findings findings
	ends     []ends
}

var sides = [2]event.Side{event.SideClient, event.SideServer}

func newWalk(r *Reader, only string, fn func(wire.Item) error) *walk {
	w := &walk{r: r, only: only, fn: fn, conns: map[ends]*conn{}, sessions: map[string]*session{}, guests: map[*guest]bool{}}
	w.others = tcp.New(&foreign{w})
	return w
}

// close frees what sessions hold that the file does not close, and gives what
// they still had to say.
func (w *walk) close() {
	w.others.Flush()
	for g := range w.guests {
		g.parse.Close()
	}
	for _, id := range slices.Sorted(maps.Keys(w.sessions)) {
		if s := w.sessions[id]; s.parse != nil {
			w.giveRecorded(s, len(s.findings.recorded))
			s.parse.Close()
		}
	}
}

// sink takes what one session has to say.
type sink struct {
	w *walk
	s *session
}

func (k *sink) Octets(o *wire.Octets) {
	k.w.giveRecorded(k.s, len(k.s.findings.recorded))
	k.w.give(wire.Item{Session: k.s.id, Octets: o})
}

func (k *sink) Event(e *event.Event) {
	k.s.context = e.Context
	k.s.seq = max(k.s.seq, e.Seq)
	if e.Finding != nil {
		k.w.giveRecorded(k.s, k.s.findings.anew(e))
	} else {
		k.w.giveRecorded(k.s, len(k.s.findings.recorded))
	}
	k.w.give(wire.Item{Session: k.s.id, Event: e})
}

func (w *walk) give(item wire.Item) {
	if w.failure == nil {
		w.failure = w.fn(item)
	}
}

// notes are what the comments of one packet say.
type notes struct {
	octets  wire.Octets // secrets, altered, proxy, dropped
	layer   string
	goesOn  bool     // this FIN is no end: a further part follows
	session string   // that the packet's events belong to
	events  [][]byte // comments that are events
	kinds   []string // of events
	users   [][]byte // users' own words
}

// read fills n from a packet's comments.
func (n *notes) read(p *pcapng.Packet) {
	*n = notes{events: n.events[:0], kinds: n.kinds[:0], users: n.users[:0]}
	for text := range p.Comments() {
		c, ours := decode(text)
		if !ours {
			n.users = append(n.users, text)
			continue
		}
		switch c.Kind {
		case kindSecret:
			n.octets.Secrets = append(n.octets.Secrets, *c.Secret)
		case kindAltered:
			n.altered(&c)
		case kindLayer:
			n.layerOf(&c)
		case kindOpen, kindUpstream, kindTLS, kindServerLeg, kindFinding, kindMark, kindClose, kindEvent:
			n.events = append(n.events, text)
			n.kinds = append(n.kinds, c.Kind)
		}
		if n.session == "" && isID(c.Session) {
			n.session = c.Session
		}
	}
}

// isID reports whether text can be a session's name. It goes into names of
// files and onto terminals, and a capture may come from anybody.
func isID(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return text != "" && len(text) <= 32
}

func (n *notes) altered(c *comment) {
	n.octets.Proxy, n.octets.Dropped, n.octets.Why = c.Proxy, c.Dropped, c.Why
	if c.Bytes != nil {
		n.octets.Altered = &wire.Altered{Bytes: *c.Bytes}
		if c.Other != nil {
			n.octets.Altered.Other = *c.Other
		}
	}
}

func (n *notes) layerOf(c *comment) {
	if c.Layer == layerTLS {
		n.goesOn = c.Next > 1
		return
	}
	n.layer = c.Layer
}

// packet takes the next packet of the file.
func (w *walk) packet(p *pcapng.Packet, at place) error {
	w.keys = at.keys
	w.notes.read(p)
	seg, ok := segment{}, false
	if p.Link == pcapng.LinkRaw {
		seg, ok = parseRaw(p)
	}
	var c *conn
	d := client
	if ok {
		c, d = w.conn(&seg, p.Time)
	}
	switch {
	case c != nil:
		w.own(c, d, &seg, p.Time)
	case w.notes.session != "":
		w.events(w.sessions[w.notes.session], p.Time)
	case len(w.notes.kinds) > 0:
		w.about()
	default:
		w.foreign(p)
	}
	if w.failure == nil && len(w.sessions)+len(w.guests) > maxOpen+maxClosed {
		w.failure = errors.New("more sessions are open at once than any capture has")
	}
	return w.failure
}

// conn is the connection of mailtap's that seg belongs to, and seg's
// direction; a SYN that says so begins one.
func (w *walk) conn(seg *segment, t time.Time) (c *conn, d int) {
	there, back := ends{seg.src, seg.dst}, ends{seg.dst, seg.src}
	if seg.flags&(flagSYN|flagACK) == flagSYN {
		s := w.begin()
		if s == nil {
			delete(w.conns, there) // somebody else's connection
			return nil, 0
		}
		c = &conn{session: s}
		if len(s.ends) < 64 {
			w.conns[there], s.ends = c, append(s.ends, there)
		}
		return c, client
	}
	if c = w.conns[there]; c != nil {
		return c, client
	}
	return w.conns[back], server
}

// begin is the session that a SYN's comments name: a new one if they have its
// session.open.
func (w *walk) begin() *session {
	id := w.notes.session
	if id == "" || w.only != "" && w.only != id {
		return nil
	}
	if s := w.sessions[id]; s != nil && s.parse != nil {
		return s
	}
	for i, kind := range w.notes.kinds {
		if kind != kindOpen {
			continue
		}
		e, err := decodeEvent(w.notes.events[i])
		if err != nil || e.Context == nil || e.Proto == event.ProtoNone {
			continue
		}
		s := &session{id: id, context: e.Context, layer: [2]string{layerText, layerText}}
		s.plain = bytes.Contains(w.notes.events[i], []byte(`"secrets":true`))
		s.parse = w.r.newParse(e.Proto, wire.Options{ID: id, ShowSecrets: w.r.ShowSecrets, Sink: &sink{w, s}})
		w.sessions[id] = s
		return s
	}
	return nil
}

// own takes a segment of one of mailtap's connections.
func (w *walk) own(c *conn, d int, seg *segment, t time.Time) {
	s := c.session
	if w.only != "" && s.id != w.only {
		return
	}
	w.found = true
	if w.notes.layer != "" {
		s.layer[d] = w.notes.layer
	}
	if s.parse != nil {
		w.octets(c, d, seg, t)
	}
	if seg.flags&flagSYN != 0 {
		c.next[d], c.known[d] = seg.seq+1, true
	}
	if seg.flags&flagFIN != 0 {
		c.next[d]++ // a FIN takes a number too
		if s.parse != nil && !w.notes.goesOn {
			s.parse.EOF(sides[d], t)
		}
	}
	w.events(s, t)
}

// octets gives a segment's octets to its session, each once and in order.
func (w *walk) octets(c *conn, d int, seg *segment, t time.Time) {
	s := c.session
	data, omitted := seg.data, seg.omitted
	if ahead := int32(seg.seq - c.next[d]); c.known[d] && ahead > 0 && seg.flags&flagSYN == 0 {
		c.next[d] = seg.seq
		s.parse.Gap(sides[d], int64(ahead), t)
	} else if c.known[d] && ahead < 0 { // again what was there already
		again := int(-int64(ahead))
		if again >= len(data)+omitted {
			return
		}
		data, omitted = data[min(again, len(data)):], omitted-max(0, again-len(data))
	}
	if len(data)+omitted == 0 {
		return
	}
	c.next[d], c.known[d] = seg.seq+uint32(len(seg.data)+seg.omitted), true
	o := w.notes.octets
	o.Side, o.Data, o.Time = sides[d], data, t
	o.Raw, o.Deflate = s.layer[d] == layerRaw, s.layer[d] == layerDeflate
	if h := &s.held[d]; h.any || seg.flags&flagPSH == 0 {
		h.add(&o, omitted)
		if seg.flags&flagPSH == 0 && len(h.o.Data) < maxHeld {
			return
		}
		o, omitted = h.o, h.omitted
		*h = held{}
	}
	w.recorded(s, &o, omitted)
}

// held is a piece that is written in several segments, all but the last one
// without PSH: what is said of it is said of all of them.
type held struct {
	any     bool
	o       wire.Octets
	omitted int
}

// maxHeld bounds what a hostile capture makes us hold.
const maxHeld = 4 << 20

func (h *held) add(o *wire.Octets, omitted int) {
	if !h.any {
		h.any, h.o = true, *o
		h.o.Data = nil
	}
	h.o.Data = append(h.o.Data, o.Data...)
	h.omitted += omitted
}

// recorded hands on a piece, and a stand-in for what was omitted behind it.
func (w *walk) recorded(s *session, o *wire.Octets, omitted int) {
	o.Secrets = within(o.Secrets, len(o.Data))
	if s.plain && !w.r.ShowSecrets {
		mask(o)
	}
	if len(o.Data) > 0 {
		s.parse.Recorded(o)
	}
	if omitted > 0 {
		cut := *o
		cut.Data, cut.Cut, cut.Secrets = standIn(omitted), true, nil
		if len(o.Data) > 0 {
			cut.Altered = nil
		}
		s.parse.Recorded(&cut)
	}
}

// within leaves out what a hostile capture says of octets that are not there.
func within(secrets []wire.Secret, n int) []wire.Secret {
	kept := secrets[:0]
	for _, s := range secrets {
		if s.Off >= 0 && s.Len >= 0 && s.Off <= n && s.Len <= n-s.Off {
			kept = append(kept, s)
		}
	}
	return kept
}

// mask hides the secrets of a capture that has them.
func mask(o *wire.Octets) {
	o.Data = bytes.Clone(o.Data)
	for _, s := range o.Secrets {
		for i := range o.Data[s.Off : s.Off+s.Len] {
			o.Data[s.Off+i] = '*'
		}
	}
}

// standIn is n octets in place of text that was not recorded. It ends a line,
// as what stands before the next thing on record did.
func standIn(n int) []byte {
	text := bytes.Repeat([]byte{'x'}, n)
	copy(text[max(0, n-2):], "\r\n"[max(0, 2-n):])
	return text
}

// events gives the session s, or nobody, what the packet's comments have.
func (w *walk) events(s *session, t time.Time) {
	if w.only != "" && w.notes.session != w.only && (s == nil || s.id != w.only) {
		return
	}
	for i, text := range w.notes.events {
		kind := w.notes.kinds[i]
		e, err := decodeEvent(text)
		switch {
		case kind == kindMark:
			w.mark(s, text, t)
		case err != nil || kindOf(e) != kind:
		case e.Context != nil && e.Session != w.notes.session, s != nil && s.id != w.notes.session: // somebody put it on another's packet
		default:
			w.event(s, kind, e)
		}
	}
	for _, text := range w.notes.users {
		if s != nil {
			e := userMark(text)
			e.Time = t
			w.emit(s, e)
		}
	}
}

// event gives s one event that was recorded in a comment of that kind.
func (w *walk) event(s *session, kind string, e *event.Event) {
	if e.Finding != nil && s != nil {
		if !s.findings.known(e) {
			s.findings.recorded = append(s.findings.recorded, e)
		}
		if s.parse == nil {
			w.giveRecorded(s, len(s.findings.recorded))
		}
		return
	}
	if s == nil {
		w.give(wire.Item{Session: w.notes.session, Event: e})
		return
	}
	if e.Kind == event.KindGap && s.parse != nil {
		s.parse.Gap(e.Dir, 0, e.Time)
		return
	}
	if kind == kindClose && s.parse != nil {
		s.parse.EOF(event.SideClient, e.Time)
		s.parse.EOF(event.SideServer, e.Time)
	}
	w.emit(s, e)
	switch {
	case kind == kindClose:
		w.end(s)
	case kind == kindTLS && s.parse != nil && e.TLS.Failure == "" && e.TLS.Side != event.SideNone:
		s.parse.Upgraded(e.TLS.Side, e.Time) // as the proxy does, behind the event
	}
}

// mark is a user's comment on an event, which may be of another session than
// the packet's; t is for those that say no time.
func (w *walk) mark(s *session, text []byte, t time.Time) {
	c, _ := decode(text)
	e, err := decodeEvent(text)
	if err != nil {
		e = &event.Event{Time: t}
	}
	e.Kind, e.Text = event.KindMark, wire.Escape([]byte(c.Text))
	if id, seq, found := strings.Cut(c.At, ":"); found {
		after, _ := strconv.ParseInt(seq, 10, 64)
		switch {
		case w.sessions[id] != nil:
			s, e.After = w.sessions[id], after
		case e.Context != nil && e.Session == id: // of one that is no longer kept in mind
			e.After = after
			w.give(wire.Item{Session: id, Event: e})
			return
		}
	}
	if s != nil {
		w.emit(s, e)
	}
}

// emit hands e on as an event of s, also behind its close.
func (w *walk) emit(s *session, e *event.Event) {
	if s.parse != nil {
		s.parse.Emit(e)
		return
	}
	e.Context = s.context
	if e.Kind != event.KindFinding && e.Kind != event.KindMark {
		s.seq++
		e.Seq = s.seq
	}
	w.give(wire.Item{Session: s.id, Event: e})
}

// end frees s, but keeps in mind for a while which one it was.
func (w *walk) end(s *session) {
	if s.parse == nil {
		return
	}
	w.giveRecorded(s, len(s.findings.recorded))
	s.parse.Close()
	s.parse = nil
	w.closed = append(w.closed, s)
	if len(w.closed) <= maxClosed {
		return
	}
	old := w.closed[0]
	w.closed = w.closed[1:]
	delete(w.sessions, old.id)
	for _, e := range old.ends {
		if c := w.conns[e]; c != nil && c.session == old {
			delete(w.conns, e)
		}
	}
}
