package view

import (
	"encoding/json"
	"fmt"
	"strings"

	"mailtap/parse/wire"
	"mailtap/view/widget"
)

// node is a part of an event's data.
type node struct {
	label, value string
	kids         []*node
	list         bool // the kids have numbers for labels
}

func (n *node) leaf() bool { return len(n.kids) == 0 }

// readNode takes the next value of d.
func readNode(d *json.Decoder, label string) *node {
	n := &node{label: label}
	token, err := d.Token()
	if err != nil {
		return n
	}
	open, ok := token.(json.Delim)
	if !ok {
		n.value = wire.Escape([]byte(fmt.Sprint(token)))
		return n
	}
	n.list = open == '['
	for i := 1; d.More(); i++ {
		name := fmt.Sprint(i)
		if !n.list {
			key, err := d.Token()
			if err != nil {
				return n
			}
			name = wire.Escape([]byte(fmt.Sprint(key)))
		}
		n.kids = append(n.kids, readNode(d, name))
	}
	d.Token() // the closing delimiter
	return n
}

// row is n in one line of at most w columns, where that can be.
func (n *node) row(w int) (text string, ok bool) {
	if n.leaf() {
		return n.value, widget.Width(n.value) <= w
	}
	var b strings.Builder
	for i, kid := range n.kids {
		if !kid.leaf() {
			return "", false
		}
		if i > 0 {
			b.WriteString("  ")
		}
		if !n.list {
			b.WriteString(kid.label + " ")
		}
		b.WriteString(kid.value)
		if b.Len() > 4*w {
			return "", false
		}
	}
	text = b.String()
	return text, widget.Width(text) <= w
}

// tree adds n, a line where it fits on one, else its parts below it.
func (m *maker) tree(n *node, depth int) {
	indent := strings.Repeat("  ", min(depth, m.w/6))
	room := max(8, m.w-len(indent)-widget.Width(n.label)-2)
	if text, ok := n.row(room); ok || n.leaf() {
		label := n.label
		for _, l := range widget.Wrap(text, room, 20) {
			m.lines = append(m.lines, widget.Line{{Text: indent + label + "  ", Style: m.p.Dim}, {Text: l, Style: m.p.Plain}})
			label = strings.Repeat(" ", widget.Width(label))
		}
		return
	}
	m.line(indent+n.label, m.p.Dim)
	for _, kid := range n.kids {
		m.tree(kid, depth+1)
	}
}
