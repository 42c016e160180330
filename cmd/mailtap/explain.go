package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailtap/parse/event"
	"mailtap/parse/finding"
)

const explainLong = `Says what protocol lines mean, and where that is defined; or, for the id of a
finding, what it is, how it looks and what to do. Lines come as arguments or on
stdin; those of one call are one session, so that answers know their commands.
Which protocol they are is guessed unless --proto says it, and who says a line
unless it begins with C: or S:. Before a line that begins with "-" stands "--".`

const explainExample = `  mailtap explain 'a1 UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])'
  mailtap explain 'a3 NO [TRYCREATE] no such mailbox'
  mailtap explain UIDL +OK '1 whqtswO00WBw418f9t5JxYwZ' .
  mailtap explain -- '-ERR [IN-USE] do you have another session running?'
  mailtap explain auth.bad-credentials`

func newExplain(std streams) *cobra.Command {
	var proto string
	cmd := &cobra.Command{
		Use:     "explain [flags] LINE...|ID",
		Short:   "Say what a protocol line or a finding means",
		Long:    explainLong,
		Example: explainExample,
		GroupID: groupRead,
		RunE: func(_ *cobra.Command, args []string) error {
			return runExplain(args, proto, std)
		},
	}
	cmd.Flags().StringVar(&proto, "proto", "", "imap or pop3 (default: guessed)")
	completeWords(cmd, "proto", "imap", "pop3")
	return cmd
}

func runExplain(args []string, proto string, std streams) error {
	spoken := event.ParseProto(proto)
	if proto != "" && spoken == event.ProtoNone {
		return usagef("--proto %q: it is imap or pop3", proto)
	}
	if len(args) == 1 {
		if e, ok := finding.Lookup(args[0]); ok {
			return explainFinding(std.out, e)
		}
		if findingID.MatchString(args[0]) {
			return usagef("there is no finding %q; mailtap diagnose --list has them all", args[0])
		}
	}
	lines, err := linesOf(args, std)
	if err != nil {
		return err
	}
	if spoken == event.ProtoNone {
		spoken = guess(lines)
	}
	explainLines(std.out, spoken, lines)
	return nil
}

// findingID is how ids of findings look; no protocol line looks so.
var findingID = regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9-]+)+$`)

func explainFinding(w io.Writer, e finding.Entry) error {
	fmt.Fprintf(w, "%s  (%s)\n\n", e.ID, e.Severity)
	for _, part := range []struct{ prefix, text string }{{"  ", e.Title}, {"  ", e.Explain}, {"  What to do: ", e.Advice}, {"  ", e.RFC}} {
		if part.text == "" {
			continue
		}
		if err := wrapped(w, part.prefix, part.text); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	dialogs := e.Dialogs(event.IMAP)
	if len(dialogs) > 0 {
		fmt.Fprintln(w, "  Where mail clients have it:")
	}
	for _, d := range dialogs {
		if err := wrapped(w, "    ", d); err != nil {
			return err
		}
	}
	return nil
}

// linesOf are the arguments, or what stdin has.
func linesOf(args []string, std streams) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if f, ok := std.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, usagef("mailtap explain needs a line, as in: mailtap explain 'a1 NOOP'")
	}
	var lines []string
	s := bufio.NewScanner(std.in)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	return lines, s.Err()
}

// who said it: transcripts mark their lines so.
var marked = regexp.MustCompile(`^\s*([CSP])(?::| )\s*`)

// said is a line, and who says it; sure where a mark tells.
type said struct {
	side event.Side
	text string
	sure bool
}

// saidBy is the side that a line comes from, and the line without the mark.
func saidBy(line string, proto event.Proto) said {
	line = strings.TrimRight(line, "\r\n")
	if m := marked.FindStringSubmatch(line); m != nil && strings.Contains(m[0], ":") {
		if m[1] == "C" {
			return said{event.SideClient, line[len(m[0]):], true}
		}
		return said{event.SideServer, line[len(m[0]):], true}
	}
	if serverLine(line, proto) {
		return said{event.SideServer, line, false}
	}
	return said{event.SideClient, line, false}
}

var tagged = regexp.MustCompile(`(?i)^[^ *+]+ (OK|NO|BAD)( |$)`)

// serverLine tells lines that only a server says.
func serverLine(line string, proto event.Proto) bool {
	if proto == event.POP3 {
		return strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-ERR")
	}
	return strings.HasPrefix(line, "* ") || line == "+" || strings.HasPrefix(line, "+ ") || tagged.MatchString(line)
}

var popWords = regexp.MustCompile(`(?i)^(USER|PASS|APOP|STAT|LIST|RETR|DELE|NOOP|RSET|QUIT|TOP|UIDL|CAPA|STLS|AUTH|UTF8|LANG|LAST|RPOP|XSENDER|XTND)( |$)`)

// guess is the protocol that the lines look like.
func guess(lines []string) event.Proto {
	for _, l := range lines {
		l = saidBy(l, event.IMAP).text
		if strings.HasPrefix(l, "+OK") || strings.HasPrefix(l, "-ERR") || popWords.MatchString(l) {
			return event.POP3
		}
		if strings.HasPrefix(l, "* ") || tagged.MatchString(l) {
			return event.IMAP
		}
	}
	return event.IMAP
}
