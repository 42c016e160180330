package imap

import "bytes"

const (
	// maxLine is how much of a line is held: RFC 9051 sets no limit, RFC 7162
	// §4 advises servers to take 8192 octets, Dovecot takes 64 KiB.
	maxLine = 64 << 10
	// maxLiteral is RFC 3501's number; what is larger is no literal.
	maxLiteral = 1<<32 - 1
	// maxMark is the longest that "~{4294967295+}" and a line end get, with zeros before.
	maxMark = 32
)

// A Splitter cuts one direction of an IMAP connection into fragments: lines,
// and the octets of literals. It does no I/O, and the fragments put together
// are always the input. The zero value cuts a client's octets.
type Splitter struct {
	Server bool // cut a server's octets: status responses announce nothing

	line    []byte // a line whose end has not come yet
	given   bool   // line was handed out, and is done with at the next call
	literal int64  // octets of the open literal still to come
	inside  bool   // the line continues a message after a literal
	quiet   bool   // the line's end announces nothing
	long    bool   // pieces of the line were handed out already
	tail    [maxMark]byte
	tailLen int
}

// Fragment is a line with its end, a piece of a line that is too long to be
// held, or octets of a literal.
type Fragment struct {
	Data    []byte
	Literal bool // octets of a literal
	More    bool // the line or the literal goes on in the next fragment
	Mark    Mark // of a whole line, or a last piece: the literal that it announces
}

// Mark is the announcement of a literal at a line's end: {n}, {n+}, ~{n}
// (RFC 9051 §4.3, RFC 7888, RFC 3516). Len is 0 where there is none.
type Mark struct {
	Size    int64
	Len     int  // octets of it, the line's end included
	NonSync bool // {n+}
	Binary  bool // ~{n}
}

// Feed hands every fragment that data completes to emit, in order. Its Data is
// valid until emit returns.
func (s *Splitter) Feed(data []byte, emit func(Fragment)) {
	for len(data) > 0 {
		f, n := s.Next(data)
		data = data[n:]
		if f.Data != nil {
			emit(f)
		}
	}
}

// Next takes n octets of data, which is not empty, and gives the fragment that
// they complete; its Data is nil where they complete none. It is valid until
// the next call.
func (s *Splitter) Next(data []byte) (f Fragment, n int) {
	s.release()
	if s.literal > 0 {
		n = int(min(s.literal, int64(len(data))))
		s.literal -= int64(n)
		return Fragment{Data: data[:n], Literal: true, More: s.literal > 0}, n
	}
	room := maxLine - len(s.line)
	head := data[:min(room, len(data))]
	n = bytes.IndexByte(head, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(head)
		if n < room {
			s.line = append(s.line, head...)
			return Fragment{}, n
		}
	}
	piece := data[:n]
	if len(s.line) > 0 {
		s.line = append(s.line, piece...)
		piece, s.given = s.line, true
	}
	return s.cut(piece, whole), n
}

// cut is the fragment of a line, or of a piece of one.
func (s *Splitter) cut(piece []byte, whole bool) Fragment {
	if !s.long {
		s.quiet = s.Server && !s.inside && announcesNothing(piece)
	}
	if !whole {
		s.long = true
		s.tailLen = copy(s.tail[:], piece[len(piece)-maxMark:])
		return Fragment{Data: piece, More: true}
	}
	f := Fragment{Data: piece}
	if !s.quiet {
		f.Mark = s.mark(piece)
	}
	s.long, s.inside = false, f.Mark.Len > 0
	s.literal = f.Mark.Size
	return f
}

// mark is the announcement at the end of a line; that of a line in pieces may
// begin in the piece before the last.
func (s *Splitter) mark(piece []byte) Mark {
	if !s.long || len(piece) >= maxMark {
		return announced(piece)
	}
	var end [2 * maxMark]byte
	n := copy(end[:], s.tail[:s.tailLen])
	n += copy(end[n:], piece)
	return announced(end[:n])
}

// Forget gives up the literal that the last line announced: it was refused, or
// the line was no command. The next octets begin a line, and a message.
func (s *Splitter) Forget() {
	s.literal, s.inside = 0, false
}

// Rest gives the octets of a line without its end, as a fragment: nothing
// comes after them. Data is nil where there are none.
func (s *Splitter) Rest() Fragment {
	s.release()
	if len(s.line) == 0 {
		return Fragment{}
	}
	s.given, s.long, s.inside = true, false, false
	return Fragment{Data: s.line}
}

// Held is how many octets of a line without its end are held.
func (s *Splitter) Held() int {
	if s.given {
		return 0
	}
	return len(s.line)
}

// Boundary reports whether the next octet begins a line that is no
// continuation of anything.
func (s *Splitter) Boundary() bool {
	return s.Held() == 0 && s.between()
}

// between is Boundary but for a line that has only begun.
func (s *Splitter) between() bool { return s.literal == 0 && !s.inside && !s.long }

// unread takes a line back that Next gave: it will be fed again, whole.
func (s *Splitter) unread() { s.literal, s.inside, s.long = 0, false, false }

// skip takes n octets of the open literal as passed, and gives how many of n it had.
func (s *Splitter) skip(n int64) int64 {
	s.release()
	n = min(n, s.literal)
	s.literal -= n
	return n
}

// release empties a line that was handed out; a large buffer is not kept.
func (s *Splitter) release() {
	if !s.given {
		return
	}
	s.given = false
	s.line = s.line[:0]
	if cap(s.line) > 4<<10 {
		s.line = nil
	}
}

// announced is the literal that a line's end announces. What stands in the
// middle of an atom is none, nor is a number over the limit.
func announced(line []byte) Mark {
	i := len(trimEnd(line)) - 1
	if i < 2 || line[i] != '}' {
		return Mark{}
	}
	i--
	m := Mark{NonSync: line[i] == '+'}
	if m.NonSync {
		i--
	}
	digits := 0
	for scale := int64(1); i >= 0 && isDigit(line[i]) && digits < 20; i-- {
		if digit := int64(line[i] - '0'); digit > 0 && (digits > 9 || m.Size+digit*scale > maxLiteral) {
			return Mark{}
		} else {
			m.Size += digit * scale
		}
		digits++
		scale = min(scale*10, 1e10)
	}
	if i < 0 || digits == 0 || line[i] != '{' {
		return Mark{}
	}
	if i > 0 && line[i-1] == '~' {
		m.Binary = true
		i--
	}
	if i > 0 && isWord(line[i-1]) {
		return Mark{}
	}
	m.Len = len(line) - i
	return m
}

// announcesNothing reports whether a server's line is anything but untagged
// data: the text of a status response or of a continuation request may end in
// "{5}", and no literal follows it (RFC 9051 §7.1, §7.6).
func announcesNothing(line []byte) bool {
	if len(line) < 2 || line[0] != '*' || line[1] != ' ' {
		return true
	}
	word, _ := nextWord(line[2:])
	return statusOf(word) != ""
}

// trimEnd is a line without its CRLF, or its bare LF.
func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
		if n > 1 && line[n-2] == '\r' {
			line = line[:n-2]
		}
	}
	return line
}

// nextWord is the word at the beginning of line, and what is behind it.
func nextWord(line []byte) (word, rest []byte) {
	for i, c := range line {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return line[:i], line[i:]
		}
	}
	return line, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord reports what cannot stand before a literal: there a "{" is part of the word.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}
