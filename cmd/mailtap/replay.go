package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/layout"
	"mailtap/parse/wire"
	"mailtap/proxy/replay"
)

const replayLong = `Plays one side of a recorded session: the client against a real server, or the
server to a real client, and says what was different. Exit status 3 where
something was.`

func newReplay(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay",
		Short:   "Play a recorded client or server again",
		Long:    replayLong,
		Example: replayClientExample + "\n" + replayServerExample,
		GroupID: groupRead,
	}
	cmd.AddCommand(newReplayClient(std), newReplayServer(std))
	return cmd
}

// recordings reads what is to be replayed: one session of a capture where one
// is named or there is only one, all otherwise.
func recordings(name string, warnings io.Writer) (list []*replay.Recording, err error) {
	p, err := openParty(name, warnings)
	if err != nil {
		return nil, err
	}
	defer p.reader.Close()
	for _, s := range p.sessions {
		rec, err := replay.Read(func(fn func(wire.Item) error) error {
			err := p.reader.WalkSession(s.id, fn)
			if errors.Is(err, captures.ErrTruncated) {
				return nil // warned of already
			}
			return err
		})
		switch {
		case errors.Is(err, replay.ErrEmpty) && len(p.sessions) > 1:
			continue
		case err != nil:
			return nil, fmt.Errorf("replaying %s#%s: %w", p.reader.Path(), s.id, err)
		}
		list = append(list, rec)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("replaying %s: %w", name, replay.ErrEmpty)
	}
	return list, nil
}

// oneOf is the only session of a capture, or a usage error that names them all.
func oneOf(name string, warnings io.Writer) (*replay.Recording, error) {
	p, err := openParty(name, warnings)
	if err != nil {
		return nil, err
	}
	p.reader.Close()
	if n := len(p.sessions); n > 1 {
		var names []string
		for _, s := range p.sessions[:min(n, 8)] {
			names = append(names, fmt.Sprintf("%s#%s (%s)", p.reader.Path(), s.id, s.who()))
		}
		more := ""
		if n > 8 {
			more = "; mailtap summary lists the others"
		}
		return nil, usagef("%s has %d sessions; name one: %s%s", name, n, strings.Join(names, ", "), more)
	}
	list, err := recordings(name, warnings)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// passwordOptions say where a password comes from: never from the command line.
type passwordOptions struct {
	user string
	file string
}

func (o *passwordOptions) add(cmd *cobra.Command, user string) {
	f := cmd.Flags()
	f.StringVar(&o.user, "user", "", user)
	f.StringVar(&o.file, "password-file", "", "read the password from the first line of `FILE`; else $"+passwordVariable+" has it")
}

// pace reads --speed: how many times as fast as recorded, 0 for max.
func pace(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(speed > 0 && speed <= 1e6) { // NaN is no speed either
		return 0, usagef("--speed %q: it is max, or a number of times the recorded speed: 1x, 2x, 0.5x", text)
	}
	return speed, nil
}

// replayTeller writes the reports of a replay.
func replayTeller(format string, w io.Writer, titles [2]string) func(r *compare.Report) error {
	if format == "json" {
		return compareTeller(format, w)
	}
	return func(r *compare.Report) error {
		named := [2]string{titles[0] + " " + r.A, titles[1] + " " + r.B}
		return r.Text(w, compare.Style{Width: columns(w), Painter: layout.Painter(colours(w)), Titles: named})
	}
}

// interruptible is a context that ends with a signal.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, endings()...)
}

// ownLine is mailtap speaking of itself on stderr.
func ownLine(w io.Writer, text string) { fmt.Fprintln(w, "mailtap: "+wire.Escape([]byte(text))) }

// protoOf is the protocol that recordings have in common.
func protoOf(list []*replay.Recording) (event.Proto, error) {
	for _, r := range list[1:] {
		if r.Proto != list[0].Proto {
			return 0, usagef("the capture has sessions of IMAP and of POP3; name one: CAPTURE#SESSION")
		}
	}
	return list[0].Proto, nil
}
