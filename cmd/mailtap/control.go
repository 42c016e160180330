package main

import (
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/control"
)

// controlOptions are the flags of the endpoint that viewers attach to.
type controlOptions struct {
	address string
	token   string
	history string
}

func (o *controlOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.address, "control", "", "let viewers attach at `ADDR`: auto, unix:PATH or HOST:PORT")
	f.StringVar(&o.token, "control-token", "", "the token for HOST:PORT, in `FILE`; made where it lacks (default: in the user's runtime directory)")
	f.StringVar(&o.history, "history", "64MiB", "how much is kept for viewers that attach later: a `SIZE`")
	completeWords(cmd, "control", control.Auto)
}

// check says what is wrong with the flags, before anything is made.
func (o *controlOptions) check() (history int64, err error) {
	history, err = parseSize(o.history)
	switch {
	case err != nil:
		return 0, usagef("--history: %w", err)
	case o.address == "" && o.token != "":
		return 0, usagef("--control-token needs --control HOST:PORT")
	}
	return history, nil
}

// endpoint is a control endpoint of this process; nil is none.
type endpoint struct {
	listener *control.Listener
	history  *control.History
	server   *control.Server
	secrets  bool
}

// open binds the address; nil where no endpoint is wanted.
func (o *controlOptions) open(cfg *proxy.Config, log *eventLog) (*endpoint, error) {
	kept, err := o.check()
	if err != nil || o.address == "" {
		return nil, err
	}
	var options control.ListenOptions
	if host, _, err := net.SplitHostPort(o.address); err == nil && o.address[:min(len(o.address), 5)] != "unix:" {
		if options.Token, err = control.MakeToken(o.tokenFile()); err != nil {
			return nil, err
		}
		options.TLS = controlTLS(cfg, host)
	}
	l, err := control.Listen(o.address, options)
	if err != nil {
		return nil, err
	}
	hint := "mailtap view --attach=" + l.Address
	if options.Token != "" {
		hint += " --control-token " + o.tokenFile()
	}
	log.say("info", "viewers attach with: %s", hint)
	return &endpoint{listener: l, history: control.NewHistory(kept), secrets: cfg.ShowSecrets}, nil
}

// tokenFile is --control-token, or the default: the same for proxy and view.
func (o *controlOptions) tokenFile() string {
	if o.token != "" {
		return o.token
	}
	file, _ := control.DefaultTokenFile() // an error shows when the file is opened
	return file
}

// controlTLS is the endpoint's side of TLS, with the certificates that mail clients get too.
func controlTLS(cfg *proxy.Config, host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if cfg.Certificate != nil {
			return cfg.Certificate, nil
		}
		return cfg.Leaves.Answer(hello, nil, ca.ListenerNames(host, host == "" || host == "*" || host == "0.0.0.0" || host == "::"))
	}}
}

// output is the endpoint as the proxy's sink, which may drop and holds nobody.
func (e *endpoint) output() proxy.Output {
	return proxy.Output{Sink: e.history, Octets: true, Drop: true}
}

// start answers requests about p; recorded says whether what p relays is, and
// caFile what its clients have to trust.
func (e *endpoint) start(p *proxy.Proxy, log *eventLog, recorded bool, caFile string) {
	e.server = control.NewServer(e.listener, control.Config{
		History: e.history, End: p.Kill, Mark: p.Find, Keeps: recorded, Version: version(), CA: caFile,
		Failed: func(err error) { log.say("error", "%v", err) },
		Record: func(w io.Writer) control.Recorder {
			return captures.NewStream(w, captures.Options{Version: version(), ShowSecrets: e.secrets})
		},
	})
	e.server.Start()
}

// close gives viewers what is kept and ends them.
func (e *endpoint) close() error {
	if e == nil {
		return nil
	}
	e.history.Close()
	if e.server == nil {
		return e.listener.Close()
	}
	return e.server.Close(2 * time.Second)
}
