package export

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// parted is a message that came in parts, by FETCH: one response may have its
// header, and later ones its text, or the octets from 0 to 65535.
type parted struct {
	key       string
	last      *event.Event
	uid       uint32
	size      syntax.Num
	structure *syntax.Body
	header    *text            // all of it: BODY[HEADER]
	fields    *text            // some of it: BODY[HEADER.FIELDS (...)]
	body      *text            // BODY[TEXT]
	chunks    map[uint64]*text // of BODY[], by their first octet
	ended     bool             // an empty chunk said that nothing follows
	parts     map[string]*text // BODY[1.2]
	mimes     map[string]*text // BODY[1.2.MIME]
}

// mostParted is how many messages of a session wait for their other parts.
const mostParted = 20000

// fetched is what one FETCH response has of a message.
func (g *gatherer) fetched(s *mailSession, e *event.Event, d *syntax.FetchData, texts []*text) error {
	var p *parted
	for i := range d.Content {
		c := &d.Content[i]
		if c.Item == "BINARY.SIZE" || !c.Size.Known {
			continue
		}
		if c.Size.N == 0 && c.Offset.Known {
			p = s.partedOf(e, d)
			p.ended = true
			continue
		}
		if n := int64(c.Size.N); len(texts) == 0 || n == 0 || texts[0].size != n && texts[0].announced != n {
			continue // a quoted string, which no message of several lines can be
		}
		t := take(&texts)
		if c.Whole() {
			if err := g.whole(s, e, d, c, t); err != nil {
				return err
			}
			continue
		}
		p = s.partedOf(e, d)
		p.put(&c.Section, t)
	}
	if p == nil {
		if known := s.parted[keyOf(d)]; known != nil || d.Structure != nil || d.Size.Known {
			p = s.partedOf(e, d)
		}
	}
	if p == nil {
		return nil
	}
	p.know(e, d)
	if m := p.complete(); m != nil {
		delete(s.parted, p.key)
		return g.emitParted(s, p, m)
	}
	if len(s.order) > mostParted {
		return g.finishSome(s, mostParted/4)
	}
	return nil
}

// whole is a message that came in one piece.
func (g *gatherer) whole(s *mailSession, e *event.Event, d *syntax.FetchData, c *syntax.Content, t *text) error {
	m := messageOf(e, "FETCH")
	m.UID, m.Validity, m.text = d.UID, s.validity, t
	m.Complete = t.missing() == 0 && t.cut == 0
	switch {
	case t.cut > 0:
		m.Seen = notRecorded(t.cut)
	case !m.Complete:
		m.Seen = fmt.Sprintf("%d of %d octets", t.size, t.announced)
	}
	if p := s.parted[keyOf(d)]; p != nil { // what was seen of it before is in it
		p.drop()
		delete(s.parted, p.key)
	}
	return g.emit(m, s.server)
}

func keyOf(d *syntax.FetchData) string {
	if d.UID != 0 {
		return "u" + strconv.FormatUint(uint64(d.UID), 10)
	}
	return "n" + strconv.FormatUint(uint64(d.Seq), 10)
}

// partedOf is what was seen of d's message so far.
func (s *mailSession) partedOf(e *event.Event, d *syntax.FetchData) *parted {
	key := keyOf(d)
	p := s.parted[key]
	if p == nil {
		p = &parted{key: key, last: e, chunks: map[uint64]*text{}, parts: map[string]*text{}, mimes: map[string]*text{}}
		s.parted[key], s.order = p, append(s.order, p)
	}
	return p
}

// know takes what else a response says of the message.
func (p *parted) know(e *event.Event, d *syntax.FetchData) {
	p.last = e
	if d.UID != 0 {
		p.uid = d.UID
	}
	if d.Size.Known {
		p.size = d.Size
	}
	if d.Structure != nil {
		p.structure = d.Structure
	}
}

// put keeps the text of a section.
func (p *parted) put(s *syntax.Section, t *text) {
	keep := func(at **text) {
		(*at).drop()
		*at = t
	}
	in := func(m map[string]*text) {
		m[s.Part].drop()
		m[s.Part] = t
	}
	switch {
	case s.Item == "RFC822.HEADER" || s.Part == "" && s.Text == "HEADER" && !s.Offset.Known:
		keep(&p.header)
	case s.Item == "RFC822.TEXT" || s.Part == "" && s.Text == "TEXT" && !s.Offset.Known:
		keep(&p.body)
	case s.Part == "" && s.Text == "":
		p.chunks[s.Offset.N].drop()
		p.chunks[s.Offset.N] = t
	case s.Part == "" && strings.HasPrefix(s.Text, "HEADER.FIELDS"):
		keep(&p.fields)
	case s.Text == "MIME" && !s.Offset.Known:
		in(p.mimes)
	case s.Part != "" && s.Text == "" && !s.Offset.Known && !strings.HasPrefix(s.Item, "BINARY"):
		in(p.parts)
	default:
		t.drop() // decoded by the server, or a piece of a part: nothing to put together honestly
	}
}

func (p *parted) drop() {
	for _, t := range []*text{p.header, p.fields, p.body} {
		t.drop()
	}
	for _, t := range p.chunks {
		t.drop()
	}
	for _, m := range []map[string]*text{p.parts, p.mimes} {
		for _, t := range m {
			t.drop()
		}
	}
	*p = parted{key: p.key}
}

// single reports whether the message is known to have no parts: then BODY[1]
// is BODY[TEXT].
func (p *parted) single() bool {
	return p.structure != nil && len(p.structure.Parts) == 0 && p.structure.Type != "multipart" && p.structure.Message == nil
}

// complete is the message if all of it was seen, or nil.
func (p *parted) complete() *Message {
	body := p.body
	if body == nil && p.single() {
		body = p.parts["1"]
	}
	if p.header != nil && body != nil && p.header.missing()+body.missing() == 0 {
		m := &Message{text: p.header}
		m.text.append(body, 0)
		p.header, p.body = nil, nil
		if body == p.parts["1"] {
			delete(p.parts, "1")
		}
		return recorded(m)
	}
	if n := p.contiguous(); n > 0 && (p.size.Known && n >= p.size.N || p.ended) {
		m := &Message{text: p.join()}
		return recorded(m)
	}
	return nil
}

// recorded says of m whether all of it was.
func recorded(m *Message) *Message {
	if m.Complete = m.text.cut == 0; !m.Complete {
		m.Seen = notRecorded(m.text.cut)
	}
	return m
}

// contiguous is how many octets from the first one on were seen.
func (p *parted) contiguous() (n uint64) {
	for _, off := range slices.Sorted(maps.Keys(p.chunks)) {
		if off > n {
			break
		}
		n = max(n, off+uint64(p.chunks[off].size))
	}
	return n
}

// join is the chunks from the first octet on, up to the first gap.
func (p *parted) join() *text {
	var whole *text
	for _, off := range slices.Sorted(maps.Keys(p.chunks)) {
		t := p.chunks[off]
		delete(p.chunks, off)
		switch {
		case whole == nil && off == 0:
			whole = t
		case whole != nil && off <= uint64(whole.size):
			whole.append(t, whole.size-int64(off))
		default:
			t.drop()
		}
	}
	return whole
}

// finish gives what was seen of messages that did not come whole.
func (g *gatherer) finish(s *mailSession) error { return g.finishSome(s, len(s.order)) }

func (g *gatherer) finishSome(s *mailSession, n int) error {
	some := s.order[:n]
	s.order = slices.Clone(s.order[n:])
	for _, p := range some {
		if s.parted[p.key] != p {
			continue
		}
		delete(s.parted, p.key)
		m, err := p.incomplete(g.spool)
		if err != nil {
			return err
		}
		if m == nil {
			if p.header != nil || p.fields != nil {
				g.headers++
			}
			p.drop()
			continue
		}
		if err := g.emitParted(s, p, m); err != nil {
			return err
		}
	}
	return nil
}

// emitParted gives m, which p was put together to.
func (g *gatherer) emitParted(s *mailSession, p *parted, m *Message) error {
	from := messageOf(p.last, "FETCH")
	from.UID, from.Validity = p.uid, s.validity
	from.text, from.Complete, from.Seen = m.text, m.Complete, m.Seen
	p.drop()
	return g.emit(from, s.server)
}

// incomplete is what was seen of the message as something that a mail program
// can open, or nil where nothing but its header was.
func (p *parted) incomplete(spool *spool) (*Message, error) {
	if n := p.contiguous(); n > 0 {
		seen := fmt.Sprintf("octets 0 to %d, of an unknown number", n-1)
		if p.size.Known {
			seen = fmt.Sprintf("octets 0 to %d of %d", n-1, p.size.N)
		}
		return &Message{text: p.join(), Seen: seen}, nil
	}
	if p.body == nil && len(p.parts) == 0 {
		return nil, nil
	}
	return p.compose(spool)
}

// compose puts parts together behind what is known of the header.
func (p *parted) compose(spool *spool) (*Message, error) {
	var seen []string
	t := spool.newText()
	names := slices.SortedFunc(maps.Keys(p.parts), byNumber)
	boundary := ""
	if p.structure != nil && !p.single() {
		boundary = param(p.structure, "boundary")
	}
	if p.header == nil && p.structure != nil {
		if err := t.add(p.structureFields(p.structure)); err != nil {
			return nil, err
		}
	}
	switch {
	case p.header != nil:
		seen = append(seen, "its header")
		t.append(p.header, 0)
	case p.fields != nil:
		seen = append(seen, "some fields of its header")
		t.append(p.fields, 0)
	default:
		if err := t.add(crlf); err != nil {
			return nil, err
		}
	}
	p.header = nil
	if p.fields != nil && seen[len(seen)-1] != "its header" {
		p.fields = nil
	}
	if p.body != nil {
		t.append(p.body, 0)
		p.body = nil
		return &Message{text: t, Seen: strings.Join(append(seen, "its text"), " and ")}, nil
	}
	for _, name := range names {
		if err := p.part(t, name, boundary); err != nil {
			return nil, err
		}
	}
	if boundary != "" {
		if err := t.add([]byte("--" + boundary + "--\r\n")); err != nil {
			return nil, err
		}
	}
	what := "part " + names[0]
	if len(names) > 1 {
		what = "parts " + strings.Join(names, ", ")
	}
	return &Message{text: t, Seen: strings.Join(append(seen, what+", put together again"), "; ")}, nil
}

// part appends one part, behind its delimiter and its header.
func (p *parted) part(t *text, name, boundary string) error {
	if boundary != "" {
		if err := t.add([]byte("--" + boundary + "\r\n")); err != nil {
			return err
		}
		if mime := p.mimes[name]; mime != nil {
			t.append(mime, 0)
			delete(p.mimes, name)
		} else if err := t.add(append(p.structureFields(partAt(p.structure, name)), crlf...)); err != nil {
			return err
		}
	}
	t.append(p.parts[name], 0)
	delete(p.parts, name)
	return endLine(t)
}

// structureFields are the fields of a part's header that BODYSTRUCTURE tells.
func (p *parted) structureFields(b *syntax.Body) []byte {
	if b == nil {
		return nil
	}
	var f bytes.Buffer
	fmt.Fprintf(&f, "Content-Type: %s/%s", oneLine(b.Type), oneLine(b.Subtype))
	for _, q := range b.Params {
		fmt.Fprintf(&f, ";\r\n %s=%s", oneLine(q.Name), strconv.QuoteToASCII(oneLine(q.Value)))
	}
	f.WriteString("\r\n")
	if b.Encoding != "" {
		fmt.Fprintf(&f, "Content-Transfer-Encoding: %s\r\n", oneLine(b.Encoding))
	}
	return f.Bytes()
}

// oneLine is text without what would end a header field.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// partAt is the part that a section's number names, or nil.
func partAt(b *syntax.Body, name string) *syntax.Body {
	for number := range strings.SplitSeq(name, ".") {
		n, _ := strconv.Atoi(number)
		if b != nil && b.Message != nil && len(b.Parts) == 0 {
			b = b.Message
		}
		switch {
		case b == nil:
			return nil
		case len(b.Parts) == 0 && n == 1:
		case n < 1 || n > len(b.Parts):
			return nil
		default:
			b = b.Parts[n-1]
		}
	}
	return b
}

func param(b *syntax.Body, name string) string {
	for _, p := range b.Params {
		if strings.EqualFold(p.Name, name) {
			return oneLine(p.Value)
		}
	}
	return ""
}

// byNumber sorts 2 before 10, and 1.2 before 2.
func byNumber(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		n, _ := strconv.Atoi(x[i])
		m, _ := strconv.Atoi(y[i])
		if n != m {
			return n - m
		}
	}
	return len(x) - len(y)
}

var crlf = []byte("\r\n")

// endLine makes sure that what follows begins a line.
func endLine(t *text) error {
	if t.size == 0 {
		return nil
	}
	last, end := t.pieces[len(t.pieces)-1], make([]byte, 1)
	if _, err := t.spool.f.ReadAt(end, last.off+last.len-1); err != nil {
		return err
	}
	if end[0] == '\n' {
		return nil
	}
	return t.add(crlf)
}
