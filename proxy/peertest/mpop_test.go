package peertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailtap/proxy/peertest"
)

// TestMpop has mpop take every message away. It pipelines.
func TestMpop(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "mpop")
	compare(t, mpop, sorted, "pop3")
}

func mpop(t *testing.T, e peertest.End) []string {
	t.Helper()
	kinds := map[peertest.Security]string{
		peertest.Implicit:  "tls on\ntls_starttls off",
		peertest.StartTLS:  "tls on\ntls_starttls on",
		peertest.Cleartext: "tls off",
	}
	mail := filepath.Join(e.Dir, "mail")
	makeMaildir(t, mail)
	auth := "user"
	if e.Security != peertest.Cleartext {
		auth = "scram-sha-256"
	}
	config := peertest.WriteFile(t, e.Dir, "mpoprc", fmt.Sprintf(`
account default
host %s
port %d
user %s
password "%s"
auth %s
%s
tls_trust_file %s
delivery maildir %s
uidls_file %s/uidls
received_header off
keep off
`, e.Host, e.Port, e.User.Name, e.User.Password, auth, kinds[e.Security], e.CA, mail, e.Dir))
	peertest.Run(t, e.Dir, "mpop", "--file="+config, "--quiet")
	return peertest.Files(t, mail)
}

func makeMaildir(t *testing.T, dir string) {
	t.Helper()
	for _, folder := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
