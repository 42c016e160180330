package main

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/ca"
	"mailtap/proxy/control"
	"mailtap/view"
)

// attachOptions are the flags of `mailtap view --attach`.
type attachOptions struct {
	address string
	control controlOptions // for the token's file
	caDir   string
}

func (o *attachOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.address, "attach", "", "look at a running proxy, at `ADDR`: auto (the default), unix:PATH or HOST:PORT")
	f.Lookup("attach").NoOptDefVal = control.Auto
	f.StringVar(&o.control.token, "control-token", "", "the token for HOST:PORT, in `FILE` (default: in the user's runtime directory)")
	addCADir(cmd, &o.caDir)
}

// take reads the arguments: captures, or with --attach the address, which
// pflag leaves among them where no "=" joins the two.
func (o *attachOptions) take(cmd *cobra.Command, args []string) error {
	switch {
	case o.address == "":
		return atLeast(1, "CAPTURE, or --attach", "mailtap view today.pcapng")(cmd, args)
	case len(args) == 0:
		return nil
	case len(args) > 1 || o.address != control.Auto:
		return usagef("%s --attach takes no captures; it is used as in: mailtap view --attach unix:PATH", cmd.CommandPath())
	}
	o.address = args[0]
	return nil
}

// runAttach shows a running proxy until the user leaves, which changes nothing there.
func runAttach(ctx context.Context, o attachOptions, filter string) error {
	client, err := o.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stream, err := client.Items(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	return show(ctx, view.Options{
		Source: attachedSource{stream}, Title: client.Where(), Live: true, Filter: filter,
		CAFile: client.Health().CA, Trust: trustCommand(client.Health().CA), Actions: attachedActions(ctx, client),
	})
}

// attachedActions are what the viewer can do with a proxy elsewhere.
func attachedActions(ctx context.Context, client *control.Client) view.Actions {
	save := func(id, path string) error { return saveAttached(ctx, client, id, path) }
	actions := apart(save).actions()
	actions.Save = save
	actions.End = func(id string) error { return client.End(ctx, id) }
	actions.Mark = func(on *event.Event, text string) (told string, err error) {
		recorded, err := client.Mark(ctx, on.Session, on.Seq, text)
		return markTold(recorded), err
	}
	return actions
}

// dial reaches the endpoint, with the token and the CA that this user has.
func (o *attachOptions) dial(ctx context.Context) (*control.Client, error) {
	var options control.DialOptions
	if host, _, err := net.SplitHostPort(o.address); err == nil && !strings.HasPrefix(o.address, "unix:") {
		if options.Token, err = control.ReadToken(o.control.tokenFile()); err != nil {
			return nil, err
		}
		if !control.Loopback(host) {
			options.Roots = o.roots()
		}
	}
	return control.Dial(ctx, o.address, options)
}

// roots are the system's and mailtap's own.
func (o *attachOptions) roots() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if dir, err := caDir(o.caDir); err == nil {
		if cert, err := ca.Find(dir); err == nil {
			pool.AddCert(cert)
		}
	}
	return pool
}

// attachedSource is a control endpoint as the viewer's source.
type attachedSource struct{ stream *control.Stream }

func (s attachedSource) Next(ctx context.Context) (view.Batch, error) {
	b, err := s.stream.Next(ctx)
	return view.Batch{Items: append([]wire.Item(nil), b.Items...), Left: view.Left{Events: b.Dropped, Octets: b.Octets}}, err
}

// saveAttached writes what the proxy keeps of a session to a new capture.
func saveAttached(ctx context.Context, client *control.Client, id, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errors.New(path + " exists already; name another file")
	}
	if err != nil {
		return err
	}
	err = client.Capture(ctx, id, file, false)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}
