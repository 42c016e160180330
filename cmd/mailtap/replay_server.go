package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/replay"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

const replayServerLong = `Answers clients at LISTEN as the recorded server answered, and says of each
session what the client did otherwise.

A command is found by what it means, in whatever order it comes; one that comes
more often gets its last answer again, and one that was never recorded a NO or
-ERR that names it. Of a capture with several sessions the first client gets
the first, and so on.

LISTEN is a URL as in a route, HOST:PORT or :PORT; port 0 takes a free one, and
the event "listening" on stderr says which. Any user name and password will do,
by PLAIN, LOGIN or USER and PASS; with --user and a password only those, and
SCRAM-SHA-256 and CRAM-MD5 too. SIGINT ends it.`

const replayServerExample = `  mailtap replay server bug.pcapng imap://127.0.0.1:1143 --once`

// replayServerOptions are what `mailtap replay server` is told.
type replayServerOptions struct {
	password passwordOptions
	tls      tlsOptions
	record   recordOptions
	log      logOptions
	speed    string
	format   string
	once     bool
}

func newReplayServer(std streams) *cobra.Command {
	var o replayServerOptions
	cmd := &cobra.Command{
		Use:     "server [flags] CAPTURE LISTEN",
		Short:   "Answer clients as a recorded server did",
		Long:    replayServerLong,
		Example: replayServerExample,
		Args:    exactly(2, "CAPTURE and where to LISTEN", "mailtap replay server bug.pcapng imap://127.0.0.1:1143"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplayServer(cmd.Context(), args[0], args[1], o, std)
		},
	}
	f := cmd.Flags()
	o.password.add(cmd, "the only user that may log in, with the password (default: anybody may)")
	o.tls.addListener(cmd)
	f.BoolVar(&o.tls.legacy, "tls-legacy", false, "allow TLS 1.0, 1.1 and old ciphers")
	o.record.add(cmd)
	o.log.add(cmd)
	f.StringVar(&o.speed, "speed", "max", "max, or 1x for the recorded pace of answers and of news in IDLE, 2x for twice that")
	f.StringVar(&o.format, "format", "text", "the reports' form: text or json")
	f.BoolVar(&o.once, "once", false, "serve one session and exit; with status 3 if the client did anything otherwise")
	completeWords(cmd, "speed", "max", "1x", "2x")
	completeWords(cmd, "format", "text", "json")
	return cmd
}

func runReplayServer(ctx context.Context, capture, listen string, o replayServerOptions, std streams) (err error) {
	if o.format != "text" && o.format != "json" {
		return usagef("--format %q: it is text or json", o.format)
	}
	speed, err := pace(o.speed)
	if err != nil {
		return err
	}
	if _, err := o.record.check(false); err != nil {
		return err
	}
	list, err := recordings(capture, std.err)
	if err != nil {
		return err
	}
	proto, err := protoOf(list)
	if err != nil {
		return err
	}
	s := &replay.Server{Recordings: list, Speed: speed, Once: o.once, NewID: proxy.NewID}
	if s.Listen, err = route.ParseListen(listen, proto); err != nil {
		return asUsage(err)
	}
	if err := o.credentials(s, std); err != nil {
		return err
	}
	log, err := o.log.open(std, nil)
	if err != nil {
		return err
	}
	defer closing(&err, log.close)
	if err := o.listener(s, log); err != nil {
		return err
	}
	recording, err := o.record.open(log, false)
	if err != nil {
		return err
	}
	defer closing(&err, recording.close)
	s.Sink = playedTo{log, recording}
	lacking(list, log)
	s.Bound = func(bound route.Endpoint) {
		log.tell(&event.Event{Kind: event.KindListening, Time: time.Now(), Route: &event.Route{Listen: bound.String(), Upstream: "replay:" + capture}})
	}
	s.Note = func(session, text string) { log.say("warn", "session %s: %s", session, text) }
	tell := replayTeller(o.format, std.out, [2]string{"recorded", "now"})
	differ := 0
	var told error
	s.Report = func(r *compare.Report) {
		if !r.Same {
			differ++
		}
		if err := tell(r); told == nil {
			told = err
		}
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if err := s.Serve(ctx); err != nil {
		return err
	}
	switch {
	case told != nil:
		return told
	case differ > 0:
		return notAsItShouldBe{}
	}
	return nil
}

// credentials are those that --user and the password name, if both are there.
func (o *replayServerOptions) credentials(s *replay.Server, std streams) error {
	if o.password.user == "" && o.password.file == "" {
		return nil
	}
	if _, set := os.LookupEnv(passwordVariable); o.password.user == "" || o.password.file == "" && !set {
		return usagef("to check logins give both --user and --password-file (or $%s)", passwordVariable)
	}
	password, err := readPassword(o.password.user, o.password.file, std)
	s.User, s.Password, s.Checked = o.password.user, password, true
	return err
}

// listener is the clients' side of TLS.
func (o *replayServerOptions) listener(s *replay.Server, log *eventLog) error {
	var cfg proxy.Config
	if err := o.tls.applyListener(&cfg, log); err != nil {
		return err
	}
	s.TLS = tlsfacts.NewListener(o.tls.legacy, nil)
	s.Leaf = func(hello *tls.ClientHelloInfo, local net.Addr) (*tls.Certificate, error) {
		if cfg.Certificate != nil {
			return cfg.Certificate, nil
		}
		names := ca.ListenerNames(s.Listen.Host, s.Listen.All)
		if tcp, ok := local.(*net.TCPAddr); ok {
			names = append([]string{tcp.IP.String()}, names...)
		}
		return cfg.Leaves.Answer(hello, nil, names)
	}
	return nil
}

// lacking says what the captures do not have, and clients will not get.
func lacking(list []*replay.Recording, log *eventLog) {
	for _, r := range list {
		if r.Cut {
			log.say("warn", "the capture has not all message text of session %s (it was recorded with --record-text): clients get as many stand-in octets", r.ID)
		}
		if r.Gaps {
			log.say("warn", "octets of session %s are missing in the capture: answers may be broken off", r.ID)
		}
	}
}

// playedTo is the sink of a replayed server.
type playedTo struct {
	log       *eventLog
	recording *recording // nil without one
}

// Write makes it a sink.
func (p playedTo) Write(batch []wire.Item) error {
	if err := p.log.Write(batch); err != nil {
		return fmt.Errorf("writing the log: %w", err)
	}
	if p.recording == nil {
		return nil
	}
	return p.recording.Write(batch)
}
