package peertest_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestNeomutt has neomutt, on a terminal of its own, copy every message to a
// Maildir, flag the first one and delete the second.
func TestNeomutt(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "neomutt", "script")
	compare(t, neomutt, sorted, "imap", "pop3")
}

func neomutt(t *testing.T, e peertest.End) []string {
	t.Helper()
	tls := map[peertest.Security]string{
		peertest.Implicit:  "set ssl_force_tls=yes",
		peertest.StartTLS:  "set ssl_force_tls=yes ssl_starttls=yes",
		peertest.Cleartext: "set ssl_force_tls=no ssl_starttls=no",
	}
	scheme := scheme(e)
	if e.Proto == "pop3" {
		scheme = map[string]string{"pop3": "pop", "pop3s": "pops"}[scheme]
	}
	folder := (&url.URL{Scheme: scheme, User: url.User(e.User.Name), Host: fmt.Sprintf("%s:%d", e.Host, e.Port), Path: "/"}).String()
	mail := filepath.Join(e.Dir, "mail")
	makeMaildir(t, mail)
	save := "<copy-message><kill-line>" + mail + "<enter>"
	keys := "<first-entry>" + strings.Repeat(save+"<next-entry>", len(peertest.Samples())-1) + save +
		"<first-entry><flag-message><next-entry><delete-message><quit>"
	config := peertest.WriteFile(t, e.Dir, "neomuttrc", fmt.Sprintf(`
%s
set ssl_verify_host=yes ssl_verify_dates=yes
set ssl_ca_certificates_file="%s"
set certificate_file="%s/certificates"
set imap_pass="%s" pop_pass="%s"
set folder="%s" record="" postponed=""
set mbox_type=Maildir confirmcreate=no confirmappend=no move=no delete=yes quit=yes
set pop_authenticators="user" pop_delete=yes pop_last=no mark_old=no resolve=no sleep_time=0 net_inc=0 wait_key=no
set header_cache="" message_cachedir=""
push "%s"
`, tls[e.Security], e.CA, e.Dir, e.User.Password, e.User.Password, mail, keys))
	command := fmt.Sprintf("TERM=xterm neomutt -n -F %s -f '%s'", config, folder)
	peertest.Run(t, e.Dir, "script", "-qec", command, filepath.Join(e.Dir, "screen"))
	return append(peertest.Files(t, filepath.Join(mail, "cur")), peertest.Files(t, filepath.Join(mail, "new"))...)
}
