package pop3

import (
	"bytes"
	"time"

	"mailtap/parse/wire"
)

// FragmentKind says what a Fragment is.
type FragmentKind uint8

// The kinds of fragments.
const (
	None  FragmentKind = iota // nothing is complete yet
	Line                      // a line with its end
	Head                      // the beginning of a line that is too long to keep; More follows
	More                      // the next octets of it
	Text                      // octets of a multi-line response's block, cut anywhere
	Close                     // the termination octet and its line end
	Slice                     // a line of a block, in a block that is read by lines
)

// Fragment is a part of one direction; all of them put together are the input.
type Fragment struct {
	Kind   FragmentKind
	Data   []byte       // valid until the next call
	Pieces []wire.Piece // how Data came
	Ended  bool         // More: the line's end is in it
}

// maxLine bounds the lines that are kept whole. RFC 2449 §4 has 255 octets for
// commands and 512 for responses, RFC 5034 §4 12288 for SASL lines; tokens of
// some services are longer.
const maxLine = 64 << 10

// A Splitter cuts one direction of a POP3 connection into fragments. It does
// no I/O, cannot fail, and does not know commands: whether a block follows a
// line depends on the command that it answers, so the Session tells it.
type Splitter struct {
	buf  wire.Buffer
	mode mode
	bare bool // lines of this block end in LF alone
	bol  bool // the next octet of the block begins a line
	st   stuffing
}

type mode uint8

const (
	modeLines mode = iota
	modeBlock      // a block whose text streams
	modeSlice      // a block by lines
	modeLong       // inside a line that is too long
)

// stuffing counts the dots at the beginning of a block's lines (RFC 1939 §3).
type stuffing struct {
	at      int64 // octets of the block so far
	stuffed int64 // lines that begin with two dots
	defects int64 // lines that begin with one
	first   int64 // offset of the first of these
}

// Open says that the next octets are a block, and whether to give it by lines.
// bare is true where the status line ended in LF alone: then "." LF ends it too.
func (s *Splitter) Open(byLine, bare bool) {
	s.mode, s.bare, s.bol, s.st = modeBlock, bare, true, stuffing{}
	if byLine {
		s.mode = modeSlice
	}
}

// Abandon says that the block is over although nothing ended it.
func (s *Splitter) Abandon() { s.mode = modeLines }

// Block reports whether a block is open.
func (s *Splitter) Block() bool { return s.mode == modeBlock || s.mode == modeSlice }

// ByLine reports whether the block that is open is given by lines.
func (s *Splitter) ByLine() bool { return s.mode == modeSlice }

// Kept is what is kept until more comes.
func (s *Splitter) Kept() []byte { return s.buf.Peek() }

// Reopen takes the end of a block by lines back: its Close is to come again.
func (s *Splitter) Reopen() { s.mode = modeSlice }

// Skip takes n octets of a block that nobody can look at: what follows begins a line.
func (s *Splitter) Skip(n int64) {
	s.st.at += n
	s.bol = true
}

// Buffered is how many octets are kept until more come.
func (s *Splitter) Buffered() int { return s.buf.Len() }

// Boundary reports whether the next octet begins a line outside of a block.
func (s *Splitter) Boundary() bool { return s.mode == modeLines && s.buf.Len() == 0 }

// Flush gives what is kept, at the connection's end.
func (s *Splitter) Flush() Fragment {
	line, pieces := s.buf.Join(nil, time.Time{})
	if len(line) == 0 {
		return Fragment{}
	}
	kind := Line
	if s.mode == modeBlock {
		kind = Text
	}
	return Fragment{Kind: kind, Data: line, Pieces: pieces}
}

// Next takes the octets that a Read brought at t up to the end of the first
// fragment in them, and says how many they were. Kind None: all are kept.
func (s *Splitter) Next(data []byte, t time.Time) (f Fragment, n int) {
	switch s.mode {
	case modeBlock:
		return s.nextText(data, t)
	case modeLong:
		return s.nextMore(data, t)
	}
	kind := Line
	if s.mode == modeSlice {
		kind = Slice
	}
	n = bytes.IndexByte(data, '\n') + 1
	room := maxLine - s.buf.Len()
	switch {
	case n > 0 && n <= room:
	case len(data) >= room:
		n = room
		if kind == Line {
			kind, s.mode = Head, modeLong
		}
	default:
		s.buf.Add(data, t)
		return Fragment{}, len(data)
	}
	f.Data, f.Pieces = s.buf.Join(data[:n], t)
	f.Kind = kind
	if kind == Slice && isTermination(f.Data) {
		f.Kind, s.mode = Close, modeLines
	}
	return f, n
}

// isTermination takes "." LF too: clients that read by lines do.
func isTermination(line []byte) bool {
	return string(line) == ".\r\n" || string(line) == ".\n"
}

// nextMore goes on in a line that is too long.
func (s *Splitter) nextMore(data []byte, t time.Time) (f Fragment, n int) {
	n = bytes.IndexByte(data, '\n') + 1
	f.Ended = n > 0
	if f.Ended {
		s.mode = modeLines
	} else {
		n = len(data)
	}
	f.Kind = More
	f.Data, f.Pieces = s.buf.Join(data[:n], t)
	return f, n
}

// nextText gives the text of a block up to its termination, or the
// termination. What may be the beginning of one at the end of data is kept.
func (s *Splitter) nextText(data []byte, t time.Time) (f Fragment, n int) {
	if s.buf.Len() > 0 {
		return s.resolve(data, t)
	}
	n = s.scan(data)
	if n > 0 {
		f.Kind = Text
		f.Data, f.Pieces = s.buf.Join(data[:n], t)
		s.st.at += int64(n)
		return f, n
	}
	return s.resolve(data, t)
}

// resolve looks at a dot at the beginning of a line, with what is kept before
// data: is it the termination, text, or not to be told yet?
func (s *Splitter) resolve(data []byte, t time.Time) (f Fragment, n int) {
	var look [3]byte
	k := copy(look[:], s.buf.Peek())
	k += copy(look[k:], data)
	size, verdict := s.dot(look[:k])
	if verdict == dotOpen {
		s.buf.Add(data, t)
		return Fragment{}, len(data)
	}
	n = max(size-s.buf.Len(), 0)
	if verdict == dotEnd {
		f.Data, f.Pieces = s.buf.Join(data[:n], t)
		f.Kind, s.mode = Close, modeLines
		return f, n
	}
	s.count(verdict)
	s.bol = false
	if s.buf.Len() == 0 { // all in data: go on behind the dot
		s.st.at++
		n = 1 + s.scan(data[1:])
		s.st.at--
	} else {
		n = 0
	}
	f.Kind = Text
	f.Data, f.Pieces = s.buf.Join(data[:n], t)
	f.Pieces = dropEmpty(f.Pieces)
	s.st.at += int64(len(f.Data))
	return f, n
}

// dropEmpty leaves out a last piece without octets.
func dropEmpty(pieces []wire.Piece) []wire.Piece {
	if last := len(pieces) - 1; last > 0 && pieces[last].Len == 0 {
		return pieces[:last]
	}
	return pieces
}

// The verdicts on a dot at the beginning of a line.
const (
	dotOpen = iota
	dotEnd
	dotStuffed
	dotDefect
)

// dot judges up to three octets, the first of which is the dot.
func (s *Splitter) dot(look []byte) (size, verdict int) {
	switch {
	case len(look) < 2:
		return 0, dotOpen
	case look[1] == '.':
		return 0, dotStuffed
	case look[1] == '\n' && s.bare:
		return 2, dotEnd
	case look[1] != '\r':
		return 0, dotDefect
	case len(look) < 3:
		return 0, dotOpen
	case look[2] == '\n':
		return 3, dotEnd
	}
	return 0, dotDefect
}

func (s *Splitter) count(verdict int) {
	if verdict == dotStuffed {
		s.st.stuffed++
		return
	}
	if s.st.defects == 0 {
		s.st.first = s.st.at
	}
	s.st.defects++
}

// scan says how much of data is text for sure: up to a dot at the beginning
// of a line that ends the block, or may.
func (s *Splitter) scan(data []byte) int {
	base := s.st.at
	defer func() { s.st.at = base }()
	off := 0
	for off < len(data) {
		if !s.bol {
			i := bytes.Index(data[off:], lineDot)
			if i < 0 {
				s.bol = data[len(data)-1] == '\n'
				return len(data)
			}
			off += i + 1
			s.bol = true
		}
		if data[off] != '.' {
			s.bol = false
			if data[off] == '\n' {
				continue // an LF alone on its line: another line begins
			}
			off++
			continue
		}
		_, verdict := s.dot(data[off:min(off+3, len(data))])
		if verdict == dotOpen || verdict == dotEnd {
			return off
		}
		s.st.at = base + int64(off)
		s.count(verdict)
		s.bol = false
		off++
	}
	return off
}

var lineDot = []byte("\n.")
