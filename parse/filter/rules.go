package filter

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"mailtap/parse/event"
)

// Rule is an assertion about a whole capture: an expression over the lists
// events and sessions that has to be true.
type Rule struct {
	Name string
	Line int // in its file
	Text string

	program *vm.Program
	culprit *vm.Program // finds an element that breaks it; nil where none does alone
}

// culpritOf is the search for what breaks a rule of the form none(LIST, P) or
// all(LIST, P), nil for others.
func culpritOf(expression string) *vm.Program {
	tree, err := parser.Parse(expression)
	if err != nil {
		return nil
	}
	call, ok := tree.Node.(*ast.BuiltinNode)
	if !ok || len(call.Arguments) != 2 {
		return nil
	}
	p, ok := call.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return nil
	}
	switch call.Name {
	case "none":
	case "all":
		p.Node = &ast.UnaryNode{Operator: "not", Node: p.Node}
	default:
		return nil
	}
	call.Name = "find"
	program, err := expr.Compile(call.String(), expr.Env(ruleEnvironment()))
	if err != nil {
		return nil
	}
	return program
}

// Rules reads assertions, one a line, NAME: EXPR. Empty lines and those that
// begin with # are passed over. The error is one line: where, and what.
//
// events are all events by the names of their JSON form; each of sessions has
// id, proto, user, client, client_id, server, commands, bytes_c, bytes_s,
// duration_ms, findings (their ids), tls (in versions), and events, its own.
func Rules(r io.Reader) ([]Rule, error) {
	var rules []Rule
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		name, expression, ok := strings.Cut(text, ":")
		if name, expression = strings.TrimSpace(name), strings.TrimSpace(expression); !ok || name == "" || expression == "" {
			return nil, fmt.Errorf("line %d: a rule is NAME: EXPRESSION, as in: quick: none(events, .latency_us > 2000000)", n)
		}
		program, err := expr.Compile(expression, expr.Env(ruleEnvironment()), expr.AsBool())
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", n, name, refusal(err))
		}
		rules = append(rules, Rule{Name: name, Line: n, Text: expression, program: program, culprit: culpritOf(expression)})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return rules, nil
}

// ruleEnvironment is what the checker is told: the names and types of rules.
func ruleEnvironment() types.Map {
	session := types.Map{"events": types.Array(environment()), "findings": types.Array(types.String)}
	for _, name := range []string{"id", "proto", "user", "client", "client_id", "server", "tls"} {
		session[name] = types.String
	}
	for _, name := range []string{"commands", "bytes_c", "bytes_s", "duration_ms"} {
		session[name] = types.Float64
	}
	return types.Map{"events": types.Array(environment()), "sessions": types.Array(session)}
}

// Facts gathers what rules are asked about. Its zero value is ready. It holds
// every event that it sees: rules are for captures of tests, not for those of a week.
type Facts struct {
	events   []map[string]any
	sessions []map[string]any
	byID     map[string]map[string]any
}

// See takes the next event.
func (f *Facts) See(e *event.Event) {
	one := make(map[string]any, len(fields))
	for i := range fields {
		one[fields[i].Name] = fields[i].get(e)
	}
	f.events = append(f.events, one)
	if e.Context == nil || e.Session == "" {
		return
	}
	f.session(e, one)
}

func (f *Facts) session(e *event.Event, one map[string]any) {
	if f.byID == nil {
		f.byID = map[string]map[string]any{}
	}
	s := f.byID[e.Session]
	if s == nil {
		s = map[string]any{"id": e.Session, "proto": e.Proto.String(), "user": "", "client": "", "client_id": "", "server": "", "commands": 0.0,
			"bytes_c": 0.0, "bytes_s": 0.0, "duration_ms": 0.0, "findings": []string{}, "tls": "", "events": []map[string]any{}}
		f.byID[e.Session] = s
		f.sessions = append(f.sessions, s)
	}
	s["events"] = append(s["events"].([]map[string]any), one)
	if e.User != "" {
		s["user"] = e.User
	}
	if e.ClientID != "" {
		s["client_id"] = e.ClientID
	}
	switch {
	case e.Kind == event.KindSessionOpen && e.Route != nil:
		s["client"], s["server"] = e.Route.Client, e.Route.Upstream
	case e.TLS != nil && e.TLS.Side == event.SideClient && e.TLS.Failure == "":
		s["tls"] = e.TLS.Version
	case e.Finding != nil:
		s["findings"] = append(s["findings"].([]string), e.Finding.ID)
	case e.Close != nil:
		s["commands"], s["bytes_c"], s["bytes_s"] = float64(e.Close.Commands), float64(e.Close.BytesC), float64(e.Close.BytesS)
		s["duration_ms"] = float64(e.Close.Duration.Milliseconds())
	}
}

// Holds asks whether a rule is true of the facts. An expression that cannot be
// answered is not: the error says why.
func (r *Rule) Holds(f *Facts) (bool, error) {
	got, err := expr.Run(r.program, map[string]any{"events": f.events, "sessions": f.sessions})
	if err != nil {
		return false, refusal(err)
	}
	yes, ok := got.(bool)
	if !ok {
		return false, fmt.Errorf("it is neither true nor false, but %v", got)
	}
	return yes, nil
}

// Culprit names the first event or session that breaks a rule, "" where no one
// does alone.
func (r *Rule) Culprit(f *Facts) string {
	if r.culprit == nil {
		return ""
	}
	got, err := expr.Run(r.culprit, map[string]any{"events": f.events, "sessions": f.sessions})
	one, ok := got.(map[string]any)
	switch {
	case err != nil || !ok:
		return ""
	case one["id"] != nil && one["events"] != nil:
		return fmt.Sprintf("session %v", one["id"])
	}
	return strings.TrimSpace(fmt.Sprintf("%v:%v %v", one["session"], one["seq"], one["text"]))
}
