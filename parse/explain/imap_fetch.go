package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/imap/syntax"
)

// fetchNote words FETCH data: "message 12 is unread and flagged; 48 kB; from
// …; subject …".
func fetchNote(d *syntax.FetchData) string {
	head := fmt.Sprintf("message %d", d.Seq)
	if d.Seq == 0 {
		head = fmt.Sprintf("UID %d", d.UID)
	} else if d.UID != 0 {
		head += fmt.Sprintf(" (UID %d)", d.UID)
	}
	var parts []string
	if d.Flags != nil {
		head += " is " + condition(d.Flags)
	}
	if d.Size.Known {
		parts = append(parts, size(d.Size.N))
	}
	if !d.InternalDate.IsZero() {
		parts = append(parts, "arrived "+moment(d.InternalDate))
	}
	parts = append(parts, envelopeWords(d.Envelope)...)
	if s := d.Structure; s != nil && s.Type != "" {
		parts = append(parts, "type "+structureWords(s))
	}
	told := d.Envelope != nil // who wrote about what
	for _, c := range d.Content {
		parts = append(parts, contentWords(c))
		if words := headlineWords(c.Header); !told {
			parts = append(parts, words...)
			told = len(words) > 0
		}
	}
	parts = append(parts, rareWords(d)...)
	return strings.Join(append([]string{head}, parts...), "; ")
}

// envelopeWords words who wrote to whom about what.
func envelopeWords(e *syntax.Envelope) (parts []string) {
	if e == nil {
		return nil
	}
	if len(e.From) > 0 {
		parts = append(parts, "from "+people(e.From))
	}
	if len(e.To) > 0 {
		parts = append(parts, "to "+people(e.To))
	}
	if e.Subject != "" {
		parts = append(parts, "subject "+header(e.Subject))
	} else {
		parts = append(parts, "no subject")
	}
	return parts
}

// headlineWords words what a header says that came as text.
func headlineWords(h *syntax.Headline) (parts []string) {
	if h == nil {
		return nil
	}
	if h.From != "" {
		parts = append(parts, "from "+writer(h.From))
	}
	if h.Subject != "" {
		parts = append(parts, "subject "+header(h.Subject))
	}
	return parts
}

// writer is the name in a From field, or the address.
func writer(from string) string {
	from = syntax.DecodeHeader(from)
	if i := strings.IndexByte(from, '<'); i > 0 {
		name := strings.Trim(from[:i], " \t")
		if inner := strings.Trim(name, `"`); inner != name { // RFC 5322 §3.2.4
			name = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(inner)
		}
		if name != "" {
			from = name
		}
	}
	return clip(from, maxQuote)
}

// people lists addresses by their names.
func people(list []syntax.Address) string {
	var names []string
	for _, a := range list {
		if name := a.String(); name != "" {
			names = append(names, clip(name, maxQuote))
		}
	}
	if len(names) > 3 {
		return strings.Join(names[:2], ", ") + fmt.Sprintf(" and %d more", len(names)-2)
	}
	return and(names)
}

// structureWords words a body structure: its type, and what is attached.
func structureWords(b *syntax.Body) string {
	if b.Parts == nil && b.Type == "multipart" && b.Encoding == "" {
		return "multipart/" + b.Subtype + " without parts"
	}
	if b.Parts == nil {
		return b.Type + "/" + b.Subtype
	}
	parts, files := 0, []string(nil)
	b.Walk(func(_ string, p *syntax.Body) {
		if p.Parts == nil {
			parts++
		}
		if d := p.Disposition; d != nil && strings.EqualFold(d.Type, "attachment") {
			name := p.FileName()
			if name == "" {
				name = p.Type + "/" + p.Subtype
			}
			files = append(files, header(name))
		}
	})
	word := b.Type + "/" + b.Subtype + " of " + count(parts, "part")
	if len(files) > 0 {
		word += ", attached: " + and(files)
	}
	return word
}

// contentWords words text that came: "the header fields FROM, 812 bytes".
func contentWords(c syntax.Content) string {
	what := sectionWords(&c.Section)
	switch {
	case !c.Size.Known:
		return what + ": there is none"
	case c.Item == "BINARY.SIZE":
		return what + " is " + size(c.Size.N)
	}
	return what + ", " + size(c.Size.N)
}

// rareWords words the items of extensions.
func rareWords(d *syntax.FetchData) (parts []string) {
	if d.ModSeq != 0 {
		parts = append(parts, fmt.Sprintf("mod-sequence %d", d.ModSeq))
	}
	switch {
	case d.Preview == nil:
	case *d.Preview == "":
		parts = append(parts, "no words to preview")
	default:
		parts = append(parts, "begins "+quote(*d.Preview))
	}
	if d.SaveDate != nil {
		parts = append(parts, "in this mailbox since "+moment(*d.SaveDate))
	}
	if d.EmailID != "" {
		parts = append(parts, "id "+d.EmailID)
	}
	if d.ThreadID != nil {
		parts = append(parts, "thread "+*d.ThreadID)
	}
	for _, o := range d.Other {
		if o.Name != "" {
			parts = append(parts, otherWords(o))
		}
	}
	return append(parts, gmailWords(d.Gmail)...)
}

// otherWords words an item that has no field of its own, or is NIL.
func otherWords(o syntax.Option) string {
	absent := o.Value != nil && o.Value.Kind == syntax.KindNIL
	switch {
	case o.Name == "THREADID" && absent:
		return "the server keeps no threads"
	case o.Name == "PREVIEW" && absent:
		return "its first words are not at hand"
	case o.Name == "SAVEDATE" && absent:
		return "when it came into this mailbox is not known"
	case o.Value == nil:
		return o.Name
	}
	return itemWords(syntax.FetchItem{Name: o.Name}) + ": " + clip(o.Value.String(), maxQuote)
}

func gmailWords(g *syntax.GmailData) (parts []string) {
	if g == nil {
		return nil
	}
	if g.MessageID != "" {
		parts = append(parts, "Gmail's id "+g.MessageID)
	}
	if g.ThreadID != "" {
		parts = append(parts, "Gmail's thread "+g.ThreadID)
	}
	var names []string
	for _, l := range g.Labels {
		names = append(names, string(l))
	}
	switch {
	case len(names) == 1:
		parts = append(parts, "label "+names[0])
	case len(names) > 1:
		parts = append(parts, "labels "+and(names))
	case g.Labels != nil:
		parts = append(parts, "no labels")
	}
	return parts
}
