package main

import (
	"crypto/tls"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"mailtap/proxy"
	"mailtap/proxy/ca"
	"mailtap/proxy/tlsfacts"
)

// tlsOptions are the flags of both sides' certificates.
type tlsOptions struct {
	caDir            string
	cert, key        string
	upstreamCA       string
	upstreamInsecure bool
	upstreamCert     string
	upstreamKey      string
	legacy           bool
}

func (o *tlsOptions) add(cmd *cobra.Command) {
	o.addListener(cmd)
	o.addUpstream(cmd)
	cmd.Flags().BoolVar(&o.legacy, "tls-legacy", false, "allow TLS 1.0, 1.1 and old ciphers, on both sides")
}

// addListener gives cmd the flags of the clients' side.
func (o *tlsOptions) addListener(cmd *cobra.Command) {
	f := cmd.Flags()
	addCADir(cmd, &o.caDir)
	f.StringVar(&o.cert, "cert", "", "show clients the certificate in `FILE` instead of minted ones")
	f.StringVar(&o.key, "key", "", "its key, if it is not in the same `FILE`")
}

// addUpstream gives cmd the flags of the servers' side.
func (o *tlsOptions) addUpstream(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.upstreamCA, "upstream-ca", "", "check servers' certificates against the CAs in `FILE`, not the system's")
	f.BoolVar(&o.upstreamInsecure, "upstream-insecure", false, "do not check servers' certificates; say what is wrong with them")
	f.StringVar(&o.upstreamCert, "upstream-cert", "", "a client certificate for servers that want one, in `FILE`")
	f.StringVar(&o.upstreamKey, "upstream-key", "", "its key, if it is not in the same `FILE`")
}

// addCADir gives cmd the flag --ca-dir.
func addCADir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "ca-dir", "", "where the local CA lives (default: mailtap in the user's config directory)")
}

// caDir is the directory that --ca-dir names, or the default.
func caDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	return ca.DefaultDir()
}

// apply loads the files and puts them into cfg.
func (o *tlsOptions) apply(cfg *proxy.Config, log *eventLog) error {
	if err := o.applyUpstream(cfg); err != nil {
		return err
	}
	return o.applyListener(cfg, log)
}

func (o *tlsOptions) applyUpstream(cfg *proxy.Config) (err error) {
	cfg.TLSLegacy = o.legacy
	cfg.Upstream.Insecure = o.upstreamInsecure
	if o.upstreamCA != "" {
		var up tlsfacts.Upstream
		if err := up.LoadRoots(o.upstreamCA); err != nil {
			return fmt.Errorf("--upstream-ca: %w", err)
		}
		cfg.Upstream.Roots, cfg.Upstream.RootCerts = up.Roots, up.RootCerts
	}
	if o.legacy {
		if err := tlsfacts.AllowWeakKeys(); err != nil {
			return fmt.Errorf("--tls-legacy: %w", err)
		}
	}
	cfg.Upstream.Certificate, err = readPair("upstream-cert", o.upstreamCert, "upstream-key", o.upstreamKey)
	return err
}

func (o *tlsOptions) applyListener(cfg *proxy.Config, log *eventLog) (err error) {
	cfg.TLSLegacy = o.legacy
	if cfg.Certificate, err = readPair("cert", o.cert, "key", o.key); err != nil || cfg.Certificate != nil {
		return err
	}
	authority, err := openCA(o.caDir, log)
	if err != nil {
		return err
	}
	cfg.Leaves = authority
	return nil
}

// caFile is the certificate that clients have to trust; "" where --cert shows
// them another one.
func (o *tlsOptions) caFile() string {
	dir, err := caDir(o.caDir)
	if err != nil || o.cert != "" {
		return ""
	}
	if whole, err := filepath.Abs(dir); err == nil { // it is shown, and pasted elsewhere
		dir = whole
	}
	return filepath.Join(dir, "ca.pem")
}

// trustCommand has this machine trust the CA whose certificate is in file.
func trustCommand(file string) []string {
	dir, name := filepath.Split(file)
	if name != "ca.pem" {
		return nil
	}
	command := []string{"mailtap", "ca", "trust"}
	if usual, err := ca.DefaultDir(); err != nil || filepath.Clean(dir) != usual {
		command = append(command, "--ca-dir", filepath.Clean(dir))
	}
	return command
}

// openCA opens the local CA, and says so where it had to be made.
func openCA(dir string, log *eventLog) (*ca.Authority, error) {
	dir, err := caDir(dir)
	if err != nil {
		return nil, err
	}
	authority, err := ca.Open(dir)
	if err != nil {
		return nil, err
	}
	if authority.Made {
		log.say("info", "made a local certificate authority, %s; clients trust it after: mailtap ca trust", authority.Path())
	}
	return authority, nil
}

// readPair loads a certificate and its key; nil where no file is named.
func readPair(certFlag, cert, keyFlag, key string) (*tls.Certificate, error) {
	if cert == "" && key != "" {
		return nil, usagef("--%s needs --%s", keyFlag, certFlag)
	}
	if cert == "" {
		return nil, nil
	}
	pair, err := ca.LoadPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", certFlag, err)
	}
	return pair, nil
}
