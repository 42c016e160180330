package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/layout"
)

const summaryLong = `Says what each session and each account did with the mail: what POP3 took away
or left, what IMAP read, changed and kept on the server, which devices use the
account, and what one of them sees of the others. All of it is told from the
recorded traffic.`

func newSummary(std streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "summary [flags] CAPTURE...",
		Short:   "Say what sessions and accounts did with the mail",
		Long:    summaryLong,
		Example: "  mailtap summary today.pcapng\n  mailtap summary --format json today.pcapng | jq .",
		GroupID: groupRead,
		Args:    atLeast(1, "CAPTURE", "mailtap summary today.pcapng"),
		RunE: func(_ *cobra.Command, args []string) error {
			return runSummary(args, format, std)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json (one account a line)")
	completeWords(cmd, "format", "text", "json")
	return cmd
}

func runSummary(captures []string, format string, std streams) error {
	if format != "text" && format != "json" {
		return usagef("--format %q: it is text or json", format)
	}
	var accounts behaviour.Accounts
	var others strangers
	err := eachEvent(captures, false, std.err, func(e *event.Event) error {
		accounts.See(e)
		others.see(e)
		return nil
	})
	if err != nil {
		return err
	}
	others.end()
	if format == "json" {
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		for _, a := range accounts.List() {
			if err := enc.Encode(told{a, a.Rows(), a.Verdict()}); err != nil {
				return err
			}
		}
		return nil
	}
	return writeSummary(std.out, accounts.List(), &others)
}

// told is an account in JSON.
type told struct {
	*behaviour.Account
	Compare []behaviour.Row `json:"compare,omitempty"`
	Verdict string          `json:"verdict"`
}

// strangers counts the sessions that belong to no account.
type strangers struct {
	open    map[string]stranger
	unknown int // nobody logged in
	hidden  int // TLS hides who did
}

// stranger is what is known of a session that is open.
type stranger struct{ user, hidden bool }

func (s *strangers) see(e *event.Event) {
	if e.Context == nil {
		return
	}
	if s.open == nil {
		s.open = map[string]stranger{}
	}
	is := s.open[e.Session]
	is.user = is.user || e.User != ""
	is.hidden = is.hidden || e.Finding != nil && e.Finding.ID == "mailtap.encrypted"
	if e.Kind != event.KindSessionClose {
		if e.Kind != event.KindMark { // which may come behind the close
			s.open[e.Session] = is
		}
		return
	}
	delete(s.open, e.Session)
	s.count(is)
}

// end counts the sessions that were open at the end of the captures.
func (s *strangers) end() {
	for _, is := range s.open {
		s.count(is)
	}
	s.open = nil
}

func (s *strangers) count(is stranger) {
	switch {
	case is.user:
	case is.hidden:
		s.hidden++
	default:
		s.unknown++
	}
}

func writeSummary(w io.Writer, accounts []*behaviour.Account, others *strangers) error {
	for i, a := range accounts {
		if i > 0 {
			fmt.Fprintln(w)
		}
		summarize(w, a)
	}
	if len(accounts) > 0 && others.unknown+others.hidden > 0 {
		fmt.Fprintln(w)
	}
	if n := others.unknown; n > 0 {
		fmt.Fprintf(w, "%s ended without a login; mailtap diagnose says why\n", plural(n, "session", "sessions"))
	}
	if n := others.hidden; n > 0 {
		fmt.Fprintf(w, "%s went on inside TLS, and cannot be read; mailtap diagnose says what can be done\n", plural(n, "session", "sessions"))
	}
	if len(accounts)+others.unknown+others.hidden == 0 {
		fmt.Fprintln(w, "no session was recorded")
	}
	return nil
}

// summarize writes one account: its devices, its sessions, what they mean for
// one another, and both protocols beside each other.
func summarize(w io.Writer, a *behaviour.Account) {
	fmt.Fprintf(w, "%s at %s\n", a.User, a.Server)
	for _, d := range a.Devices {
		fmt.Fprintf(w, "  device  %s, by %s, %s\n", d.Name, strings.Join(d.Titles(), " and "), plural(d.Visits, "session", "sessions"))
	}
	if q := a.Quota; q != nil && q.Limit > 0 {
		fmt.Fprintf(w, "  quota   %s of %s are used\n", layout.Size(q.Used), layout.Size(q.Limit))
	}
	for _, v := range a.Visits {
		took := "still open"
		if !v.Closed.IsZero() {
			took = v.Closed.Sub(v.Opened).Round(time.Millisecond).String()
		}
		wrapped(w, fmt.Sprintf("  %s %s %s ", v.Opened.Local().Format("15:04:05"), strings.ToUpper(v.Proto), v.Session),
			fmt.Sprintf("(%s, %s) %s", v.Device, took, v.Did.Summary()))
	}
	for _, s := range a.Signs {
		wrapped(w, "  seen: ", s.Sentence+" ("+strings.Join(s.Evidence, ", ")+")")
	}
	table(w, a.Rows())
	wrapped(w, "  => ", a.Verdict())
}

// table sets both protocols beside each other, from what was seen.
func table(w io.Writer, rows []behaviour.Row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w)
	for _, line := range tableLines(rows) {
		fmt.Fprintln(w, " ", line)
	}
	fmt.Fprintln(w)
}

func tableLines(rows []behaviour.Row) (lines []string) {
	widths := []int{24, 28, 27}
	lines = layout.Columns(widths, "what was seen here", "POP3", "IMAP")
	for _, r := range rows {
		lines = append(lines, layout.Columns(widths, r.About, r.POP3, r.IMAP)...)
	}
	return lines
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
