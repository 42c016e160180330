package captures

import (
	"fmt"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// The directions of a connection.
const (
	client = 0
	server = 1
)

// recorder turns the items of sessions into the packets of one file.
type recorder struct {
	blocks
	text    Text
	secrets bool // nothing is masked
	flows   map[string]*flow
	taken   map[ends]*flow   // of open sessions
	waiting map[*flow]bool   // whose server is not known yet, and that have something to say
	closed  [maxClosed]*flow // the last ones, for what is known later
	next    int              // in closed
}

// maxClosed is how many closed sessions are kept in mind, since findings may
// come after a session's close.
const maxClosed = 1024

// flow is one session as TCP connections, one after the other.
type flow struct {
	id      string
	proto   event.Proto
	route   event.Route
	opened  time.Time
	ends    ends
	seq     [2]uint32 // the next one
	unacked [2]int
	acks    uint16
	part    int
	held    []*event.Event // not written yet: they wait for the connection
	up      bool           // the connection stands
	octets  bool           // some passed
	fin     [2]bool
	layer   [2]string
	over    bool
}

func newRecorder(o Options) *recorder {
	return &recorder{
		text: o.Text, secrets: o.ShowSecrets,
		flows: map[string]*flow{}, taken: map[ends]*flow{}, waiting: map[*flow]bool{},
	}
}

// record appends what item needs. A session whose session.open did not come
// this way is not recorded: none is recorded by half.
func (r *recorder) record(item *wire.Item) {
	f := r.flows[item.Session]
	switch {
	case item.Event != nil && item.Event.Kind == event.KindSessionOpen && f == nil:
		r.open(item.Session, item.Event)
	case f == nil && item.Event != nil && item.Event.Kind == event.KindMark: // of one that closed long ago
		r.late(item.Session, item.Event)
	case f == nil:
	case item.Octets != nil:
		r.octets(f, item.Octets)
	case item.Event != nil:
		r.event(f, item.Event)
	}
}

// open begins a session. Its packets wait until the server's address is known.
func (r *recorder) open(id string, e *event.Event) {
	f := &flow{id: id, opened: e.Time, part: 1, layer: [2]string{layerText, layerText}}
	if e.Context != nil {
		f.proto = e.Proto
	}
	if e.Route != nil {
		f.route = *e.Route
	}
	isn := hash(id)
	f.seq = [2]uint32{uint32(isn), uint32(isn >> 32)}
	f.held = []*event.Event{e}
	r.flows[id], r.waiting[f] = f, true
}

// event writes what octets do not make.
func (r *recorder) event(f *flow, e *event.Event) {
	if e.Kind == event.KindUpstreamOpen && e.Route != nil {
		f.route.Server = e.Route.Server
	}
	kind := kindOf(e)
	switch {
	case e.Kind == event.KindGap && kind == "":
		r.gap(f, e)
	case kind == "":
		return
	case !f.up && kind != kindUpstream && kind != kindClose:
		f.held = append(f.held, e)
		r.waiting[f] = true
	case !f.up:
		f.held = append(f.held, e)
		if kind == kindClose { // stands on the FIN
			f.held = f.held[:len(f.held)-1]
		}
		r.connect(f, e.Time)
		if kind == kindClose {
			r.close(f, e)
		}
	case kind == kindClose:
		r.close(f, e)
	case f.octets && upgrade(e):
		r.upgrade(f, e)
	default:
		r.ack(f, client, e.Time, r.encode(f, e))
	}
}

// gap leaves out the sequence numbers of octets that nobody has: what is read
// from elsewhere and written again keeps its gaps. Of an unknown number there
// is no number to leave out: a comment tells of it.
func (r *recorder) gap(f *flow, e *event.Event) {
	if e.Bytes > 1<<30 {
		return
	}
	if !f.up {
		r.connect(f, e.Time)
	}
	r.end(0, 0)
	d := client
	if e.Dir == event.SideServer {
		d = server
	}
	f.seq[d] += uint32(e.Bytes)
	r.ack(f, d, e.Time)
}

// upgrade reports whether e says that TLS now runs on the client's connection.
func upgrade(e *event.Event) bool {
	return e.Kind == event.KindTLS && e.TLS != nil && e.TLS.Side == event.SideClient && e.TLS.Failure == ""
}

// encode is e as a comment.
func (r *recorder) encode(f *flow, e *event.Event) []byte {
	if e.Context == nil {
		with := *e
		with.Context = &event.Context{Session: f.id, Proto: f.proto}
		e = &with
	}
	extra := ""
	switch kind := kindOf(e); kind {
	case kindOpen:
		if r.secrets {
			extra = `"secrets":true,`
		}
		if port := f.ends.client.Port(); port != parseAddr(f.route.Client).Port() {
			extra += fmt.Sprintf(`"as":"the client's port is written as %d, since an open session has the same addresses and ports",`, port)
		}
		return encodeEvent(kind, extra, e)
	case kindMark:
		return encodeEvent(kind, fmt.Sprintf(`"at":"%s:%d",`, f.id, e.After), e)
	default:
		return encodeEvent(kind, "", e)
	}
}

// probe writes the SYN alone of sessions whose server is not known yet, so
// that what they have to say is in the file in time.
func (r *recorder) probe() {
	for f := range r.waiting {
		r.address(f)
		r.syn(f)
	}
}

// address gives f addresses that no other open session has.
func (r *recorder) address(f *flow) {
	if r.taken[f.ends] == f {
		delete(r.taken, f.ends)
	}
	f.ends = endsOf(f.id, f.proto, &f.route)
	free := func() bool { return r.taken[f.ends] == nil && f.ends.client != f.ends.server }
	for n := 0; n < 16384 && !free(); n++ {
		f.ends.client = addrWithPort(f.ends.client, ephemeral(f.id, n))
	}
	r.taken[f.ends] = f
}

// syn writes a SYN with what was held.
func (r *recorder) syn(f *flow, more ...[]byte) {
	r.begin(f.ends, client, flagSYN, f.seq[client], 0, 0xffff, f.opened)
	for _, e := range f.held {
		more = append(more, r.encode(f, e))
	}
	r.end(0, 0, more...)
	f.held = nil
	delete(r.waiting, f)
}

// connect writes the three packets that open a connection.
func (r *recorder) connect(f *flow, t time.Time) {
	r.address(f)
	r.syn(f)
	r.established(f, t)
}

func (r *recorder) established(f *flow, t time.Time) {
	f.seq[client]++
	r.begin(f.ends, server, flagSYN|flagACK, f.seq[server], f.seq[client], 0xffff, t)
	f.seq[server]++
	r.begin(f.ends, client, flagACK, f.seq[client], f.seq[server], 0xffff, t)
	r.end(0, 0)
	f.up = true
}

// ack writes a packet without octets. Its window differs from the one before,
// since Wireshark takes equal ones for a sign of loss.
func (r *recorder) ack(f *flow, d int, t time.Time, comments ...[]byte) {
	f.acks++
	f.unacked[1-d] = 0
	r.begin(f.ends, d, flagACK, f.seq[d], f.seq[1-d], 0xfffe-f.acks&1, t)
	r.end(0, 0, comments...)
}

// finish writes the FIN of direction d, if it was not.
func (r *recorder) finish(f *flow, d int, t time.Time, comments ...[]byte) bool {
	if f.fin[d] {
		return false
	}
	f.fin[d] = true
	r.begin(f.ends, d, flagFIN|flagACK, f.seq[d], f.seq[1-d], 0xffff, t)
	r.end(0, 0, comments...)
	f.seq[d]++
	f.unacked[d] = 0
	return true
}

// close ends the session: FINs, that of the side which ended it first.
func (r *recorder) close(f *flow, e *event.Event) {
	first := client
	if e.Close != nil && e.Close.By == event.SideServer {
		first = server
	}
	text := r.encode(f, e)
	switch {
	case r.finish(f, first, e.Time, text):
		r.finish(f, 1-first, e.Time)
		r.ack(f, first, e.Time)
	case r.finish(f, 1-first, e.Time, text):
		r.ack(f, first, e.Time)
	default:
		r.ack(f, client, e.Time, text)
	}
	r.forget(f)
}

// forget frees the addresses of f, and f itself when many others have closed.
func (r *recorder) forget(f *flow) {
	if f.over {
		return
	}
	f.over = true
	if r.taken[f.ends] == f {
		delete(r.taken, f.ends)
	}
	if old := r.closed[r.next]; old != nil {
		delete(r.flows, old.id)
	}
	r.closed[r.next] = f
	r.next = (r.next + 1) % maxClosed
}

// upgrade ends the connection and begins another one between the same
// addresses: tshark would take what follows a STARTTLS for TLS otherwise.
func (r *recorder) upgrade(f *flow, e *event.Event) {
	f.part++
	next := comment{Kind: kindLayer, Session: f.id, Layer: layerTLS, Next: f.part,
		Says: fmt.Sprintf("part %d of session %s follows in a connection of its own: TLS begins", f.part, f.id)}.encode()
	r.finish(f, server, e.Time, next)
	r.finish(f, client, e.Time, next)
	r.ack(f, server, e.Time)
	f.fin = [2]bool{}
	for d := range f.seq {
		f.seq[d] += 0x10000 + uint32(hash(f.id))>>16
	}
	f.opened = e.Time
	f.held = []*event.Event{e}
	r.syn(f, comment{Kind: kindLayer, Session: f.id, Layer: layerTLS, Part: f.part,
		Says: fmt.Sprintf("part %d of session %s: what passed inside TLS", f.part, f.id)}.encode())
	r.established(f, e.Time)
}

// octets writes a piece of the client's leg.
func (r *recorder) octets(f *flow, o *wire.Octets) {
	d := client
	if o.Side == event.SideServer {
		d = server
	}
	if !f.up {
		r.connect(f, o.Time)
	}
	if o.End {
		r.finish(f, d, o.Time)
		return
	}
	f.octets = f.octets || len(o.Data) > 0
	if r.plain(f, d, o) {
		r.append(f, d, o.Data, o.Time)
		return
	}
	r.marked(f, d, o)
}

// plain reports whether nothing needs to be said of o.
func (r *recorder) plain(f *flow, d int, o *wire.Octets) bool {
	return o.Altered == nil && len(o.Secrets) == 0 && !o.Proxy && !o.Dropped && !o.Raw &&
		!r.omits(o) && layerOf(o) == f.layer[d]
}

// omits reports whether o is of a part of messages that is not to be recorded.
func (r *recorder) omits(o *wire.Octets) bool {
	return o.Cut || r.text == TextNone && o.Part != wire.PartNone || r.text == TextHeaders && o.Part == wire.PartBody
}

func layerOf(o *wire.Octets) string {
	switch {
	case o.Raw:
		return layerRaw
	case o.Deflate:
		return layerDeflate
	}
	return layerText
}

// append writes plain octets: into the packet before where that has the same
// direction and time.
func (r *recorder) append(f *flow, d int, data []byte, t time.Time) {
	for len(data) > 0 {
		if !r.blocks.open || r.blocks.flow != f || r.dir != d || !r.time.Equal(t) || len(r.buf)-r.data >= maxSegment {
			r.segment(f, d, flagPSH|flagACK, t)
			r.blocks.flow = f
		}
		n := min(len(data), maxSegment-(len(r.buf)-r.data))
		r.buf = append(r.buf, data[:n]...)
		f.seq[d] += uint32(n)
		f.unacked[d] += n
		data = data[n:]
	}
}

// segment opens a packet for octets. Every now and then the other side
// acknowledges what it got: readers keep what nobody acknowledged.
func (r *recorder) segment(f *flow, d int, flags byte, t time.Time) {
	if f.unacked[d] >= 1<<20 {
		r.ack(f, 1-d, t)
	}
	f.unacked[1-d] = 0
	r.begin(f.ends, d, flags, f.seq[d], f.seq[1-d], 0xffff, t)
}

// marked writes a piece of which something is to be said: in packets of its
// own, with the comments on the first and PSH on the last.
func (r *recorder) marked(f *flow, d int, o *wire.Octets) {
	comments := r.comments(f, d, o)
	for rest := o.Data; len(rest) > 0; comments = nil {
		n, flags := min(len(rest), maxSegment), byte(flagPSH|flagACK)
		if n < len(rest) {
			flags = flagACK
		}
		r.segment(f, d, flags, o.Time)
		f.seq[d] += uint32(n)
		f.unacked[d] += n
		if r.omits(o) {
			r.end(n, checksum(0, rest[:n]), comments...)
		} else {
			r.buf = append(r.buf, rest[:n]...)
			r.end(0, 0, comments...)
		}
		rest = rest[n:]
	}
}

// comments are those of o.
func (r *recorder) comments(f *flow, d int, o *wire.Octets) (texts [][]byte) {
	if layer := layerOf(o); layer != f.layer[d] {
		f.layer[d] = layer
		texts = append(texts, comment{Kind: kindLayer, Layer: layer, Says: says[layer]}.encode())
	}
	if o.Proxy || o.Dropped || o.Altered != nil {
		c := comment{Kind: kindAltered, Proxy: o.Proxy, Dropped: o.Dropped, Why: o.Why}
		if a := o.Altered; a != nil {
			c.Other, c.Bytes = &a.Other, &a.Bytes
		}
		texts = append(texts, c.encode())
	}
	for i := range o.Secrets {
		texts = append(texts, comment{Kind: kindSecret, Secret: &o.Secrets[i]}.encode())
	}
	return texts
}

// says is what a layer's comment says to people.
var says = map[string]string{
	layerText:    "the protocol's text, as it was on the wire",
	layerDeflate: "the protocol's text: on the wire it was inside COMPRESS=DEFLATE (RFC 4978)",
	layerRaw:     "what was on the wire: it could not be inflated, and is no text",
}
