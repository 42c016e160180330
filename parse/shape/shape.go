// Package shape documents what events carry under "data": for each command,
// response and response code the fields of its value, and of the values inside
// it. All of it is taken from the types themselves, so it cannot go stale;
// `mailtap help data` prints it.
package shape

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"mailtap/parse/imap"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
	"mailtap/parse/sasl"
)

// Shape is a type of data, or of a value inside one.
type Shape struct {
	Names  []string // the lines that carry it; of a value inside: its name
	Fields string   // "mailbox: Mailbox, condstore: true"
	Type   reflect.Type
}

// Section is a chapter of the page.
type Section struct {
	Title  string
	Shapes []Shape
}

// Sections is the page.
func Sections() []Section {
	b := &builder{seen: map[reflect.Type]bool{}}
	sections := []Section{
		{"IMAP, commands", b.group(imapCommands())},
		{"IMAP, untagged data", b.group(imapResponses())},
		{"IMAP, status responses and continuation requests", b.group([]line{{"all of them, args by the code", &syntax.Status{}}})},
		{"IMAP, args of response codes", b.group(imapCodes())},
		{"POP3", b.group(pop3Lines)},
		{"Logins of both: client.data, continuations and AUTH", b.group([]line{{"a step", &sasl.Step{}}})},
	}
	return append(sections, Section{"Values inside them", b.inside()})
}

// line is the name of a line, and a value of what it carries.
type line struct {
	name string
	data any
}

// imapCommands reads each command without arguments: what comes is of its type.
func imapCommands() (lines []line) {
	for _, t := range syntax.Commands {
		data := syntax.Command(syntax.Message{Data: []byte("a " + t.Name + "\r\n")}).Data
		switch t.Name {
		case "LOGIN":
			data = &imap.Login{}
		case "AUTHENTICATE":
			data = &imap.Auth{}
		}
		lines = append(lines, line{t.Name, data})
	}
	return lines
}

func imapResponses() (lines []line) {
	for _, t := range syntax.Responses {
		name, number := t.Name, ""
		if rest, ok := strings.CutPrefix(name, "n "); ok {
			name, number = rest, "1 "
		} else if rest, ok := strings.CutPrefix(name, "u "); ok {
			name, number = rest, "1 "
		}
		data := syntax.Response(syntax.Message{Data: []byte("* " + number + name + "\r\n")}).Data
		if _, status := data.(*syntax.Status); !status && name != "+" {
			lines = append(lines, line{name, data})
		}
	}
	return lines
}

func imapCodes() (lines []line) {
	for _, t := range syntax.ResponseCodes {
		r := syntax.Response(syntax.Message{Data: []byte("* OK [" + t.Name + "] x\r\n")})
		if s, ok := r.Data.(*syntax.Status); ok {
			lines = append(lines, line{t.Name, s.Args})
		}
	}
	return lines
}

// pop3Lines is what parse/pop3 gives.
var pop3Lines = []line{
	{"the greeting", &pop3.Greeting{}}, {"commands with arguments, DELE's answer", &pop3.Arguments{}},
	{"PASS, APOP, AUTH: the answer", &pop3.Login{}}, {"STAT", &pop3.Stat{}},
	{"LIST, UIDL", &pop3.Listing{}}, {"LIST n, UIDL n", &pop3.Scan{}}, {"RETR, TOP", &pop3.Message{}},
	{"CAPA", &pop3.Capabilities{}}, {"AUTH without argument", &pop3.Mechanisms{}}, {"LANG", &pop3.Languages{}},
	{"XTND", &pop3.Lines{}},
}

// builder words types, and notes those that are inside others.
type builder struct {
	seen map[reflect.Type]bool
	wait []reflect.Type
}

// group puts lines of one type together, in the order of the first.
func (b *builder) group(lines []line) (shapes []Shape) {
	for _, l := range lines {
		t := reflect.TypeOf(l.data)
		if t == nil || t.Kind() != reflect.Pointer {
			continue // nothing, text or a tree
		}
		i := slices.IndexFunc(shapes, func(s Shape) bool { return s.Type == t.Elem() })
		if i < 0 {
			shapes = append(shapes, Shape{Type: t.Elem(), Fields: b.fields(t.Elem())})
			i = len(shapes) - 1
		}
		shapes[i].Names = append(shapes[i].Names, l.name)
	}
	return shapes
}

// inside is the types that stand in others.
func (b *builder) inside() (shapes []Shape) {
	for len(b.wait) > 0 {
		t := b.wait[0]
		b.wait = b.wait[1:]
		shapes = append(shapes, Shape{Names: []string{t.Name()}, Fields: b.fields(t), Type: t})
	}
	slices.SortFunc(shapes, func(x, y Shape) int { return strings.Compare(x.Names[0], y.Names[0]) })
	return shapes
}

// fields words the fields of a struct as JSON has them.
func (b *builder) fields(t reflect.Type) string {
	var words []string
	for f := range fieldsOf(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			words = append(words, b.fields(f.Type))
		default:
			words = append(words, name+": "+b.value(f.Type))
		}
	}
	return strings.Join(words, ", ")
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

var texts = reflect.TypeFor[encoding.TextMarshaler]()

// value words what a field holds.
func (b *builder) value(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[syntax.Node](), reflect.TypeFor[syntax.Tree](), reflect.TypeFor[any]():
		return "as on the wire"
	case reflect.TypeFor[syntax.Num]():
		return "number"
	case reflect.TypeFor[syntax.NumSet]():
		return `"1:5,9"`
	case reflect.TypeFor[time.Time]():
		return "date"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.value(t.Elem())
	case reflect.Slice:
		return "[" + b.value(t.Elem()) + "]"
	case reflect.Bool:
		return "true"
	case reflect.String:
		return "text"
	case reflect.Struct:
		if !t.Implements(texts) && !b.seen[t] {
			b.seen[t] = true
			b.wait = append(b.wait, t)
		}
		return t.Name()
	}
	if t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64 {
		return "number"
	}
	return fmt.Sprint(t)
}
