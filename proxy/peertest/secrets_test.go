package peertest_test

import (
	"encoding/base64"
	"testing"

	"mailtap/proxy/peertest"
)

// TestFindSecrets holds the search for passwords, which every proxy of the
// suite ends with, against files that have one.
func TestFindSecrets(t *testing.T) {
	const secret = "correct horse%battery"
	for name, text := range map[string]string{
		"plain":      `LOGIN alice "` + secret + `"`,
		"sasl plain": base64.StdEncoding.EncodeToString([]byte("\x00alice\x00" + secret)),
		"sasl authz": base64.StdEncoding.EncodeToString([]byte("bobby\x00alice\x00" + secret)),
		"sasl login": base64.StdEncoding.EncodeToString([]byte(secret)),
		"url":        "imap://alice:correct+horse%25battery@h/",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			peertest.WriteFile(t, dir, "below/log.json", "before "+text+" behind")
			if leaks := peertest.FindSecrets(t, dir, "another one", secret); len(leaks) != 1 {
				t.Errorf("found %q, want one leak", leaks)
			}
		})
	}
	dir := t.TempDir()
	peertest.WriteFile(t, dir, "log.json", `LOGIN alice "*********************"`)
	if leaks := peertest.FindSecrets(t, dir, secret); len(leaks) != 0 {
		t.Errorf("found %q where nothing is", leaks)
	}
}

// TestShowSecrets is the other half: with --show-secrets the passwords stand in
// log and capture, where the search finds them.
func TestShowSecrets(t *testing.T) {
	t.Parallel()
	peertest.Need(t, "curl")
	d := peertest.StartDovecot(t, peertest.DovecotOptions{Mechanisms: "plain"})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{ShowSecrets: true})
	user := d.User(t)
	curl(t, peertest.End{
		Proto: "imap", Security: peertest.Cleartext, Host: "localhost",
		Port: p.Port(t, peertest.Route{Proto: "imap", Listen: peertest.Cleartext, Upstream: peertest.Cleartext}),
		CA:   p.CA, User: user, Dir: t.TempDir(),
	})
	p.Stop(t)
	if leaks := peertest.FindSecrets(t, p.Dir, user.Password); len(leaks) != 2 {
		t.Errorf("found %q, want the log and the capture", leaks)
	}
}
