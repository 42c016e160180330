package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mailtap/parse/wire"
	"mailtap/proxy/ca"
)

const caLong = `mailtap has a certificate authority of its own, made at first use. Mail clients
have to trust it: its certificate is what to import on phones and into programs
that keep a store of their own. The key never leaves its directory.`

const caExample = `  mailtap ca trust                        this machine: system, Firefox, Thunderbird, Java
  mailtap ca export > mailtap.pem         for a phone, or curl --cacert
  mailtap ca export --format p12 --out mailtap.p12
  mailtap ca show                         names, fingerprints, and where it is trusted`

// caOptions are the flags of mailtap ca and of what is below it.
type caOptions struct {
	dir    string
	format string
	out    string
	stores []string
}

func newCA(std streams) *cobra.Command {
	o := &caOptions{}
	cmd := &cobra.Command{
		Use:     "ca",
		Short:   "The local certificate authority: show it, export it, trust it",
		Long:    caLong,
		Example: caExample,
		GroupID: groupSetup,
	}
	cmd.PersistentFlags().StringVar(&o.dir, "ca-dir", "", "the directory of the CA (default: mailtap in the user's config directory)")
	cmd.AddCommand(newCAShow(std, o), newCAExport(std, o), newCATrust(std, o), newCAUntrust(std, o))
	return cmd
}

func newCAShow(std streams, o *caOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the CA's certificate, and where it is trusted",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return showCA(std, o) },
	}
}

func newCAExport(std streams, o *caOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the CA's certificate, for clients to import",
		Long: `Write the CA's certificate, never its key. PEM (the default) is what most
programs take, DER what Android and Windows import, PKCS#12 what Java and some
mail programs want; its password is "` + ca.P12Password + `".`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return exportCA(std, o) },
	}
	cmd.Flags().StringVar(&o.format, "format", "pem", "pem, der or p12")
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "the file to write (default: stdout)")
	return cmd
}

func newCATrust(std streams, o *caOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trust",
		Short: "Have this machine's programs trust the CA",
		Long: `Add the CA to this machine's trust stores: the system's, those of each Firefox
and Thunderbird profile, and Java's. The system's needs root; sudo is run where
it is installed. Programs with a store of their own, and phones, need the file
of mailtap ca export. Take it out again with mailtap ca untrust.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			a, err := o.open(std)
			if err != nil {
				return err
			}
			return change(std, o, a.Cert, ca.Stores.Trust)
		},
	}
	o.storeFlag(cmd)
	return cmd
}

func newCAUntrust(std streams, o *caOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "untrust",
		Short: "Take the CA out of this machine's trust stores",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			cert, err := o.find()
			if err != nil {
				return err
			}
			return change(std, o, cert, ca.Stores.Untrust)
		},
	}
	o.storeFlag(cmd)
	return cmd
}

// storeFlag adds --store, which is checked before anything is made or changed.
func (o *caOptions) storeFlag(cmd *cobra.Command) {
	cmd.PreRunE = func(*cobra.Command, []string) error {
		for _, store := range o.stores {
			if !slices.Contains([]string{ca.System, ca.NSS, ca.Java}, store) {
				return usagef("unknown trust store %q; --store is %s, %s or %s", store, ca.System, ca.NSS, ca.Java)
			}
		}
		return nil
	}
	cmd.Flags().StringSliceVar(&o.stores, "store", nil, "only these: system, nss (Firefox, Thunderbird), java")
}

// directory is --ca-dir, or its default.
func (o *caOptions) directory() (string, error) {
	if o.dir != "" {
		return filepath.Abs(o.dir)
	}
	return ca.DefaultDir()
}

// open loads the CA, and says where it made one.
func (o *caOptions) open(std streams) (*ca.Authority, error) {
	dir, err := o.directory()
	if err != nil {
		return nil, err
	}
	a, err := ca.Open(dir)
	if err == nil && a.Made {
		fmt.Fprintf(std.err, "mailtap: made a new CA in %s\n", wire.Escape([]byte(dir)))
	}
	return a, err
}

// find reads the certificate of a CA that need not be fit for use any more.
func (o *caOptions) find() (*x509.Certificate, error) {
	dir, err := o.directory()
	if err != nil {
		return nil, err
	}
	cert, err := ca.Find(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no CA in %s, so nothing trusts it", dir)
	}
	return cert, err
}

func showCA(std streams, o *caOptions) error {
	a, err := o.open(std)
	if err != nil {
		return err
	}
	c := a.Cert
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", a.Name())
	fmt.Fprintf(&b, "  certificate  %s\n", a.Path())
	fmt.Fprintf(&b, "  valid        %s to %s\n", c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly))
	fmt.Fprintf(&b, "  serial       %x\n", c.SerialNumber)
	fmt.Fprintf(&b, "  SHA-256      %s\n", ca.SHA256(c))
	fmt.Fprintf(&b, "  SHA-1        %s\n\n", ca.SHA1(c))
	outcomes(&b, o.where(nil).Look(c))
	fmt.Fprintf(&b, "\nTrust it here with mailtap ca trust; elsewhere import the file of mailtap ca export.\n")
	_, err = std.out.Write(b.Bytes())
	return err
}

func exportCA(std streams, o *caOptions) error {
	if !slices.Contains([]string{"pem", "der", "p12"}, o.format) {
		return usagef("unknown format %q; --format is pem, der or p12", o.format)
	}
	file, isFile := std.out.(*os.File)
	if o.out == "" && o.format != "pem" && isFile && term.IsTerminal(int(file.Fd())) {
		return usagef("%s is no text for a terminal; write it to a file with --out mailtap.%s", o.format, o.format)
	}
	a, err := o.open(std)
	if err != nil {
		return err
	}
	data, err := ca.Export(a.Cert, o.format)
	if err != nil {
		return err
	}
	if o.format == "p12" {
		fmt.Fprintf(std.err, "mailtap: the password of the PKCS#12 file is %q; it has no key in it\n", ca.P12Password)
	}
	if o.out == "" || o.out == "-" {
		_, err = std.out.Write(data)
		return err
	}
	return writePrivate(o.out, data)
}

// writePrivate writes a whole file of mode 0600 and replaces what was there. A
// link leads to the file that is replaced; what is no file (a pipe, /dev/null)
// is written to, and stays.
func writePrivate(path string, data []byte) error {
	if at, err := filepath.EvalSymlinks(path); err == nil {
		path = at
	}
	write := replaceFile
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		write = writeDevice
	}
	if err := write(path, data); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".mailtap-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func writeDevice(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// where are the stores that were asked for.
func (o *caOptions) where(say func(string)) ca.Stores {
	home, _ := os.UserHomeDir() // without one no profile is found, and that is said
	return ca.Stores{Home: home, Only: o.stores, Say: say}
}

// change trusts or untrusts, says of each store what became of it, and fails
// where one could not be changed.
func change(std streams, o *caOptions, cert *x509.Certificate, do func(ca.Stores, *x509.Certificate) []ca.Outcome) error {
	list := do(o.where(func(text string) { fmt.Fprintln(std.err, "mailtap: "+wire.Escape([]byte(text))) }), cert)
	fmt.Fprintln(std.out, cert.Subject.CommonName)
	outcomes(std.out, list)
	failed := 0
	for _, one := range list {
		if one.Err != nil {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d trust stores could not be changed; why, and what to do by hand, stands beside each", failed, len(list))
	}
	return nil
}

// outcomes writes a line for each store: which, where, what.
func outcomes(w io.Writer, list []ca.Outcome) {
	for _, one := range list {
		what := one.Done
		switch {
		case one.Err != nil:
			what = "NOT CHANGED: " + one.Err.Error()
		case one.Skipped != "":
			what = "skipped: " + one.Skipped
		case one.Hint != "":
			what += "; " + one.Hint
		}
		line := strings.TrimSpace(one.Place + ": " + what)
		fmt.Fprintf(w, "  %-11s  %s\n", one.Store, wire.Escape([]byte(strings.TrimPrefix(line, ": "))))
	}
}
