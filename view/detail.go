package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
	"mailtap/view/widget"
)

// detail is one event in parts: what it says, what that means, and its octets.
type detail struct {
	session *Session
	row     int
	as      form
	cursor  widget.List

	lines  []widget.Line // made for made
	made   detailKey
	at     int  // the line in which the octets begin
	reveal bool // the octets have to come into sight: another form was asked for
}

// detailKey is what the lines of a detail were made for.
type detailKey struct {
	row, width int
	as         form
	answered   int
	comment    string
}

// form is how octets are shown.
type form int

const (
	asText form = iota
	asDecoded
	asHeaders
	asHex
	forms
)

func (f form) String() string { return [...]string{"text", "decoded text", "headers", "hex"}[f] }

func newDetail(s *Session, row int) *detail { return &detail{session: s, row: row} }

func (p *detail) title(a *App) string { return "detail" }
func (p *detail) where() where        { return inDetail }
func (p *detail) form()               { p.as, p.reveal = (p.as+1)%forms, true }

func (p *detail) show(row int) {
	p.row, p.cursor = row, widget.List{}
}

func (p *detail) list(a *App) (*widget.List, widget.Rows) { return &p.cursor, detailRows{a, p} }

func (p *detail) draw(a *App, c widget.Canvas) {
	p.make(a, c.W)
	if p.reveal {
		p.reveal = false
		p.cursor.To(p.at+c.H-2, len(p.lines))
	}
	p.cursor.Draw(c, detailRows{a, p})
}

type detailRows struct {
	a *App
	p *detail
}

func (r detailRows) Len() int            { return len(r.p.lines) }
func (r detailRows) Height(i, w int) int { return 1 }
func (r detailRows) text(i int) string {
	var b strings.Builder
	for _, s := range r.p.lines[i] {
		b.WriteString(s.Text)
	}
	return b.String()
}

func (r detailRows) Draw(c widget.Canvas, i int, selected bool) {
	x := 2
	for _, part := range r.p.lines[i] {
		x = r.a.putFound(c, x, 0, part.Text, part.Style)
	}
	if selected {
		c.Put(0, 0, ">", r.a.palette.Selected)
	}
}

// make makes the lines anew where what they show has changed.
func (p *detail) make(a *App, w int) {
	e := p.session.Rows[p.row].Event
	comment, _ := a.model.Marked(e.ID())
	key := detailKey{p.row, w, p.as, len(p.session.answers), comment}
	if key == p.made {
		return
	}
	p.made = key
	m := &maker{a: a, p: a.palette, w: max(10, w-4)}
	p.describe(m, a, e, comment)
	m.names(e)
	p.parts(m, e)
	p.octets(m)
	p.lines = m.lines
}

// maker puts lines together.
type maker struct {
	a     *App
	p     *widget.Palette
	w     int
	lines []widget.Line
}

const labelWidth = 11

// field adds a labelled text, wrapped.
func (m *maker) field(label, text string, style tcell.Style) {
	if text == "" {
		return
	}
	for i, l := range widget.Wrap(text, max(8, m.w-labelWidth), 0) {
		if i > 0 {
			label = ""
		}
		m.lines = append(m.lines, widget.Line{{Text: widget.Pad(label, labelWidth), Style: m.p.Dim}, {Text: l, Style: style}})
	}
}

func (m *maker) heading(text string) {
	m.lines = append(m.lines, nil, widget.Line{{Text: text, Style: m.p.Header}})
}

func (m *maker) line(text string, style tcell.Style) {
	m.lines = append(m.lines, widget.Line{{Text: text, Style: style}})
}

// describe adds what is known of the event itself.
func (p *detail) describe(m *maker, a *App, e *event.Event, comment string) {
	title := fmt.Sprintf("%s %d", e.Kind, e.Seq)
	if e.Seq == 0 {
		title = string(e.Kind)
	}
	m.line(title+"   "+e.Time.Local().Format("2006-01-02 15:04:05.000000"), m.p.Strong)
	m.field("from", from(e), m.p.Plain)
	m.field("line", headline(e), m.p.Strong)
	m.field("means", note(e), m.p.Plain)
	m.field("defined in", explain.RFC(e), m.p.Plain)
	m.field("syntax", e.Error, m.p.Warn)
	m.field("altered", e.Other, m.p.Proxy)
	m.field("state", e.State.String(), m.p.Plain)
	if e.Kind.Protocol() {
		m.field("octets", fmt.Sprintf("%d", e.Bytes), m.p.Plain)
	}
	if e.Completes {
		m.field("took", span(e.Latency)+", the first answer after "+span(e.First), m.p.Plain)
	}
	if i, ok := p.session.Partner(p.row); ok {
		label := "answers"
		if e.Kind == event.KindCommand {
			label = "answered"
		}
		m.field(label, headline(p.session.Rows[i].Event)+"   (p goes there)", m.p.Plain)
	}
	m.field("comment", comment, m.p.Mark)
	p.describeFacts(m, e)
}

// from says who sent the event to whom.
func from(e *event.Event) string {
	to := e.Dir.Other()
	if e.Dir == event.SideProxy {
		to = e.To
	}
	if e.Dir == event.SideNone {
		return ""
	}
	who := e.Dir.String()
	if e.Dir == event.SideProxy {
		who = "mailtap"
	}
	text := who + " to " + to.String()
	if e.Leg == event.LegServer {
		text += ", on the server's leg alone: the client never saw it"
	}
	if e.Dropped {
		text += ", passed on to nobody"
	}
	return text
}

func (p *detail) describeFacts(m *maker, e *event.Event) {
	if f := e.Finding; f != nil {
		m.field("what to do", f.Advice, m.p.Plain)
		m.field("evidence", strings.Join(f.Evidence, " "), m.p.Plain)
		m.field("or", strings.Join(f.Also, " "), m.p.Dim)
	}
	if t := e.TLS; t != nil {
		m.field("what to do", t.Advice, m.p.Plain)
		for i, c := range t.Peer {
			m.certificate(i, c)
		}
	}
}

func (m *maker) certificate(i int, c event.Certificate) {
	m.heading(fmt.Sprintf("certificate %d", i+1))
	m.field("subject", c.Subject, m.p.Plain)
	m.field("names", strings.Join(c.Names, " "), m.p.Plain)
	m.field("issuer", c.Issuer, m.p.Plain)
	m.field("valid to", c.Expiry.Format("2006-01-02 15:04 MST"), m.p.Plain)
	if c.Verified {
		m.field("verified", "yes", m.p.Good)
	} else if c.Reason != "" {
		m.field("verified", "no: "+c.Reason, m.p.Bad)
	}
}

// names adds what the names in the event are for: capabilities, flags, codes.
func (m *maker) names(e *event.Event) {
	details := explain.Details(e)
	if len(details) == 0 {
		return
	}
	m.heading("what the names mean")
	w := 0
	for _, d := range details {
		w = max(w, min(widget.Width(d.Name), m.w/3))
	}
	for _, d := range details {
		meaning := d.Meaning
		if d.RFC != "" {
			meaning += "  (" + d.RFC + ")"
		}
		name := widget.Wrap(d.Name, w, 4)
		for i, l := range widget.Wrap(meaning, max(8, m.w-w-2), 0) {
			label := ""
			if i < len(name) {
				label = name[i]
			}
			m.lines = append(m.lines, widget.Line{{Text: widget.Pad(label, w+2), Style: m.p.Strong}, {Text: l, Style: m.p.Plain}})
		}
	}
}

// parts adds the parsed parts as a tree, by their JSON names.
func (p *detail) parts(m *maker, e *event.Event) {
	if e.Data == nil {
		return
	}
	text, err := json.Marshal(e.Data)
	if err != nil || string(text) == "null" {
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	root := readNode(d, "")
	if root.leaf() && root.value == "" {
		return
	}
	m.heading("parts")
	for _, kid := range root.kids {
		m.tree(kid, 0)
	}
	if root.leaf() {
		m.tree(root, 0)
	}
}

// mostOctets is how many octets a detail shows; w saves them all.
const mostOctets = 1 << 20

// octets adds what was on the client's leg.
func (p *detail) octets(m *maker) {
	row := p.session.Rows[p.row]
	if !row.Event.Kind.Protocol() || row.At < 0 {
		return
	}
	data, whole := p.session.Octets(row)
	p.at = len(m.lines)
	m.heading("octets as " + p.as.String() + "   (t changes)")
	if len(data) == 0 {
		m.line("no longer held", m.p.Dim)
		return
	}
	if !whole {
		m.line("the beginning or the end is no longer held", m.p.Dim)
	}
	if len(data) > mostOctets {
		m.line(fmt.Sprintf("the first %s of %s; w saves them all", size(mostOctets), size(int64(len(data)))), m.p.Dim)
		data = data[:mostOctets]
	}
	switch p.as {
	case asHex:
		m.hex(data)
	case asDecoded:
		m.decoded(row.Event, data)
	case asHeaders:
		m.headers(data)
	default:
		for _, l := range bytes.SplitAfter(data, []byte("\n")) {
			m.octetLine(l)
		}
	}
}

// octetLine adds one line of octets, wrapped, its line end left away.
func (m *maker) octetLine(l []byte) {
	if len(l) == 0 {
		return
	}
	for _, part := range widget.Wrap(wire.Escape(bytes.TrimRight(l, "\r\n")), m.w, 0) {
		m.line(part, m.p.Plain)
	}
}

// headers adds the header fields of the message in data: its lines up to the
// first empty one, behind the line that announces it.
func (m *maker) headers(data []byte) {
	shown := 0
	for i, l := range bytes.SplitAfter(data, []byte("\n")) {
		text := bytes.TrimRight(l, "\r\n")
		if len(text) == 0 && shown > 0 {
			break
		}
		name, _, ok := bytes.Cut(text, []byte(":"))
		field := ok && len(name) > 0 && !bytes.ContainsAny(name, " \t({")
		if !field && !(shown > 0 && (text[0] == ' ' || text[0] == '\t')) {
			if i > 0 && shown > 0 {
				break
			}
			continue
		}
		m.octetLine(l)
		shown++
	}
	if shown == 0 {
		m.line("no header of a message here", m.p.Dim)
	}
}

// hex adds sixteen octets a line, eight where the screen is narrow.
func (m *maker) hex(data []byte) {
	n := 16
	if m.w < 76 {
		n = 8
	}
	for at := 0; at < len(data); at += n {
		part := data[at:min(at+n, len(data))]
		text := make([]byte, 0, n)
		for _, c := range part {
			if c < 0x20 || c >= 0x7f {
				c = '.'
			}
			text = append(text, c)
		}
		m.lines = append(m.lines, widget.Line{
			{Text: fmt.Sprintf("%06x  ", at), Style: m.p.Dim},
			{Text: widget.Pad(fmt.Sprintf("% x", part), 3*n), Style: m.p.Plain},
			{Text: " " + string(text), Style: m.p.Dim},
		})
	}
}

// decoded adds the messages in data as people read them.
func (m *maker) decoded(e *event.Event, data []byte) {
	texts := messages(e, data)
	if len(texts) == 0 {
		m.line("no text of a message here", m.p.Dim)
	}
	for i, t := range texts {
		if i > 0 {
			m.line(strings.Repeat("-", min(m.w, 40)), m.p.Dim)
		}
		for _, l := range t.decoded() {
			for _, part := range widget.Wrap(wire.Escape([]byte(l)), m.w, 0) {
				m.line(part, m.p.Plain)
			}
		}
	}
}
