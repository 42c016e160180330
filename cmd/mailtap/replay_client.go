package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailtap/proxy"
	"mailtap/proxy/replay"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

const replayClientLong = `Plays the recorded client's commands against UPSTREAM, in order, and holds the
answers against the recorded ones.

The login is the replay's own: the recording has passwords masked. It is done
where the recorded client's was taken, in its way or the best that the server
offers, with the password of --password-file, $MAILTAP_PASSWORD or a prompt.
TLS is as UPSTREAM says; imap:// and pop3:// upgrade where the recorded client
did. Compression is left out. UIDs and POP3's message-numbers are those of the
server where its answers show which they are. What deletes something is listed,
and asked about first; it is left out where it might hit another message than
the recorded one.`

const replayClientExample = `  mailtap replay client bug.pcapng imaps://test.example.org --user alice`

// replayClientOptions are what `mailtap replay client` is told.
type replayClientOptions struct {
	password passwordOptions
	tls      tlsOptions
	record   recordOptions
	speed    string
	format   string
	stop     bool
	yes      bool
	anyway   bool // send the password in the clear
}

func newReplayClient(std streams) *cobra.Command {
	var o replayClientOptions
	cmd := &cobra.Command{
		Use:     "client [flags] CAPTURE UPSTREAM",
		Short:   "Play a recorded client against a server, and compare the answers",
		Long:    replayClientLong,
		Example: replayClientExample,
		Args:    exactly(2, "CAPTURE and an UPSTREAM", "mailtap replay client bug.pcapng imaps://test.example.org"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplayClient(cmd.Context(), args[0], args[1], o, std)
		},
	}
	f := cmd.Flags()
	o.password.add(cmd, "who logs in (default: the user of the recording)")
	o.tls.addUpstream(cmd)
	f.BoolVar(&o.tls.legacy, "tls-legacy", false, "allow TLS 1.0, 1.1 and old ciphers")
	o.record.add(cmd)
	f.StringVar(&o.speed, "speed", "max", "max, or 1x for the recorded pace, 2x for twice that")
	f.StringVar(&o.format, "format", "text", "the report's form: text or json")
	f.BoolVar(&o.stop, "stop-on-difference", false, "end at the first answer that differs")
	f.BoolVar(&o.anyway, "send-password-anyway", false, "send the password to another machine without TLS")
	f.BoolVar(&o.yes, "yes", false, "do not ask before commands that delete something")
	completeWords(cmd, "speed", "max", "1x", "2x")
	completeWords(cmd, "format", "text", "json")
	return cmd
}

func runReplayClient(ctx context.Context, capture, upstream string, o replayClientOptions, std streams) (err error) {
	if o.format != "text" && o.format != "json" {
		return usagef("--format %q: it is text or json", o.format)
	}
	speed, err := pace(o.speed)
	if err != nil {
		return err
	}
	to, err := route.ParseUpstream(upstream)
	if err != nil {
		return asUsage(err)
	}
	if _, err := o.record.check(false); err != nil {
		return err
	}
	rec, err := oneOf(capture, std.err)
	if err != nil {
		return err
	}
	if rec.Proto != to.Upstream.Proto {
		return usagef("the recorded session is %s, and %s is %s", rec.Proto.Title(), to.Upstream, to.Upstream.Proto.Title())
	}
	if err := o.consent(rec, to.Upstream, std); err != nil {
		return err
	}
	c := &replay.Client{Recording: rec, Upstream: to.Upstream, ID: proxy.NewID(), User: o.password.user, Speed: speed, StopOnDifference: o.stop, Anyway: o.anyway,
		Note: func(text string) { ownLine(std.err, text) }}
	user := o.password.user
	if user == "" {
		user = rec.User
	}
	c.Password = func() (string, error) { return readPassword(user, o.password.file, std) }
	if c.TLS, err = o.tls.upstream(to); err != nil {
		return err
	}
	log := &eventLog{stderr: std.err}
	recording, err := o.record.open(log, false)
	if err != nil {
		return err
	}
	defer closing(&err, recording.close)
	if recording != nil {
		c.Sink = recording
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	report, err := c.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return errors.New("the replay was interrupted; the connection was closed")
	case err != nil:
		return err
	}
	if err := replayTeller(o.format, std.out, [2]string{"recorded", "replayed"})(report); err != nil {
		return err
	}
	if !report.Same {
		return notAsItShouldBe{}
	}
	return nil
}

// upstream is how the server is spoken to inside TLS.
func (o *tlsOptions) upstream(to route.Route) (*tlsfacts.Upstream, error) {
	var cfg proxy.Config
	if err := o.applyUpstream(&cfg); err != nil {
		return nil, err
	}
	return proxy.UpstreamTLS(cfg, to)
}

// consent asks before commands that delete something.
func (o *replayClientOptions) consent(rec *replay.Recording, to route.Endpoint, std streams) error {
	lines := replay.Destructive(rec)
	if len(lines) == 0 || o.yes {
		return nil
	}
	const most = 20
	shown := lines[:min(len(lines), most)]
	f, isFile := std.in.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return usagef("the recorded client deletes on the server: %s; to do that on %s give --yes", strings.Join(shown, "; "), to)
	}
	ownLine(std.err, fmt.Sprintf("the recorded client deletes on the server, and so would this on %s:", to))
	for _, line := range shown {
		fmt.Fprintln(std.err, "  "+line)
	}
	if n := len(lines) - len(shown); n > 0 {
		fmt.Fprintf(std.err, "  and %d more\n", n)
	}
	fmt.Fprint(std.err, "go on? [y/N] ")
	return confirmed(f)
}

// confirmed reads a yes.
func confirmed(in io.Reader) error {
	answer, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was played")
}
