package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/parse/event"
	"mailtap/parse/filter"
)

const filtersLong = `A filter is one expression over the fields of an event, and says which events
are shown. It never changes what is recorded. The operators: == != < > <= >=,
and or not, in, contains, startsWith, endsWith, matches (a regular expression).
Absent text is empty; no comparison with an absent number is true.`

const filtersExample = `  user == "alice" and latency_us > 100000      slow answers of one user
  name contains "FETCH" or for contains "FETCH"
  status in ["NO", "BAD", "-ERR"]              what was refused
  event == "finding" and severity != "info"
  data.mailbox.name == "INBOX"                 the parsed parts (mailtap help data)`

// newFilters is a page of help: cobra lists a command that does nothing as a topic.
func newFilters() *cobra.Command {
	var b strings.Builder
	b.WriteString(filtersLong + "\n\nExamples:\n" + filtersExample + "\n\nFields:\n")
	for _, f := range filter.Fields() {
		fmt.Fprintf(&b, "  %-12s %-7s %s\n", f.Name, f.Type, f.Meaning)
	}
	return &cobra.Command{Use: "filters", Short: "What --filter takes", Long: strings.TrimSpace(b.String())}
}

// addFilter gives cmd the flag --filter.
func addFilter(cmd *cobra.Command, expression *string) {
	cmd.Flags().StringVar(expression, "filter", "", "show only events that match `EXPR` (mailtap help filters)")
	// Completion proposes the fields; an error here would be a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("filter", completeFilter)
}

// completeFilter completes the field that is being typed at the end of an expression.
func completeFilter(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	at := strings.LastIndexFunc(typed, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) + 1
	var all []string
	for _, f := range filter.Fields() {
		if strings.HasPrefix(f.Name, typed[at:]) {
			all = append(all, typed[:at]+f.Name+"\t"+f.Meaning)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// compileFilter is what --filter says, as a question to an event; nil is all.
func compileFilter(expression string) (func(*event.Event) bool, error) {
	f, err := filter.Compile(expression)
	if err != nil {
		return nil, usagef("--filter: %w; see mailtap help filters", err)
	}
	if f == nil {
		return nil, nil
	}
	return f.Match, nil
}
