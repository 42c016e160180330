package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/filter"
	"mailtap/parse/finding"
)

const diagnoseExample = `  mailtap diagnose today.pcapng
  mailtap diagnose --fail-on error --format sarif today.pcapng > findings.sarif
  mailtap diagnose --expect rules.txt --junit report.xml test.pcapng
  mailtap diagnose --list                         every finding there is`

const diagnoseLong = `Says what is wrong in recorded sessions, and what to change. One cause is one
finding, however often it came. Exit status 3 where there is a finding of the
severity of --fail-on or above, or where a rule of --expect does not hold.

A rule is a line, NAME: EXPRESSION, over the lists events and sessions:
  quick:          none(events, .latency_us > 2000000)
  few sessions:   len(sessions) <= 3
  id first:       all(sessions, findIndex(.events, .name == "ID") < findIndex(.events, .name == "SELECT"))`

// diagnoseOptions are what `mailtap diagnose` is told.
type diagnoseOptions struct {
	captures []string
	format   string
	failOn   string
	list     bool
	expect   string
	junit    string
	client   string
	keyLog   string
	full     bool
}

func newDiagnose(std streams) *cobra.Command {
	var o diagnoseOptions
	cmd := &cobra.Command{
		Use:     "diagnose [flags] CAPTURE...",
		Short:   "Say what is wrong in recorded sessions, and what to change",
		Long:    diagnoseLong,
		Example: diagnoseExample,
		GroupID: groupRead,
		RunE: func(_ *cobra.Command, args []string) error {
			o.captures = args
			return runDiagnose(o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text, json (one finding a line), markdown or sarif")
	f.StringVar(&o.failOn, "fail-on", "warning", "exit with status 3 from this severity on: error, warning or info")
	f.BoolVar(&o.list, "list", false, "print every finding there is, with its explanation")
	f.BoolVar(&o.full, "full", false, "say of observations (info) too what to do, and which lines they rest on")
	f.StringVar(&o.expect, "expect", "", "hold the sessions against the rules in `FILE`")
	f.StringVar(&o.junit, "junit", "", "write how the rules came out to `FILE`, as JUnit reads it")
	f.StringVar(&o.client, "client", "", "name the settings of this `CLIENT`, where it does not tell its name: "+strings.Join(finding.Clients(), ", "))
	completeWords(cmd, "client", finding.Clients()...)
	addKeys(cmd, &o.keyLog)
	completeWords(cmd, "format", "text", "json", "markdown", "sarif")
	completeWords(cmd, "fail-on", "error", "warning", "info")
	return cmd
}

func runDiagnose(o diagnoseOptions, std streams) error {
	if o.list {
		return listFindings(std.out)
	}
	if len(o.captures) == 0 {
		return usagef("mailtap diagnose needs a CAPTURE, as in: mailtap diagnose today.pcapng")
	}
	threshold := event.ParseSeverity(o.failOn)
	if threshold == event.SeverityNone {
		return usagef("--fail-on %q: it is error, warning or info", o.failOn)
	}
	write, ok := diagnoses[o.format]
	if !ok {
		return usagef("--format %q: it is text, json, markdown or sarif", o.format)
	}
	if o.client != "" && !slices.Contains(finding.Clients(), strings.ToLower(o.client)) {
		return usagef("--client %q: it is one of %s", o.client, strings.Join(finding.Clients(), ", "))
	}
	expected, err := openExpected(o.expect, o.junit)
	if err != nil {
		return err
	}
	var digest finding.Digest
	log, err := openKeys(o.keyLog)
	if err != nil {
		return err
	}
	sessions := false
	err = eachEventWith(o.captures, false, log, std.err, func(e *event.Event) error {
		sessions = sessions || e.Kind == event.KindSessionOpen
		digest.See(e)
		expected.see(e)
		return nil
	})
	if err != nil {
		return err
	}
	found := digest.Found()
	for _, f := range found {
		finding.Name(&f.Finding, o.client, f.Proto)
	}
	switch {
	case o.format != "text":
	case !sessions:
		write = diagnoseNothing
	case o.full:
		write = diagnoseFull
	}
	if err := write(std.out, o.captures, found); err != nil {
		return err
	}
	broken, err := expected.report(std.err)
	if err != nil {
		return err
	}
	if digest.Worst() >= threshold || broken > 0 {
		return notAsItShouldBe{}
	}
	return nil
}

// diagnoses are the forms in which findings are written.
var diagnoses = map[string]func(w io.Writer, captures []string, found []*finding.Found) error{
	"text": diagnoseText, "json": diagnoseJSON, "markdown": diagnoseMarkdown, "sarif": diagnoseSARIF,
}

// listFindings prints the catalogue.
func listFindings(w io.Writer) error {
	for _, e := range finding.All() {
		if _, err := fmt.Fprintf(w, "%s  (%s)\n  %s\n", e.ID, e.Severity, e.Title); err != nil {
			return err
		}
		if err := wrapped(w, "  ", e.Explain); err != nil {
			return err
		}
		if err := wrapped(w, "  what to do: ", e.Advice); err != nil {
			return err
		}
		if e.RFC != "" {
			fmt.Fprintf(w, "  %s\n", e.RFC)
		}
		fmt.Fprintln(w)
	}
	return nil
}

// expected holds sessions against the rules of a file; nil where none is named.
type expected struct {
	rules []filter.Rule
	facts filter.Facts
	file  string
	junit string
}

func openExpected(path, junit string) (*expected, error) {
	if path == "" {
		if junit != "" {
			return nil, usagef("--junit needs --expect FILE: it reports how the rules came out")
		}
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usagef("--expect %s: %w", path, cause(err))
	}
	defer f.Close()
	rules, err := filter.Rules(f)
	if err != nil {
		return nil, usagef("--expect %s: %w", path, err)
	}
	return &expected{rules: rules, file: path, junit: junit}, nil
}

// cause is what went wrong with a file, without its name.
func cause(err error) error {
	if at := new(os.PathError); errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (x *expected) see(e *event.Event) {
	if x != nil {
		x.facts.See(e)
	}
}

// ruled is how one rule came out.
type ruled struct {
	filter.Rule
	why string // "" where it holds
}

// report tells the rules that do not hold, and how many they are.
func (x *expected) report(w io.Writer) (broken int, err error) {
	if x == nil {
		return 0, nil
	}
	var all []ruled
	for i := range x.rules {
		o := ruled{Rule: x.rules[i]}
		holds, err := x.rules[i].Holds(&x.facts)
		switch {
		case err != nil:
			o.why = err.Error()
		case !holds:
			o.why = "it is not true of these sessions"
			if culprit := x.rules[i].Culprit(&x.facts); culprit != "" {
				o.why = "it is not true of " + culprit
			}
		}
		if o.why != "" {
			broken++
			fmt.Fprintf(w, "mailtap: %s:%d: %s: %s: %s\n", x.file, o.Line, o.Name, o.why, o.Text)
		}
		all = append(all, o)
	}
	if x.junit != "" {
		return broken, writeJUnit(x.junit, x.file, all)
	}
	return broken, nil
}

// nameOf is what findings call captures: without the session.
func nameOf(capture string) string {
	path, _ := captures.ParseName(capture)
	return path
}

// wrapped prints text behind a prefix, in lines of at most 80 columns. A prefix
// of spaces is the indent of all lines; where it has words, what follows hangs
// two columns further.
func wrapped(w io.Writer, prefix, text string) error {
	words := strings.TrimLeft(prefix, " ")
	indent := prefix[:len(prefix)-len(words)]
	if words != "" {
		indent += "  "
	}
	line := prefix
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 80 && strings.TrimSpace(line) != "" {
			if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
				return err
			}
			line = indent
		}
		if !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	_, err := fmt.Fprintln(w, line)
	return err
}
