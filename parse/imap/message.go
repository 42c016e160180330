package imap

import (
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

const (
	// maxHead is how much of a literal is kept for parsing.
	maxHead = 64 << 10
	// maxMessage is how much of a command or response is.
	maxMessage = 256 << 10
	// maxTag bounds a tag in an event.
	maxTag = 255
)

// message is a command or response as it comes: one line, or lines and
// literals, of which only what the event needs is kept.
type message struct {
	what
	open   bool // lines or literals of it are still to come
	bytes  int64
	first  time.Time // of its first octet
	last   time.Time // of its last octet so far
	tagBuf []byte
	fault  string // what is wrong with its framing

	single   []byte // the one line that it is, masked; valid while that is handled
	shown    []byte // the same, as the event's text shows it
	text     text   // of more than one line
	data     []byte // likewise, masked
	literals []syntax.Literal
	masked   []syntax.Span
	cut      bool // its end never came
	refused  bool // because its literal was refused
	full     bool // data has no room for the rest

	lit   literal
	nlit  int // literals that were announced
	texts int // those of them that are message text
	login login
	sasl  *sasl.Step

	piece   bool // the next line's octets are a later piece of one
	dropped bool // passed on to nobody
	leg     bool // the server's leg alone has it
	early   bool // its completion came before its end
	stray   bool // it answers a line that was no command
	altered *wire.Altered
}

// literal is the one that the last line announced.
type literal struct {
	Mark
	open    bool
	awaits  bool // a synchronizing one that the server has not asked for
	began   bool
	ended   bool // as an argument of LOGIN
	got     int64
	secret  bool
	shape   string // of the secret, as a capture tells it
	parts   parts
	mark    [maxMark + 2]byte // how the line announced it
	markLen int
	off     int // in message.data
	kept    int
}

// reset makes m ready for the next message, and keeps small buffers.
func (m *message) reset() {
	buf, tag, own, literals, masked := m.text.buf, m.tagBuf, m.data, m.literals, m.masked
	*m = message{}
	if cap(own) == headBuffer {
		heads.Put((*[headBuffer]byte)(own[:headBuffer]))
	}
	if cap(own) > 4<<10 {
		own = nil
	}
	m.text.buf, m.tagBuf, m.data, m.literals, m.masked = buf[:0], tag[:0], own[:0], literals[:0], masked[:0]
}

// headBuffer is what most messages with a literal need.
const headBuffer = maxHead + 8<<10

// heads are buffers for them: an idle session holds none.
var heads = sync.Pool{New: func() any { return new([headBuffer]byte) }}

// addLine takes a line, or a piece of one, as it is shown and as it is parsed.
func (m *message) addLine(shown, masked []byte, secrets []wire.Secret, f Fragment) {
	m.bytes += int64(len(f.Data))
	more := f.More || f.Mark.Len > 0
	if !m.open && !more {
		m.single, m.shown = masked, shown
		for _, x := range secrets {
			m.masked = append(m.masked, syntax.Span{Off: x.Off, Len: x.Len})
		}
		return
	}
	m.placeLiteral()
	for _, x := range secrets {
		m.masked = append(m.masked, syntax.Span{Off: len(m.data) + x.Off, Len: x.Len})
	}
	m.keep(masked)
	if f.More {
		m.text.add(shown)
		m.open = true
		return
	}
	end := len(shown) - f.Mark.Len
	if f.Mark.Len == 0 {
		end = len(trimEnd(shown))
	}
	m.text.add(shown[:max(end, 0)])
	m.open = more
}

// keep adds octets to what will be parsed, as many as there is room for.
func (m *message) keep(masked []byte) int {
	n := min(len(masked), maxMessage-len(m.data))
	m.full = m.full || n < len(masked)
	if need := len(m.data) + n; need > cap(m.data) && need > 2<<10 && need <= headBuffer {
		m.data = append(heads.Get().(*[headBuffer]byte)[:0], m.data...)
	}
	m.data = append(m.data, masked[:n]...)
	return n
}

// announce opens the literal at the end of a line.
func (m *message) announce(f Fragment, awaits bool) {
	m.lit = literal{Mark: f.Mark, open: true, awaits: awaits, off: len(m.data)}
	mark := trimEnd(f.Data)
	n := min(f.Mark.Len-(len(f.Data)-len(mark)), len(mark))
	m.lit.markLen = copy(m.lit.mark[:], mark[len(mark)-n:])
	m.nlit++
}

// placeLiteral writes the literal's place into the text, once it is known
// whether it came.
func (m *message) placeLiteral() {
	if !m.lit.open {
		return
	}
	m.lit.open = false
	if !m.lit.began && m.cut {
		m.text.add(m.lit.mark[:m.lit.markLen])
		if m.refused {
			m.literals = append(m.literals, syntax.Literal{Off: m.lit.off, Size: m.lit.Size, NonSync: m.lit.NonSync, Binary: m.lit.Binary})
		}
		return
	}
	size := m.lit.Size
	if m.cut {
		size = m.lit.got
	}
	m.text.addLiteral(size)
	m.literals = append(m.literals, syntax.Literal{Off: m.lit.off, Kept: m.lit.kept, Size: size,
		NonSync: m.lit.NonSync, Binary: m.lit.Binary})
	if m.lit.secret && m.lit.kept > 0 {
		m.masked = append(m.masked, syntax.Span{Off: m.lit.off, Len: m.lit.kept})
	}
}

// whole is the message for the grammar.
func (m *message) whole(utf8 bool) syntax.Message {
	x := syntax.Message{Data: m.single, Literals: m.literals, Masked: m.masked, UTF8: utf8, Cut: m.cut && !m.refused || m.full}
	if m.single == nil {
		x.Data = m.data
	}
	return x
}

// line is the message's first line as far as it is kept, masked.
func (m *message) firstLine() []byte {
	if m.single != nil {
		return m.single
	}
	return m.data
}

// event is the message as an event: what both directions have in common.
func (m *message) event(from event.Side) *event.Event {
	e := &event.Event{Time: m.last, Kind: m.kind, Dir: from, Name: m.name, Status: m.status, Code: m.code,
		Bytes: m.bytes, Error: m.fault, Dropped: m.dropped}
	if from == event.SideProxy {
		e.To = event.SideClient
	}
	if m.single != nil {
		e.Text = lineText(m.shown)
	} else {
		e.Text = m.text.String()
	}
	if m.tag > 0 && m.kind != event.KindContinuation {
		e.Tag = tagText(m.tagBuf, e.Text)
	}
	if m.altered != nil {
		e.Altered, e.Other, e.OtherBytes = true, m.altered.Other, m.altered.Bytes
	}
	return e
}

// tagText is the tag, as the part of the text that it is: masked where it is secret.
func tagText(tag []byte, text string) string {
	if len(tag) == 1 && tag[0] == '*' {
		return "*"
	}
	return text[:min(len(tag), len(text))]
}
