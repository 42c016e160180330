package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smallstep/truststore"
)

// The trust stores that mailtap knows.
const (
	System = "system" // what most programs of this machine use
	NSS    = "nss"    // Firefox and Thunderbird, a store in each profile
	Java   = "java"
)

// Stores are the trust stores of this machine and user.
type Stores struct {
	Home string           // where profiles are looked for
	Only []string         // System, NSS, Java; empty is all
	Say  func(string)     // is told of what may ask for a password, before it does; may be nil
	find func() certutils // for tests: where NSS's certutil is
}

// Outcome is what became of one trust store. Exactly one of Done, Skipped and
// Err stands in it.
type Outcome struct {
	Store   string // System, NSS, Java
	Place   string // the file, or the profile
	Done    string // what was done, or found: "added", "removed", "was there already", ...
	Skipped string // why there is nothing to do
	Hint    string // what the user has to do yet
	Err     error  // one line, with what to do
}

// verb is what is done to a store.
type verb uint8

const (
	look verb = iota
	add
	remove
)

// Trust adds cert to each store.
func (s Stores) Trust(cert *x509.Certificate) []Outcome { return s.each(add, cert) }

// Untrust takes cert out of each store.
func (s Stores) Untrust(cert *x509.Certificate) []Outcome { return s.each(remove, cert) }

// Look says where cert is trusted.
func (s Stores) Look(cert *x509.Certificate) []Outcome { return s.each(look, cert) }

func (s Stores) each(v verb, cert *x509.Certificate) []Outcome {
	truststore.WithPrefix("mailtap-")(nil) // files and aliases: mailtap-SERIAL
	var out []Outcome
	if s.wants(System) {
		out = append(out, s.system(v, cert))
	}
	if s.wants(NSS) {
		out = append(out, s.nss(v, cert)...)
	}
	if s.wants(Java) {
		out = append(out, s.java(v, cert))
	}
	return out
}

func (s Stores) wants(store string) bool { return len(s.Only) == 0 || slices.Contains(s.Only, store) }

func (s Stores) say(format string, args ...any) {
	if s.Say != nil {
		s.Say(fmt.Sprintf(format, args...))
	}
}

// settled is the outcome where nothing has to be changed, or "".
func settled(v verb, there bool) string {
	switch {
	case v == look && there:
		return "is trusted"
	case v == look:
		return "is not trusted"
	case v == add && there:
		return "was there already"
	case v == remove && !there:
		return "was not there"
	}
	return ""
}

// oneLine is an error of a command that was run, its output included.
func oneLine(err error) string {
	var cmd *truststore.CmdError
	text := err.Error()
	if errors.As(err, &cmd) {
		text = strings.Join(cmd.Cmd().Args, " ") + ": " + cmd.Err().Error() + ": " + string(cmd.Out())
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ":")
}
