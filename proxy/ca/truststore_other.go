//go:build !linux

package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"

	"github.com/smallstep/truststore"
)

// system is macOS's keychain, or the root store of the Windows user.
func (s Stores) system(v verb, cert *x509.Certificate) Outcome {
	o := Outcome{Store: System, Place: map[string]string{
		"darwin": "/Library/Keychains/System.keychain", "windows": "the user's Trusted Root Certification Authorities",
	}[runtime.GOOS]}
	if o.Place == "" {
		o.Place = runtime.GOOS
	}
	if v == look {
		_, err := cert.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		o.Done = settled(look, err == nil)
		return o
	}
	if runtime.GOOS == "darwin" {
		s.say("changing the system's keychain needs root: running sudo, which may ask for your password")
	}
	do := truststore.Install
	if o.Done = "added"; v == remove {
		do, o.Done = truststore.Uninstall, "removed"
	}
	err := do(cert)
	switch {
	case v == remove && errors.Is(err, truststore.ErrNotFound):
		o.Done = "was not there"
	case errors.Is(err, truststore.ErrNotSupported):
		o.Done, o.Skipped = "", "mailtap does not know this system's store; import the file of mailtap ca export by hand"
	case err != nil:
		o.Done, o.Err = "", fmt.Errorf("%s; import the file of mailtap ca export by hand", oneLine(err))
	}
	return o
}
