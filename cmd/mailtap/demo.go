package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mailtap/parse/event"
	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/mailserver"
	"mailtap/proxy/route"
	"mailtap/view"
)

const demoLong = `Shows mailtap at work, with nothing to install and no network: a mail server with
sample mail, the proxy in front of it, and scripted mail clients that make plain
what POP3 and IMAP do differently. Nothing is left behind.`

const demoExample = `  mailtap demo
  mailtap demo --once --record demo.pcapng        then: mailtap show demo.pcapng, or Wireshark`

// demoTime is how long the whole demo may take before it is given up.
const demoTime = time.Minute

// demoOptions are what `mailtap demo` is told.
type demoOptions struct {
	once   bool
	record recordOptions
}

func newDemo(std streams) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:     "demo [flags]",
		Short:   "See mailtap at work, with nothing to install",
		Long:    demoLong,
		Example: demoExample,
		GroupID: groupLive,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if terminal(std.out) && !o.once {
				return viewDemo(cmd.Context(), o, std)
			}
			return runDemo(cmd.Context(), o, std)
		},
	}
	cmd.Flags().BoolVar(&o.once, "once", false, "print the annotated sessions and exit, also on a terminal")
	o.record.add(cmd)
	return cmd
}

func runDemo(ctx context.Context, o demoOptions, std streams) (err error) {
	if _, err := o.record.check(false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	ctx, stop := signal.NotifyContext(ctx, endings()...)
	defer stop()
	recording, err := o.record.open(&eventLog{stderr: std.err}, false)
	if err != nil {
		return err
	}
	defer closing(&err, recording.close)
	s, err := newStage(recording)
	if err != nil {
		return fmt.Errorf("setting the demo up: %w", err)
	}
	defer closing(&err, s.close)
	return tell(ctx, s, std.out)
}

// viewDemo plays the demo with the viewer in front of it. The servers stay
// until the user leaves, so that they can be tried by hand.
func viewDemo(ctx context.Context, o demoOptions, std streams) (err error) {
	if _, err := o.record.check(false); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, endings()...)
	defer stop()
	live := newLiveSource()
	recording, err := o.record.open(&eventLog{stderr: std.err, live: live}, false)
	if err != nil {
		return err
	}
	defer closing(&err, recording.close)
	s, err := newStage(recording, proxy.Output{Sink: live, Octets: true, Drop: true})
	if err != nil {
		return fmt.Errorf("setting the demo up: %w", err)
	}
	defer closing(&err, s.close)
	go s.play(ctx, live)
	looks := view.Options{Title: "demo", CAFile: filepath.Join(s.dir, "ca.pem")}
	return live.watch(ctx, s.proxy, looks, recording, stop)
}

// play plays all acts, and tells in the viewer's log what they show.
func (s *stage) play(ctx context.Context, live *liveSource) {
	say := func(text string) {
		if text != "" {
			live.say(&event.Event{Kind: event.KindLog, Time: time.Now(), Level: event.SeverityInfo, Message: text})
		}
	}
	for _, a := range acts {
		say(a.title)
		say(a.before)
		playing, cancel := context.WithTimeout(ctx, demoTime)
		err := a.play(playing, s)
		cancel()
		if err != nil {
			say("the demo stopped: " + err.Error())
			return
		}
		say(a.after)
	}
	live.send(view.Batch{Say: "That was the demo: enter opens a session, 3 shows what each account did, 5 tells the story. " +
		"The servers stay until you leave: log in as alice or bob, password \"" + demoPassword + "\"."})
}

// The users of the demo's mail server, each with sample mail.
const (
	demoPOP3User = "alice"
	demoIMAPUser = "bob"
	demoPassword = "open sesame"
	demoMessages = 3 // each has: enough to see what happens, and not too long to read
	demoLaptop   = "the laptop"
	demoPhone    = "the phone"
	demoHost     = "mail.example.org" // what the clients ask for; nobody looks it up
)

// stage is where the demo plays: a mail server for each protocol over one set
// of mailboxes, the proxy in front of both, and all of it over TLS.
type stage struct {
	dir      string
	roots    *x509.CertPool
	imap     *mailserver.Server
	pop3     *mailserver.Server
	proxy    *proxy.Proxy
	heard    *audience
	served   chan error
	shutdown context.CancelFunc
}

func newStage(recording *recording, more ...proxy.Output) (*stage, error) {
	s := &stage{heard: newAudience(), served: make(chan error, 1), shutdown: func() {}}
	if err := s.build(recording, more); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) build(recording *recording, more []proxy.Output) error {
	var err error
	if s.dir, err = os.MkdirTemp("", "mailtap-demo-"); err != nil {
		return err
	}
	authority, err := ca.Open(s.dir)
	if err != nil {
		return err
	}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(authority.Cert)
	if err := s.startServers(authority); err != nil {
		return err
	}
	return s.startProxy(authority, recording, more)
}

// startServers puts the sample mail into mailboxes, and serves them.
func (s *stage) startServers(authority *ca.Authority) error {
	leaf, err := authority.Leaf(demoHost, nil, []string{"127.0.0.1"})
	if err != nil {
		return err
	}
	messages, err := mailserver.Sample()
	if err != nil {
		return err
	}
	boxes := mailserver.NewMailboxes()
	for _, user := range []string{demoPOP3User, demoIMAPUser} {
		if err := boxes.AddUserWith(user, demoPassword, messages[:demoMessages]); err != nil {
			return err
		}
	}
	options := mailserver.Options{Mode: mailserver.Implicit, TLS: &tls.Config{Certificates: []tls.Certificate{*leaf}}}
	on := func(serve func(net.Listener, mailserver.Options) *mailserver.Server) (*mailserver.Server, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		return serve(l, options), nil
	}
	if s.imap, err = on(boxes.IMAP); err != nil {
		return err
	}
	s.pop3, err = on(boxes.POP3)
	return err
}

func (s *stage) startProxy(authority *ca.Authority, recording *recording, more []proxy.Output) error {
	var routes []string
	for scheme, server := range map[string]*mailserver.Server{"imaps": s.imap, "pop3s": s.pop3} {
		routes = append(routes, fmt.Sprintf("%s://127.0.0.1:0=%s://%s?name=%s", scheme, scheme, server.Addr(), demoHost))
	}
	parsed, err := route.ParseAll(routes)
	if err != nil {
		return err
	}
	cfg := proxy.Config{
		Routes: parsed, Leaves: authority, Upstream: proxy.Upstream{Roots: s.roots},
		Outputs: append([]proxy.Output{{Sink: s.heard}}, more...), Drain: time.Second,
	}
	if recording != nil {
		cfg.Outputs = append(cfg.Outputs, proxy.Output{Sink: recording, Octets: true, Copies: true})
	}
	if s.proxy, err = proxy.New(cfg); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.proxy.Listen(ctx); err != nil {
		cancel()
		return err
	}
	s.shutdown = func() {
		cancel()
		<-s.served
	}
	go func() { s.served <- s.proxy.Serve(ctx) }()
	return nil
}

// close ends everything and leaves nothing behind.
func (s *stage) close() error {
	s.shutdown()
	var errs []error
	for _, server := range []*mailserver.Server{s.imap, s.pop3} {
		if server != nil {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// dial connects a device to the proxy, over TLS, as a mail client would.
func (s *stage) dial(ctx context.Context, proto, device string) (net.Conn, error) {
	for _, e := range s.proxy.Listening() {
		r, err := route.Parse(e.Route.Listen)
		if err != nil || r.Proto().String() != proto {
			continue
		}
		d := &tls.Dialer{Config: &tls.Config{RootCAs: s.roots, ServerName: demoHost}}
		if device == demoPhone { // another device has other software, and is known by it
			d.Config.MinVersion = tls.VersionTLS13
		}
		conn, err := d.DialContext(ctx, "tcp", r.Upstream.Addr())
		if err != nil {
			return nil, err
		}
		s.heard.name(conn.LocalAddr().String(), device)
		return conn, nil
	}
	return nil, fmt.Errorf("the proxy has no route for %s", proto)
}
