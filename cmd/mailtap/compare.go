package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailtap/parse/compare"
	"mailtap/parse/event"
)

const compareLong = `Says what differs between two recorded sessions: commands that only one client
sent, the same command answered differently, other capabilities, another order.
Tags, UIDs, dates and tokens do not count. Exit status 3 where they differ.

Of captures with several sessions those of the same protocol and user are held
against each other, in order; CAPTURE#SESSION names one.`

func newCompare(std streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "compare [flags] A B",
		Short:   "Say what differs between two recorded sessions",
		Long:    compareLong,
		Example: "  mailtap compare good.pcapng bad.pcapng\n  mailtap compare today.pcapng#AE7QK2M7QA today.pcapng#AE7QK3TY6Z",
		GroupID: groupRead,
		Args:    exactly(2, "CAPTURE twice", "mailtap compare good.pcapng bad.pcapng"),
		RunE: func(_ *cobra.Command, args []string) error {
			return runCompare(args[0], args[1], format, std)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json (one object a pair of sessions)")
	completeWords(cmd, "format", "text", "json")
	return cmd
}

func runCompare(a, b, format string, std streams) error {
	if format != "text" && format != "json" {
		return usagef("--format %q: it is text or json", format)
	}
	left, err := sessionsOf(a, std.err)
	if err != nil {
		return err
	}
	right, err := sessionsOf(b, std.err)
	if err != nil {
		return err
	}
	same := true
	enc := json.NewEncoder(std.out)
	enc.SetEscapeHTML(false)
	for i, p := range opposite(left, right) {
		r := compare.Sessions(p[0], p[1])
		same = same && r.Same && r.A != "" && r.B != ""
		if format == "json" {
			if err := enc.Encode(r); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(std.out)
		}
		compareText(std.out, r, colours(std.out))
	}
	if !same {
		return notAsItShouldBe{}
	}
	return nil
}

// sessionsOf are the events of a capture's sessions, in order of their beginning.
func sessionsOf(name string, warnings io.Writer) ([][]*event.Event, error) {
	at := map[string]int{}
	var all [][]*event.Event
	err := eachEvent([]string{name}, false, warnings, func(e *event.Event) error {
		if e.Context == nil || e.Session == "" {
			return nil
		}
		i, ok := at[e.Session]
		if !ok {
			i = len(all)
			at[e.Session] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
		return nil
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s has no session", name)
	}
	return all, err
}

// opposite pairs sessions: one each as they are, else those of the same
// protocol and user in order. What is left over stands against nothing.
func opposite(a, b [][]*event.Event) [][2][]*event.Event {
	if len(a) == 1 && len(b) == 1 {
		return [][2][]*event.Event{{a[0], b[0]}}
	}
	waiting := map[string][]int{}
	for i, s := range b {
		waiting[whoOf(s)] = append(waiting[whoOf(s)], i)
	}
	var pairs [][2][]*event.Event
	taken := map[int]bool{}
	for _, s := range a {
		var other []*event.Event
		if w := waiting[whoOf(s)]; len(w) > 0 {
			other, taken[w[0]] = b[w[0]], true
			waiting[whoOf(s)] = w[1:]
		}
		pairs = append(pairs, [2][]*event.Event{s, other})
	}
	for i, s := range b {
		if !taken[i] {
			pairs = append(pairs, [2][]*event.Event{nil, s})
		}
	}
	return pairs
}

// whoOf is the protocol and the user of a session.
func whoOf(events []*event.Event) string {
	last := events[len(events)-1]
	return last.Proto.String() + " " + last.User
}

// compareText writes a report: the first divergence, then all that differs.
func compareText(w io.Writer, r *compare.Report, colour bool) {
	fmt.Fprintf(w, "%s against %s\n", orText(r.A, "nothing"), orText(r.B, "nothing"))
	if r.A == "" || r.B == "" {
		fmt.Fprintln(w, "only one of the captures has this session")
		return
	}
	if r.Same {
		fmt.Fprintln(w, "the same: nothing differs but tags, numbers and time")
	} else {
		wrapped(w, "  first: ", r.First)
	}
	red, green, off := "", "", ""
	if colour {
		red, green, off = "\x1b[31m", "\x1b[32m", "\x1b[0m"
	}
	for _, d := range r.Differences {
		fmt.Fprintf(w, "\n  %s%s\n", d.Kind, at(d))
		if d.A != "" {
			fmt.Fprintf(w, "  %s- %s%s\n", red, d.A, off)
		}
		if d.B != "" {
			fmt.Fprintf(w, "  %s+ %s%s\n", green, d.B, off)
		}
		if d.A == "" && d.B == "" {
			wrapped(w, "    ", d.Sentence)
		}
	}
}

// at says at which events a difference stands.
func at(d compare.Difference) string {
	switch {
	case d.SeqA != 0 && d.SeqB != 0:
		return fmt.Sprintf(" (event %d against %d)", d.SeqA, d.SeqB)
	case d.SeqA != 0:
		return fmt.Sprintf(" (event %d of the first)", d.SeqA)
	case d.SeqB != 0:
		return fmt.Sprintf(" (event %d of the second)", d.SeqB)
	}
	return ""
}
