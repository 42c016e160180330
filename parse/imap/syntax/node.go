package syntax

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Kind is what a Node was on the wire.
type Kind uint8

// The kinds.
const (
	KindAtom    Kind = iota // an atom, a number, a flag, a section: anything without quotes
	KindQuoted              // a quoted string
	KindLiteral             // a literal
	KindList                // a parenthesized list
	KindNIL                 // NIL
	KindSecret              // something masked
)

// Node is data that no rule is known for, as the tree on the wire. In JSON an
// atom and a string are strings, a list is an array, NIL is null, a literal of
// more than 64 KiB is {"literal":size}, and a secret is {"secret":true}.
type Node struct {
	Kind Kind
	Text string // without quotes; of a long literal the head
	Size int64  // of a literal: octets announced
	List []Node
}

// Tree is the arguments of a command, or the data of a response, that no rule
// is known for.
type Tree []Node

// MarshalJSON gives the form that Node describes.
func (n Node) MarshalJSON() ([]byte, error) {
	switch n.Kind {
	case KindNIL:
		return []byte("null"), nil
	case KindList:
		if n.List == nil {
			return []byte("[]"), nil
		}
		return unescaped(n.List)
	case KindSecret:
		return []byte(`{"secret":true}`), nil
	case KindLiteral:
		if int64(len(n.Text)) < n.Size {
			return []byte(`{"literal":` + strconv.FormatInt(n.Size, 10) + `}`), nil
		}
	}
	return unescaped(n.Text)
}

// unescaped is v as JSON with "<" as it is: whether it may stand is for the
// encoder that asks.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// String is the node for people: a list in parentheses, strings in quotes.
func (n Node) String() string { return string(n.append(nil)) }

func (n Node) append(b []byte) []byte {
	switch n.Kind {
	case KindNIL:
		return append(b, "NIL"...)
	case KindQuoted:
		return strconv.AppendQuote(b, n.Text)
	case KindLiteral:
		return append(strconv.AppendInt(append(b, '{'), n.Size, 10), " bytes}"...)
	case KindSecret:
		return append(b, "***"...)
	case KindList:
		b = append(b, '(')
		for i, e := range n.List {
			if i > 0 {
				b = append(b, ' ')
			}
			b = e.append(b)
		}
		return append(b, ')')
	}
	return append(b, n.Text...)
}

// node reads one value of any kind by the grammar's common rules: a known
// place for unknown data, such as tagged-ext-val.
func (c *cursor) node() (n Node) {
	if c.stopped {
		return n
	}
	switch p := c.peek(); {
	case c.passSecret():
		return Node{Kind: KindSecret}
	case p == '(':
		n.Kind = KindList
		c.list(func() { n.List = append(n.List, c.node()) })
		return n
	case p == '"':
		begin := c.pos
		b := c.quotedBytes()
		if c.overlaps(begin, c.pos) {
			return Node{Kind: KindSecret}
		}
		return Node{Kind: KindQuoted, Text: intern(b)}
	case c.atLiteral():
		l, head, _ := c.readLiteral()
		if c.overlaps(l.Off, c.pos) {
			return Node{Kind: KindSecret}
		}
		return Node{Kind: KindLiteral, Text: string(head), Size: l.Size}
	case c.atNIL():
		return Node{Kind: KindNIL}
	}
	return c.looseAtom()
}

// looseAtom reads what stands without quotes in data of unknown grammar: an
// atom, a flag with its backslash, a sequence set, a section with its brackets
// and partial, a pattern of LIST.
func (c *cursor) looseAtom() Node {
	begin := c.pos
	if digit := class[c.peek()] & digitChar; digit != 0 || c.peek() == '*' {
		if set := c.looseSet(); set != "" {
			return Node{Text: set}
		}
	}
	if c.take('\\') {
		c.take('*')
	}
	b := c.span(listChar)
	if len(b) > 0 && bytes.IndexByte(b, '[') > 0 && bytes.IndexByte(b, ']') < 0 {
		c.bracket()
	}
	if c.pos == begin {
		c.fail("atom, string or list")
		return Node{}
	}
	if bytes.HasSuffix(c.data[begin:c.pos], []byte(">")) {
		c.loosePartial(begin)
	}
	return Node{Text: intern(c.data[begin:c.pos])}
}

// looseSet reads a word made of digits, "*", ":" and "," as a sequence-set:
// where a "*" or a "," is in it, it can be nothing else.
func (c *cursor) looseSet() string {
	end, other, set := c.pos, false, false
	for ; end < len(c.data) && class[c.data[end]]&listChar != 0; end++ {
		switch b := c.data[end]; {
		case class[b]&digitChar != 0:
		case b == '*', b == ',', b == ':':
			set = true
		default:
			other = true
		}
	}
	if !set || other && c.data[c.pos] != '*' {
		return ""
	}
	if c.data[c.pos] == '*' && end == c.pos+1 {
		return ""
	}
	begin := c.pos
	c.sequenceSet()
	if c.pos < end && !c.stopped {
		c.fail(`"," or the end of the set`)
	}
	return string(c.data[begin:c.pos])
}

// bracket goes on to the "]" of a section: BODY[HEADER.FIELDS (A B)]<0>.
func (c *cursor) bracket() {
	i := bytes.IndexByte(c.data[c.pos:], ']')
	if i < 0 {
		c.fail(`"]"`)
		return
	}
	c.pos += i + 1
	c.span(listChar)
}

// loosePartial checks the <partial> that ends a section: numbers without
// zeros before them.
func (c *cursor) loosePartial(begin int) {
	word := c.data[begin:c.pos]
	i := bytes.LastIndexByte(word, '<')
	if i < 1 || word[i-1] != ']' {
		return
	}
	for j, part := range bytes.Split(word[i+1:len(word)-1], []byte(".")) {
		if len(part) == 0 || part[0] == '0' && len(part) > 1 || j > 0 && part[0] == '0' || j > 1 {
			c.defectAt(begin+i, `"<" number ["." nz-number] ">"`, "")
		}
	}
}

// tree reads what is left of the line as a Tree.
func (c *cursor) tree() Tree {
	var t Tree
	for !c.atEnd() {
		begin := c.pos
		t = append(t, c.looseNode())
		if c.stopped {
			break
		}
		if c.peek() == '(' && c.pos > begin {
			continue
		}
		if !c.more() {
			break
		}
	}
	return t
}

// looseNode is node with spaces beside parentheses: of commands that nobody
// specified nobody can say that they may not stand there.
func (c *cursor) looseNode() Node {
	if c.peek() != '(' {
		return c.node()
	}
	n := Node{Kind: KindList}
	c.pos++
	if c.depth++; c.depth > maxDepth {
		c.fail("no more than " + strconv.Itoa(maxDepth) + " nested lists")
	}
	for {
		for c.take(' ') {
		}
		if c.take(')') {
			c.depth--
			return n
		}
		if c.atEnd() {
			c.fail(`")"`)
			return n
		}
		n.List = append(n.List, c.looseNode())
	}
}
