package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailtap/parse/event"
	"mailtap/proxy/check"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

const checkLong = `Asks a mail server, a domain, or the domain of an address, and says which
settings a mail client should use, what is wrong, and what IMAP and POP3 would
mean for this user. TARGET is an address, a domain, a host, HOST:PORT or a URL.

It looks where clients look: SRV records, Mozilla's autoconfig, Autodiscover,
the host that the domain's mail goes to, the usual names. Nothing on the server is changed: no message is fetched or
deleted. With --user it logs in once for IMAP and once for POP3; the password
comes from a prompt, from --password-file, or from MAILTAP_PASSWORD, an OAuth2
access token in its place from --token-file or MAILTAP_TOKEN. Both go over TLS
with a verified certificate only, unless --upstream-insecure and
--send-password-anyway are both given.

Exit status 3 where a finding is an error or a warning.`

const checkExample = `  mailtap check alice@example.org
  mailtap check --user alice@example.org alice@example.org
  mailtap check --user alice@example.org --token-file token alice@example.org
  mailtap check imaps://imap.example.org:993
  mailtap check --to mobileconfig --out alice.mobileconfig alice@example.org
  mailtap check --intrusive mail.example.org       a server of your own`

// checkOptions are what `mailtap check` is told.
type checkOptions struct {
	target       string
	format       string
	to, out      string
	via          []string
	user         string
	passwordFile string
	tokenFile    string
	ports        []string
	timeout      time.Duration
	dns, ispdb   string
	noLookup     bool
	intrusive    bool
	sendAnyway   bool
	insecure     bool
	legacy       bool
	upstreamCA   string
	cert, key    string
	caDir        string
	record       recordOptions
}

func newCheck(std streams) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:     "check [flags] TARGET",
		Short:   "Ask a server, a domain or an address, and say which settings to use",
		Long:    checkLong,
		Example: checkExample,
		GroupID: groupLive,
		Args:    exactly(1, "TARGET", "mailtap check alice@example.org"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.target = args[0]
			return runCheck(cmd.Context(), o, std)
		},
	}
	o.add(cmd)
	return cmd
}

func (o *checkOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "text or json")
	f.StringVar(&o.to, "to", "", "write the file that sets clients up: autoconfig, mobileconfig or autodiscover")
	f.StringVarP(&o.out, "out", "o", "", "write to `FILE`, not to stdout")
	f.StringArrayVar(&o.via, "via", nil, "with --to: send clients through mailtap's listener of this `ROUTE`; may be given twice")
	f.StringVar(&o.user, "user", "", "log in as `NAME`")
	f.StringVar(&o.passwordFile, "password-file", "", "read the password from the first line of `FILE`")
	f.StringVar(&o.tokenFile, "token-file", "", "log in by OAuth2 with the access token in the first line of `FILE`")
	f.StringArrayVar(&o.ports, "port", nil, "look for `SCHEME=PORT` (imaps=1993) in place of the usual port; may be given more than once")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "how long to wait for a connection or an answer")
	f.StringVar(&o.dns, "dns", "", "ask the name server at `HOST:PORT`")
	f.StringVar(&o.ispdb, "ispdb", "", "settings in the form of Mozilla's ISPDB: a `FILE`, or a directory of files")
	f.BoolVar(&o.noLookup, "no-lookup", false, "try the usual names only: no SRV records, no web servers")
	f.BoolVar(&o.intrusive, "intrusive", false, "also make tests that look like an attack; for your own server only")
	f.BoolVar(&o.insecure, "upstream-insecure", false, "a certificate need not be good (what is wrong with it is reported all the same)")
	f.BoolVar(&o.sendAnyway, "send-password-anyway", false, "with --upstream-insecure: send the password without verified TLS, in the clear too")
	f.BoolVar(&o.legacy, "tls-legacy", false, "allow TLS 1.0, 1.1 and old ciphers")
	f.StringVar(&o.upstreamCA, "upstream-ca", "", "check certificates against the CAs in `FILE`, not the system's")
	f.StringVar(&o.cert, "upstream-cert", "", "a client certificate for servers that want one, in `FILE`")
	f.StringVar(&o.key, "upstream-key", "", "its key, if it is not in the same `FILE`")
	addCADir(cmd, &o.caDir)
	o.record.text = "all"
	f.StringVar(&o.record.path, "record", "", "record what was said to the capture `PATH`")
	completeWords(cmd, "format", "text", "json")
	completeWords(cmd, "to", "autoconfig", "mobileconfig", "autodiscover")
}

func runCheck(ctx context.Context, o checkOptions, std streams) error {
	target, err := check.ParseTarget(o.target)
	if err != nil {
		return asUsage(err)
	}
	routes, err := o.usage(target)
	if err != nil {
		return err
	}
	options, err := o.options(std)
	if err != nil {
		return err
	}
	rec, err := o.record.open(&eventLog{stderr: std.err}, false)
	if err != nil {
		return err
	}
	if rec != nil {
		options.Record = rec.Write
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := check.Run(ctx, target, options)
	if cerr := rec.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("checking %s: %w", o.target, err)
	}
	if err := o.write(report, routes, std); err != nil {
		return err
	}
	if report.Worst() >= event.SeverityWarning {
		return notAsItShouldBe{}
	}
	return nil
}

// usage is what is wrong with the flags together. It gives the routes of --via.
func (o *checkOptions) usage(target check.Target) ([]route.Route, error) {
	switch {
	case o.format != "text" && o.format != "json":
		return nil, usagef("--format %q: it is text or json", o.format)
	case o.to != "" && !check.Configures(o.to):
		return nil, usagef("--to %q: it is autoconfig, mobileconfig or autodiscover", o.to)
	case len(o.via) > 0 && o.to == "":
		return nil, usagef("--via goes with --to: it says where the written settings send clients")
	case o.user == "" && (o.passwordFile != "" || o.tokenFile != "" || o.sendAnyway):
		return nil, usagef("a password goes with --user NAME")
	case o.passwordFile != "" && o.tokenFile != "":
		return nil, usagef("--password-file and --token-file: a login has one of them")
	case o.sendAnyway && !o.insecure:
		return nil, usagef("--send-password-anyway sends the password without verified TLS; if that is meant, add --upstream-insecure")
	case o.timeout <= 0:
		return nil, usagef("--timeout %v: it has to be more than 0", o.timeout)
	case o.to != "" && o.to != "mobileconfig" && target.Domain == "":
		return nil, usagef("--to %s is for a domain; give an address or a domain as TARGET", o.to)
	}
	routes, err := route.ParseAll(o.via)
	if err != nil {
		return nil, usagef("--via: %w", err)
	}
	return routes, nil
}

// options are those of package check.
func (o *checkOptions) options(std streams) (check.Options, error) {
	made := check.Options{DNS: o.dns, ISPDB: o.ispdb, Legacy: o.legacy, User: o.user, Insecure: o.insecure,
		SendAnyway: o.sendAnyway, Intrusive: o.intrusive, NoLookup: o.noLookup, Timeout: o.timeout}
	var err error
	if made.Ports, err = o.portTable(); err != nil {
		return made, err
	}
	if o.upstreamCA != "" {
		var up tlsfacts.Upstream
		if err := up.LoadRoots(o.upstreamCA); err != nil {
			return made, fmt.Errorf("--upstream-ca: %w", err)
		}
		made.Roots, made.RootCerts = up.Roots, up.RootCerts
	}
	if made.ClientCert, err = readPair("upstream-cert", o.cert, "upstream-key", o.key); err != nil {
		return made, err
	}
	if o.legacy {
		if err := tlsfacts.AllowWeakKeys(); err != nil {
			return made, err
		}
	}
	if o.user != "" {
		err = o.secret(&made, std)
	}
	return made, err
}

// secret takes what a login needs: a token where one is given, else a password.
func (o *checkOptions) secret(made *check.Options, std streams) (err error) {
	if o.tokenFile != "" {
		made.Token, err = secretIn("token-file", o.tokenFile)
		return err
	}
	if token, ok := os.LookupEnv(tokenVariable); ok && o.passwordFile == "" {
		if made.Token = strings.TrimSpace(token); made.Token == "" {
			return usagef("%s is set, and empty", tokenVariable)
		}
		return nil
	}
	made.Password, err = readPassword(o.user, o.passwordFile, std)
	return err
}

// portTable is the usual ports, with those of --port in their place.
func (o *checkOptions) portTable() ([]check.Port, error) {
	table := slices.Clone(check.Ports)
	for _, text := range o.ports {
		scheme, number, _ := strings.Cut(text, "=")
		port, err := strconv.Atoi(number)
		r, rerr := route.Parse(scheme + "://localhost")
		if err != nil || port < 1 || port > 65535 || rerr != nil {
			return nil, usagef("--port %q: write it as imaps=1993, with imaps, imap, pop3s or pop3", text)
		}
		if r.Upstream.Mode == route.Cleartext { // who begins in the clear may upgrade
			r.Upstream.Mode = route.StartTLS
		}
		for i := range table {
			if table[i].Proto == r.Upstream.Proto && table[i].Mode == r.Upstream.Mode {
				table[i].Port = port
			}
		}
	}
	return table, nil
}

// write gives the report, and the file of --to, where they belong: where the
// file goes to stdout, the report goes to stderr.
func (o *checkOptions) write(report *check.Report, via []route.Route, std streams) error {
	var b bytes.Buffer
	var err error
	if o.format == "json" {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		err = report.WriteText(&b)
	}
	if err != nil {
		return err
	}
	if o.to == "" {
		return deliver(o.out, b.Bytes(), std.out)
	}
	aside := std.err
	if o.out != "" && o.out != "-" {
		aside = std.out
	}
	if _, err := aside.Write(b.Bytes()); err != nil {
		return err
	}
	config, err := o.configuration(report, via, std)
	if err != nil {
		return fmt.Errorf("--to %s: %w", o.to, err)
	}
	return deliver(o.out, config, std.out)
}

// deliver writes to a file, or to stdout.
func deliver(path string, data []byte, stdout io.Writer) error {
	if path != "" && path != "-" {
		return writePrivate(path, data)
	}
	_, err := stdout.Write(data)
	return err
}

// configuration is the file that --to asks for.
func (o *checkOptions) configuration(report *check.Report, routes []route.Route, std streams) ([]byte, error) {
	via := check.Via{Routes: routes}
	if len(routes) > 0 {
		local := caOptions{dir: o.caDir}
		authority, err := local.open(std)
		if err != nil {
			return nil, err
		}
		via.CA = authority.Cert
	}
	return report.Configure(o.to, via)
}
