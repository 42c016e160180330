package ca

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/smallstep/truststore"
)

// system is the store below /etc or /usr/local, where OpenSSL, GnuTLS, curl
// and what is built on them look. Changing it needs root: truststore runs
// sudo where that is installed.
func (s Stores) system(v verb, cert *x509.Certificate) Outcome {
	o := Outcome{Store: System}
	if truststore.SystemTrustCommand == nil {
		o.Skipped = "this system has none of the directories for local certificates that mailtap knows"
		return o
	}
	o.Place = fmt.Sprintf(truststore.SystemTrustFilename, "mailtap-"+cert.SerialNumber.String())
	old, err := os.ReadFile(o.Place)
	if o.Done = settled(v, err == nil && bytes.Equal(bytes.TrimSpace(old), bytes.TrimSpace(encode("CERTIFICATE", cert.Raw)))); o.Done != "" {
		return o
	}
	update := strings.Join(truststore.SystemTrustCommand, " ")
	byHand := fmt.Sprintf("as root, copy the file of mailtap ca export to %s and run: %s", o.Place, update)
	do, done := truststore.Install, "added, and ran "+update
	if v == remove {
		byHand = fmt.Sprintf("as root, run: rm %s; %s", o.Place, update)
		do, done = truststore.Uninstall, "removed, and ran "+update
	}
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("sudo"); err != nil {
			o.Err = fmt.Errorf("changing %s needs root, and sudo is not installed; %s", o.Place, byHand)
			return o
		}
		s.say("changing %s needs root: running sudo, which may ask for your password", o.Place)
	}
	if err := do(cert); err != nil {
		o.Err = fmt.Errorf("%s; %s", oneLine(err), byHand)
		return o
	}
	o.Done = done
	return o
}
