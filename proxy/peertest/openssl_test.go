package peertest_test

import (
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestOpensslVerifies has openssl verify the minted leaf against the exported
// CA, by name and by address, over implicit TLS and after an upgrade.
func TestOpensslVerifies(t *testing.T) {
	peertest.SkipShort(t)
	t.Parallel()
	peertest.Need(t, "openssl")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	for _, proto := range []string{"imap", "pop3"} {
		for _, security := range []peertest.Security{peertest.Implicit, peertest.StartTLS} {
			port := peertest.Address(p.Port(t, peertest.Route{Proto: proto, Listen: security, Upstream: security}))
			for name, names := range map[string][]string{
				"name":       {"-servername", "localhost", "-verify_hostname", "localhost"},
				"other name": {"-servername", "mail.example.org", "-verify_hostname", "mail.example.org"},
				"address":    {"-noservername", "-verify_ip", "127.0.0.1"},
			} {
				t.Run(proto+"/"+string(security)+"/"+name, func(t *testing.T) {
					args := append([]string{
						"s_client", "-connect", port, "-CAfile", p.CA, "-verify_return_error", "-x509_strict", "-brief",
					}, names...)
					if security == peertest.StartTLS {
						args = append(args, "-starttls", proto)
					}
					stdout, stderr, err := peertest.RunStatus(t, t.TempDir(), "openssl", args...)
					if err != nil || !strings.Contains(stdout+stderr, "Verification: OK") {
						t.Errorf("openssl %q: %v\n%s%s", args, err, stdout, stderr)
					}
				})
			}
		}
	}
}
