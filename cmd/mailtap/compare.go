package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/layout"
	"mailtap/parse/wire"
)

const compareLong = `Says what differs between two recorded sessions: commands that only one client
sent, the same command answered differently, other capabilities, another order,
other messages. The first divergence comes first. Tags, UIDs, dates and tokens
do not count, nor how a command is written. Exit status 3 where they differ.

Of captures with several sessions those of the same protocol and user are held
against each other, in order; CAPTURE#SESSION names one. A terminal of 120
columns or more shows both sessions side by side too.`

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
	left, err := openParty(a, std.err)
	if err != nil {
		return err
	}
	defer left.reader.Close()
	right, err := openParty(b, std.err)
	if err != nil {
		return err
	}
	defer right.reader.Close()
	tell := compareTeller(format, std.out)
	same := true
	for _, p := range opposite(left.sessions, right.sessions) {
		x, err := left.session(p[0])
		if err != nil {
			return err
		}
		y, err := right.session(p[1])
		if err != nil {
			return err
		}
		r := compare.Compare(x, y, compare.Options{})
		if p[0] == nil || p[1] == nil {
			r = onlyOne(p[0], p[1])
		}
		same = same && r.Same
		if err := tell(r); err != nil {
			return err
		}
	}
	if !same {
		return notAsItShouldBe{}
	}
	return nil
}

// compareTeller writes one report after the other.
func compareTeller(format string, w io.Writer) func(r *compare.Report) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return func(r *compare.Report) error { return enc.Encode(r) }
	}
	style := compare.Style{Width: columns(w), Painter: layout.Painter(colours(w))}
	told := false
	return func(r *compare.Report) error {
		if told {
			fmt.Fprintln(w)
		}
		told = true
		return r.Text(w, style)
	}
}

// onlyOne is the report of a session that stands against nothing.
func onlyOne(a, b *party) *compare.Report {
	r := &compare.Report{A: "nothing", B: "nothing"}
	which, s := "first", a
	if a != nil {
		r.A = a.id
	} else {
		which, s, r.B = "second", b, b.id
	}
	r.First = fmt.Sprintf("only the %s capture has this session: %s", which, s.who())
	r.Differences = []compare.Difference{{Kind: compare.KindCommand, Sentence: r.First}}
	return r
}

// party is a session of a capture, by what it is paired with another one.
type party struct {
	id    string
	proto event.Proto
	user  string
}

func (p *party) who() string {
	if p.user == "" {
		return p.proto.Title() + " without a login"
	}
	return p.proto.Title() + " of " + p.user
}

// parties are a capture and its sessions in order of their beginning. Of each
// no more is kept than this: the events are read again, pair by pair.
type parties struct {
	name     string
	reader   *captures.Reader
	sessions []*party
}

func openParty(name string, warnings io.Writer) (_ *parties, err error) {
	r, err := captures.Open(name)
	if err != nil {
		return nil, err
	}
	r.Progress = progressOn(warnings)
	p := &parties{name: name, reader: r}
	if err := p.list(warnings); err != nil {
		r.Close()
		return nil, err
	}
	return p, nil
}

// list finds the sessions. A capture that was cut is warned of.
func (p *parties) list(warnings io.Writer) error {
	if _, err := p.reader.Sessions(); err != nil && !errors.Is(err, captures.ErrTruncated) {
		return err
	}
	at := map[string]*party{}
	err := p.reader.Walk(func(item wire.Item) error {
		e := item.Event
		if e == nil || e.Context == nil || e.Session == "" {
			return nil
		}
		s := at[e.Session]
		if s == nil {
			s = &party{id: e.Session, proto: e.Proto}
			at[e.Session] = s
			p.sessions = append(p.sessions, s)
		}
		if e.User != "" {
			s.user = e.User
		}
		return nil
	})
	switch {
	case errors.Is(err, captures.ErrTruncated):
		fmt.Fprintln(warnings, errorLine(err))
	case err != nil:
		return err
	}
	if len(p.sessions) == 0 {
		return fmt.Errorf("%s has no session", p.name)
	}
	return nil
}

// session reads one session; nil is one without events.
func (p *parties) session(of *party) (*compare.Session, error) {
	s := compare.New(compare.Options{})
	if of == nil {
		return s, nil
	}
	err := p.reader.WalkSession(of.id, func(item wire.Item) error {
		if item.Event != nil {
			s.Add(item.Event)
		}
		return nil
	})
	if errors.Is(err, captures.ErrTruncated) {
		err = nil // warned of already
	}
	return s, err
}

// opposite pairs sessions: one each as they are, else those of the same
// protocol and user in order. What is left over stands against nothing.
func opposite(a, b []*party) [][2]*party {
	if len(a) == 1 && len(b) == 1 {
		return [][2]*party{{a[0], b[0]}}
	}
	waiting := map[string][]*party{}
	for _, s := range b {
		waiting[s.who()] = append(waiting[s.who()], s)
	}
	var pairs [][2]*party
	taken := map[*party]bool{}
	for _, s := range a {
		var other *party
		if w := waiting[s.who()]; len(w) > 0 {
			other, waiting[s.who()] = w[0], w[1:]
			taken[other] = true
		}
		pairs = append(pairs, [2]*party{s, other})
	}
	for _, s := range b {
		if !taken[s] {
			pairs = append(pairs, [2]*party{nil, s})
		}
	}
	return pairs
}

// compare puts two sessions of the captures side by side, for the viewer.
func (s *captureSource) compare(a, b string) (string, error) {
	var both [2]*compare.Session
	for i, id := range []string{a, b} {
		r, err := s.holding(id)
		if err != nil {
			return "", err
		}
		defer r.Close()
		p := &parties{name: r.Path(), reader: r}
		if both[i], err = p.session(&party{id: id}); err != nil {
			return "", err
		}
	}
	var text strings.Builder
	err := compare.Compare(both[0], both[1], compare.Options{}).Beside(&text, compare.Style{Width: s.width()})
	return text.String(), err
}
