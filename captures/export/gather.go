package export

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
	"mailtap/parse/wire"
)

// gatherer puts the messages of sessions together from their octets: the text
// of a message comes before the event that says what it is.
type gatherer struct {
	spool    *spool
	accept   func(*event.Event) bool
	emit     func(m *Message, server string) error
	sessions map[string]*mailSession
	headers  int // messages of which nothing but header fields went by
}

// mailSession is a session whose messages are gathered.
type mailSession struct {
	server   string
	validity uint64
	sides    [2]literals
	parted   map[string]*parted // messages of which parts went by, by UID or number
	order    []*parted
}

// literals are the texts of a response or command that is not over.
type literals struct {
	texts []*text
	open  bool   // the last one goes on
	lost  int64  // octets that the recording lacks, since the last line
	tail  []byte // of what stands before the next one: how it was announced
}

func (l *literals) drop() {
	for _, t := range l.texts {
		t.drop()
	}
	*l = literals{}
}

// item takes the next item of any session.
func (g *gatherer) item(item wire.Item) error {
	s := g.sessions[item.Session]
	if s == nil {
		s = &mailSession{parted: map[string]*parted{}}
		g.sessions[item.Session] = s
	}
	if item.Octets != nil {
		return g.octets(s, item.Octets)
	}
	return g.event(s, item.Event)
}

// octets keeps message text: pieces that follow one another are one literal.
func (g *gatherer) octets(s *mailSession, o *wire.Octets) error {
	l := &s.sides[0]
	if o.Side == event.SideServer {
		l = &s.sides[1]
	}
	if o.Part == wire.PartNone {
		l.open = l.open && len(o.Data) == 0
		if len(l.texts) == 0 {
			l.lost = 0 // what was missing stood before this
		}
		l.tail = append(l.tail, o.Data[max(0, len(o.Data)-maxMark):]...)
		l.tail = l.tail[max(0, len(l.tail)-maxMark):]
		return nil
	}
	if !l.open {
		l.texts, l.open = append(l.texts, g.spool.newText()), true
		l.texts[len(l.texts)-1].announced = announced(l.tail)
	}
	t := l.texts[len(l.texts)-1]
	if o.Cut {
		t.cut += int64(len(o.Data))
	}
	return t.add(o.Data)
}

// maxMark is how long the announcement of a literal is at most: "{", twenty
// digits, "+}", CRLF.
const maxMark = 26

// announced is the size in "{123}" or "{123+}" at a line's end; -1: there is none.
func announced(line []byte) int64 {
	line = bytes.TrimRight(line, "\r\n")
	i := bytes.LastIndexByte(line, '{')
	if i < 0 || line[len(line)-1] != '}' {
		return -1
	}
	n, err := strconv.ParseInt(string(bytes.TrimRight(line[i+1:len(line)-1], "+-")), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (g *gatherer) event(s *mailSession, e *event.Event) error {
	if e.Route != nil && e.Kind == event.KindSessionOpen {
		s.server = e.Route.Upstream
	}
	if e.Kind == event.KindSessionClose {
		return g.close(e.Session)
	}
	if e.Name == "EXPUNGE" && e.Kind == event.KindResponse { // numbers are others' now
		if err := g.finish(s); err != nil {
			return err
		}
	}
	l := &s.sides[1]
	if e.Dir == event.SideClient {
		l = &s.sides[0]
	}
	if e.Kind == event.KindGap {
		l.lost += e.Bytes
	}
	if !e.Kind.Protocol() || e.Leg == event.LegServer {
		return nil
	}
	if len(l.texts) > 0 {
		l.texts[0].lost = l.lost
	}
	err := g.data(s, e, l.texts)
	l.drop()
	return err
}

// data says what the texts are. Those that it takes are nil afterwards.
func (g *gatherer) data(s *mailSession, e *event.Event, texts []*text) error {
	wanted := g.accept == nil || g.accept(e)
	switch d := e.Data.(type) {
	case *syntax.Status:
		if n, ok := d.Args.(*syntax.NumberCode); ok && e.Code == "UIDVALIDITY" {
			if s.validity != n.Number {
				defer func() { s.validity = n.Number }()
				return g.finish(s)
			}
		}
	case *pop3.Message:
		if wanted && len(texts) == 1 {
			return g.popped(s, e, d, texts)
		}
	case *syntax.AppendArgs:
		if wanted {
			return g.appended(s, e, d, texts)
		}
	case *syntax.FetchData:
		if wanted {
			return g.fetched(s, e, d, texts)
		}
	}
	return nil
}

// popped is what RETR or TOP brought.
func (g *gatherer) popped(s *mailSession, e *event.Event, d *pop3.Message, texts []*text) error {
	m := messageOf(e, e.For)
	m.Number = d.Message
	plain, err := unstuffed(texts[0])
	if err != nil {
		return err
	}
	lost := texts[0].lost
	m.text, m.Complete = plain, e.For == "RETR" && e.Completes && plain.cut == 0 && lost == 0
	switch {
	case lost > 0:
		m.Seen = fmt.Sprintf("all but some %d octets, which the recording lacks", lost)
	case plain.cut > 0:
		m.Seen = notRecorded(plain.cut)
	case !e.Completes:
		m.Seen = "its beginning: the session ended in it"
	case e.For == "TOP":
		m.Seen = "its header and the first lines"
	}
	return g.emit(m, s.server)
}

func notRecorded(n int64) string {
	return fmt.Sprintf("%d octets of it were not recorded, and as many others stand in their place", n)
}

// unstuffed is a text of POP3 without the octets that byte-stuffing put there
// (RFC 1939 §3).
func unstuffed(t *text) (*text, error) {
	plain := t.spool.newText()
	plain.cut = t.cut
	buf, start := make([]byte, 64<<10), true
	for r := t.reader(); ; {
		n, err := r.Read(buf)
		out := buf[:0]
		for _, c := range buf[:n] {
			if !start || c != '.' {
				out = append(out, c)
			}
			start = c == '\n'
		}
		if len(out) > 0 {
			if err := plain.add(out); err != nil {
				return nil, err
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return plain, nil
		default:
			return nil, err
		}
	}
}

// take moves the first text out of texts: it is the caller's from now on.
func take(texts *[]*text) *text {
	t := (*texts)[0]
	(*texts)[0] = nil
	*texts = (*texts)[1:]
	return t
}

// appended is what a client uploads.
func (g *gatherer) appended(s *mailSession, e *event.Event, d *syntax.AppendArgs, texts []*text) error {
	for _, a := range d.Messages {
		if len(texts) == 0 {
			return nil
		}
		m := messageOf(e, e.Name)
		m.Mailbox, m.text = d.Mailbox.Name, g.spool.newText()
		missing := int64(0)
		for len(texts) > 0 && m.text.size < a.Size {
			missing += texts[0].missing()
			m.text.append(take(&texts), 0)
		}
		m.Complete = missing == 0 && m.text.size == a.Size && m.text.cut == 0 && len(a.Catenate) == 0
		switch {
		case len(a.Catenate) > 0:
			m.Seen = "the parts that the client sent: the server puts others between them (CATENATE)"
		case m.text.cut > 0:
			m.Seen = notRecorded(m.text.cut)
		case !m.Complete:
			m.Seen = fmt.Sprintf("%d of %d octets", m.text.size, max(a.Size, m.text.size+missing))
		}
		if err := g.emit(m, s.server); err != nil {
			return err
		}
	}
	return nil
}

// close ends a session.
func (g *gatherer) close(id string) error {
	s := g.sessions[id]
	delete(g.sessions, id)
	if s == nil {
		return nil
	}
	for d := range s.sides {
		s.sides[d].drop()
	}
	return g.finish(s)
}
