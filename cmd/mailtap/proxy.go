package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailtap/proxy"
	"mailtap/proxy/route"
	"mailtap/view"
)

const proxyLong = `Relays between mail clients and their servers, and says what they say.

A ROUTE is [LISTEN=]UPSTREAM, both as URLs: SCHEME://HOST[:PORT]. The schemes:
  imaps, pop3s                   TLS from the first byte
  imap, pop3                     cleartext, and STARTTLS where both want it
  imap+starttls, pop3+starttls   STARTTLS required
LISTEN may be left out (127.0.0.1, at 1993, 1995, 1143 or 1110), or be HOST:PORT
or :PORT; port 0 takes a free one, and *:PORT all interfaces.

Point the mail client at what the first lines of the log say, and let it trust
mailtap's own certificate authority (mailtap ca --help). SIGINT or SIGTERM ends
sessions in good order, a second one at once.`

const proxyExample = `  mailtap proxy imaps://imap.example.org
  mailtap proxy --record today.pcapng imaps://imap.example.org pop3s://pop.example.org
  mailtap proxy :1143=imap+starttls://localhost:143
  mailtap proxy --filter 'latency_us > 500000' imap://127.0.0.1:2143=imaps://mail.example.org
  SSLKEYLOGFILE=keys.txt mailtap proxy imaps://imap.example.org`

// proxyOptions are what `mailtap proxy` is told.
type proxyOptions struct {
	config string
	routes []string
	log    logOptions
	record recordOptions
	tls    tlsOptions

	control controlOptions

	maxSessions int
	drain       time.Duration
	noCompress  bool
	showSecrets bool
	once        bool
	expect      string
	view        bool
}

func newProxy(std streams) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:     "proxy [flags] ROUTE...",
		Short:   "Relay between mail clients and servers, and show what they say",
		Long:    proxyLong,
		Example: proxyExample,
		GroupID: groupLive,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.routes = args
			if o.config != "" {
				routes, err := readConfig(cmd, o.config)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					o.routes = routes
				}
			}
			return runProxy(cmd.Context(), o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.config, "config", "", "read flags and routes from the TOML `FILE`: keys are the long flag names, and routes")
	o.record.add(cmd)
	o.log.add(cmd)
	o.tls.add(cmd)
	o.control.add(cmd)
	f.IntVar(&o.maxSessions, "max-sessions", 0, "at most `N` sessions at a time; 0 is no limit")
	f.DurationVar(&o.drain, "drain", proxy.DefaultDrain, "how long busy sessions may go on after a signal")
	f.BoolVar(&o.noCompress, "no-compress", false, "hide COMPRESS=DEFLATE from clients")
	f.BoolVar(&o.showSecrets, "show-secrets", false, "keep passwords readable in logs and captures")
	f.BoolVar(&o.view, "view", false, "look at the sessions in the full-screen viewer on this terminal")
	f.BoolVar(&o.once, "once", false, "relay one session and exit; with status 3 if it has a finding that is a warning or an error")
	f.StringVar(&o.expect, "expect", "", "with --once: hold the session against the rules in `FILE` (mailtap diagnose --help)")
	return cmd
}

// runProxy relays until a signal, or one session with --once.
func runProxy(ctx context.Context, o proxyOptions, std streams) (err error) {
	if len(o.routes) == 0 {
		return usagef("mailtap proxy needs a ROUTE, as in: mailtap proxy imaps://imap.example.org")
	}
	routes, err := route.ParseAll(o.routes)
	if err != nil {
		return asUsage(err)
	}
	if o.maxSessions < 0 || o.drain < 0 {
		return usagef("--max-sessions and --drain cannot be negative")
	}
	if _, err := o.record.check(o.showSecrets); err != nil {
		return err
	}
	if _, err := o.control.check(); err != nil {
		return err
	}
	if o.expect != "" && !o.once {
		return usagef("--expect goes with --once; mailtap diagnose --expect asks a capture")
	}
	expected, err := openExpected(o.expect, "")
	if err != nil {
		return err
	}
	var live *liveSource
	if o.view {
		if !terminal(std.out) {
			return usagef("--view needs a terminal; without it the log is written to stderr, or to --log-file FILE")
		}
		live = newLiveSource()
	}
	log, err := o.log.open(std, live)
	if err != nil {
		return err
	}
	defer closing(&err, log.close)
	cfg := proxy.Config{
		Routes: routes, MaxSessions: o.maxSessions, Drain: o.drain, Once: o.once,
		NoCompress: o.noCompress, ShowSecrets: o.showSecrets,
	}
	if err := o.tls.apply(&cfg, log); err != nil {
		return err
	}
	keys, err := openKeyLog()
	if err != nil {
		return err
	}
	defer closing(&err, keys.close)
	cfg.KeyLog = keys.Writer
	recording, err := o.record.open(log, o.showSecrets)
	if err != nil {
		return err
	}
	defer closing(&err, recording.close)
	end, err := o.control.open(&cfg, log)
	if err != nil {
		return err
	}
	defer closing(&err, end.close)
	looks := view.Options{Filter: o.log.filter, CAFile: o.tls.caFile(), Trust: trustCommand(o.tls.caFile())}
	return serve(ctx, cfg, plugs{log, recording, end, live, looks, &verdict{expected: expected}})
}

// closing closes something at the end; its error counts if there is no other.
func closing(err *error, end func() error) {
	if e := end(); *err == nil {
		*err = e
	}
}

// plugs are what goes into a proxy; recording, end and live may be nil.
type plugs struct {
	log       *eventLog
	recording *recording
	end       *endpoint
	live      *liveSource
	looks     view.Options
	verdict   *verdict
}

// outputs are the sinks among them.
func (w *plugs) outputs(a *across) []proxy.Output {
	list := []proxy.Output{{Sink: a}, {Sink: w.log}, {Sink: w.verdict}} // what a finds, the others get
	if w.recording != nil {
		list = append(list, proxy.Output{Sink: w.recording, Octets: true, Copies: true})
	}
	if w.live != nil {
		list = append(list, proxy.Output{Sink: w.live, Octets: true, Drop: true})
	}
	if w.end != nil {
		list = append(list, w.end.output())
	}
	return list
}

// serve runs the proxy with its sinks plugged in.
func serve(ctx context.Context, cfg proxy.Config, with plugs) error {
	all := &across{}
	cfg.Outputs = with.outputs(all)
	var logFailed error
	cfg.Failed = func(s proxy.Sink, err error) {
		if s == proxy.Sink(with.log) {
			logFailed = err
		}
	}
	p, err := proxy.New(cfg)
	if err != nil {
		return err
	}
	all.proxy = p
	if err := p.Listen(ctx); err != nil {
		return err
	}
	if with.end != nil {
		with.end.start(p, with.log, with.recording != nil, with.looks.CAFile)
	}
	ctx, end, stop := untilSignal(ctx, p, with.log)
	defer stop()
	err = relay(ctx, p, end, with)
	switch {
	case errors.Is(err, proxy.ErrClosed):
		return errors.New("ended at once by a second signal; sessions were cut")
	case err != nil:
		return err
	case logFailed != nil:
		return logFailed
	case cfg.Once:
		return with.verdict.err(with.log.stderr)
	}
	return nil
}

// relay runs the proxy, with the viewer in front of it where one is wanted:
// when the user leaves that, end has the proxy drain, which is said where it
// takes a while.
func relay(ctx context.Context, p *proxy.Proxy, end func(), with plugs) error {
	if with.live == nil {
		return p.Serve(ctx)
	}
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	shown := with.live.watch(ctx, p, with.looks, with.recording, end)
	select {
	case err := <-served:
		return errors.Join(shown, err)
	case <-time.After(soon):
		fmt.Fprintln(with.log.stderr, "mailtap: sessions are being ended; ctrl-c ends them at once")
	}
	return errors.Join(shown, <-served)
}

// soon is how long the end of the sessions may take without a word.
const soon = 300 * time.Millisecond

// endings are the signals that end mailtap in good order: those of contract §2,
// and that the terminal is gone, unless nohup wants that ignored.
func endings() []os.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return []os.Signal{os.Interrupt, syscall.SIGTERM}
	}
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
}

// untilSignal is a context that ends with the first SIGINT or SIGTERM, or by
// end; the next one closes the proxy. stop lets go of the signals.
func untilSignal(ctx context.Context, p *proxy.Proxy, log *eventLog) (_ context.Context, end, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endings()...)
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case s := <-signals:
				if ctx.Err() != nil {
					signal.Stop(signals) // should this be held up, the next one ends mailtap as any program
					p.Close()
					return
				}
				log.say("info", "shutting down (%v): sessions are being ended; again to end at once", s)
				cancel()
			case <-done:
				return
			}
		}
	})
	return ctx, cancel, func() {
		signal.Stop(signals)
		close(done)
		running.Wait()
		cancel()
	}
}
