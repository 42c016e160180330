// Package imap understands IMAP connections: it is the authority on what
// every octet of one is. RFC 9051, RFC 3501, and the extensions' RFCs.
//
// A Splitter cuts each direction into lines and literals; the Session says
// what each is, pairs responses with commands, follows the state, masks the
// secrets, and makes the events. The grammar of arguments is the work of
// parse/imap/syntax, the exchanges of AUTHENTICATE that of parse/sasl, plain
// words that of parse/explain. It does no I/O and has no clock. The proxy, the
// readers of captures and the tests come in through parse.New.
//
//	C: a1 LOGIN alice {6}      command, open: a literal is announced
//	S: + go ahead              continuation, for LOGIN: its event comes first
//	C: secret                  the command's end: its event
//	S: a1 OK done              response, for LOGIN: paired by its tag
//
// An event's Data is a *Login, an *Auth or a *sasl.Step where the login is
// concerned, and what parse/imap/syntax makes of the line elsewhere.
//
// A new command is one row in table.go and one transcript in testdata.
package imap

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/inflate"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// Session is one IMAP connection.
type Session struct {
	journal wire.Journal
	show    bool // secrets are kept
	sink    wire.Sink

	client, server dir
	proxy          dir // what mailtap sends to the client

	pending  []pending // commands without their completion, the oldest first
	room     []pending // the memory that pending lies in
	shifting int       // of pending, those that may change the state
	auth     auth
	idle     idle
	legs     []legCommand
	utf8     bool // UTF8=ACCEPT or IMAP4rev2 is enabled

	size        mailboxSize
	appendLimit int64 // octets; 0: not told

	greeted   bool // the first line of the server came
	heard     bool // some line of the server came
	greetedOK bool // and was OK: another may follow
	earlier   bool // the next response may answer a login that nobody recorded
	spoken    bool // the client sent something
	deflated  bool
	replay    bool // what comes is from a capture: COMPRESS is undone already
	echo      sasl.Echo
	owed      bool // the client's credentials may still come as a line: the server did not wait for them

	back     []byte
	deferred []byte // answers that wait for the greeting, or for the end of a response

	found []wire.Secret // scratch, as are the following
	clips []wire.Secret
	mask  []byte
	piece wire.Octets
}

// dir is one direction: what the client or the server sends, or mailtap to the client.
type dir struct {
	side     event.Side // whose direction it is on the client's leg
	from     event.Side // who made it
	split    Splitter
	pieces   []piece // the Reads that brought the present fragment
	sent     int     // octets of a line without its end that went on already
	off      int64   // octets before the present fragment
	msg      message
	given    given
	rec      recorded
	rule     rule
	out      outbox
	deflate  bool
	inflater *inflate.Inflater
	broken   bool // inflating failed
	astray   bool // octets are missing, and no line has begun behind them for sure
	ended    bool
}

// recorded is what a capture says of the present fragment's octets.
type recorded struct {
	dropped bool
	cut     bool // a stand-in: the recording left the text out
	altered *wire.Altered
}

// piece is what one Read brought of a fragment.
type piece struct {
	n int
	t time.Time
}

// maxPieces bounds those of one line; the last takes what follows.
const maxPieces = 256

// New starts a session before its greeting.
func New(o wire.Options) *Session {
	s := &Session{
		journal: wire.NewJournal(o, event.IMAP, event.StateNotAuthenticated),
		show:    o.ShowSecrets,
		sink:    o.Sink,
	}
	if o.LoggedIn {
		s.journal.State = event.StateAuthenticated
		s.greeted, s.earlier = true, true
	}
	s.client = dir{side: event.SideClient, from: event.SideClient}
	s.server = dir{side: event.SideServer, from: event.SideServer, split: Splitter{Server: true}}
	s.proxy = dir{side: event.SideServer, from: event.SideProxy, split: Splitter{Server: true}}
	return s
}

func (s *Session) dir(side event.Side) *dir {
	if side == event.SideClient {
		return &s.client
	}
	return &s.server
}

// arrive notes a Read's part of the present fragment.
func (d *dir) arrive(n int, t time.Time) {
	if k := len(d.pieces); k > 0 && (d.pieces[k-1].t.Equal(t) || k == maxPieces) {
		d.pieces[k-1].n += n
		d.pieces[k-1].t = t
		return
	}
	d.pieces = append(d.pieces, piece{n, t})
}

// first and last are the times of the present fragment's ends.
func (d *dir) first() time.Time { return d.pieces[0].t }
func (d *dir) last() time.Time  { return d.pieces[len(d.pieces)-1].t }

// done is the end of a fragment.
func (d *dir) done(n int) {
	d.off += int64(n)
	if cap(d.pieces) > 16 {
		d.pieces = nil
	}
	d.pieces = d.pieces[:0]
	d.sent = 0
	d.rec = recorded{}
}

// boundary reports whether what went on of the direction ends with a message:
// a line that is held back as a whole does not count.
func (d *dir) boundary() bool { return !d.msg.open && d.sent == 0 && d.split.between() }

// Info tells where the session stands.
func (s *Session) Info() wire.Info {
	info := s.journal.Info()
	info.Compressed = s.deflated
	info.Idle = s.idle.active
	info.Boundary = s.server.boundary()
	for i := range s.pending {
		if !s.pending[i].dropped && !s.pending[i].stray {
			info.Pending++
		}
	}
	return info
}

// Emit hands e to the sink as an event of this session.
func (s *Session) Emit(e *event.Event) {
	if e.State == event.StateNone {
		e.State = s.journal.State
	}
	s.journal.Emit(e)
}

// Close frees what the session holds.
func (s *Session) Close() {
	for _, d := range []*dir{&s.client, &s.server} {
		if d.inflater != nil {
			d.inflater.Close()
			d.inflater = nil
		}
	}
	s.echo.Forget()
}

// mailboxName is a mailbox's name as people read it.
func (s *Session) mailboxName(wireName []byte) string {
	name, _ := syntax.DecodeMailbox(string(wireName[:min(len(wireName), maxValue)]))
	return clipValue(wire.Escape([]byte(name)))
}
