// Package filter is mailtap's one expression language: expressions of
// github.com/expr-lang/expr over the fields of an event's JSON form, compiled
// once and asked of every event. Logs, the viewer, exports and the control
// endpoint all come here.
//
// Text that is absent is empty, a comparison with a number is false on events
// that lack it (so that `latency_us >= 0` asks whether it is there), and only
// the fields that an expression names are worked out: the words of `note` cost
// nothing where nobody asks for them.
package filter

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"mailtap/parse/event"
)

// A Filter is a compiled expression. It may be used by several goroutines. The
// nil Filter matches everything.
type Filter struct {
	text    string
	program *vm.Program
	needs   []*field
	scratch sync.Pool // of *scratch
}

// scratch is what one evaluation needs.
type scratch struct {
	machine vm.VM
	env     map[string]any
}

// Compile checks an expression. An empty one gives the nil Filter. The error
// is one line: the column of the mistake, counted from 1, and what it is.
func Compile(expression string) (*Filter, error) {
	if strings.TrimSpace(expression) == "" {
		return nil, nil
	}
	named := names{seen: map[string]bool{}}
	program, err := expr.Compile(expression, expr.Env(environment()), expr.AsBool(), expr.Patch(unequal{}), expr.Patch(&named))
	if err != nil {
		return nil, refusal(err)
	}
	f := &Filter{text: expression, program: program}
	for i := range fields {
		if named.seen[fields[i].Name] || named.all {
			f.needs = append(f.needs, &fields[i])
		}
	}
	f.scratch.New = func() any { return &scratch{env: make(map[string]any, len(f.needs))} }
	return f, nil
}

// Match asks whether e is one of the events that the expression means. Where
// the expression has no answer (it looks for parts that this event's data does
// not have), the event is not one of them.
func (f *Filter) Match(e *event.Event) bool {
	if f == nil {
		return true
	}
	s := f.scratch.Get().(*scratch)
	defer f.scratch.Put(s)
	for _, n := range f.needs {
		s.env[n.Name] = n.get(e)
	}
	got, err := s.machine.Run(f.program, s.env)
	yes, _ := got.(bool)
	return err == nil && yes
}

// String is the expression.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}

// refusal is expr's error in one line: it comes with the expression and a
// pointer below it.
func refusal(err error) error {
	at := new(file.Error)
	if !errors.As(err, &at) {
		what, _, _ := strings.Cut(err.Error(), "\n")
		if kind, ok := strings.CutPrefix(what, "expected bool, but got "); ok {
			what = "an expression that is true or false is wanted, this gives " + kind
		}
		return fmt.Errorf("column 1: %s", what) // it is about the whole of it
	}
	what := worded(at.Message)
	if at.Line > 1 {
		return fmt.Errorf("line %d, column %d: %s", at.Line, at.Column+1, what)
	}
	return fmt.Errorf("column %d: %s", at.Column+1, what)
}

// token is how expr names a piece of an expression: Operator("=").
var token = regexp.MustCompile(`unexpected token (?:[A-Za-z]+\((".*?")\)|(EOF))`)

// worded is what expr says is wrong in the words of somebody who writes filters.
func worded(what string) string {
	if name, ok := strings.CutPrefix(what, "unknown name "); ok {
		return fmt.Sprintf("no event has a field %q", name)
	}
	found := token.FindStringSubmatchIndex(what)
	if found == nil {
		return what
	}
	piece := "end"
	if found[2] >= 0 {
		piece = what[found[2]:found[3]]
	}
	said := what[:found[0]] + "unexpected " + piece + what[found[1]:]
	if piece == `"="` {
		said += "; what is compared stands on both sides of =="
	}
	return said
}

// names finds the fields that an expression names.
type names struct {
	seen map[string]bool
	all  bool // $env is named, which has them all
}

func (n *names) Visit(node *ast.Node) {
	if id, ok := (*node).(*ast.IdentifierNode); ok {
		n.seen[id.Value] = true
		n.all = n.all || id.Value == "$env"
	}
}

// unequal makes `a != b` of numbers `a < b or a > b`: an absent number is not
// a number, and so unequal to all of them, which nobody means who writes
// `latency_us != 0`.
type unequal struct{}

func (unequal) Visit(node *ast.Node) {
	b, ok := (*node).(*ast.BinaryNode)
	if !ok || b.Operator != "!=" || !numeric(b.Left) || !numeric(b.Right) {
		return
	}
	less := &ast.BinaryNode{Operator: "<", Left: b.Left, Right: b.Right}
	more := &ast.BinaryNode{Operator: ">", Left: b.Left, Right: b.Right}
	ast.Patch(node, &ast.BinaryNode{Operator: "or", Left: less, Right: more})
}

func numeric(n ast.Node) bool {
	t := n.Type()
	return t != nil && (t.Kind() >= firstNumber && t.Kind() <= lastNumber)
}
