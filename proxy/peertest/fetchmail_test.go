package peertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailtap/proxy/peertest"
)

// TestFetchmail has fetchmail take every message away: the server's mailbox is
// empty afterwards. It logs in with CRAM-MD5.
func TestFetchmail(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "fetchmail")
	compare(t, fetchmail, sorted, "imap", "pop3")
}

func fetchmail(t *testing.T, e peertest.End) []string {
	t.Helper()
	kinds := map[peertest.Security]string{
		peertest.Implicit:  "ssl sslcertck",
		peertest.StartTLS:  "sslproto 'tls1.2+' sslcertck",
		peertest.Cleartext: "sslproto ''",
	}
	mail := filepath.Join(e.Dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	config := peertest.WriteFile(t, e.Dir, "fetchmailrc", fmt.Sprintf(`
set no bouncemail
set no spambounce
poll %s protocol %s port %d
  user "%s" password "%s" fetchall nokeep no rewrite
  %s sslcertfile "%s"
  mda "sh -c 'cat > $(mktemp %s/m.XXXXXXXX)'"
`, e.Host, e.Proto, e.Port, e.User.Name, e.User.Password, kinds[e.Security], e.CA, mail))
	peertest.Run(t, e.Dir, "fetchmail", "--fetchmailrc", config, "--invisible", "--pidfile", filepath.Join(e.Dir, "pid"), "--verbose", "--nosyslog")
	return peertest.UnfoldedFiles(t, mail)
}
