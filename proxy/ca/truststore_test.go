//go:build linux

package ca

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/truststore"

	"mailtap/proxy/peertest"
)

// profile makes a database as a program does, and gives its directory.
func profile(t *testing.T, home, place string) string {
	t.Helper()
	dir := filepath.Join(home, place)
	must(t, os.MkdirAll(dir, 0o700))
	if out, err := exec.Command("certutil", "-N", "-d", "sql:"+dir, "--empty-password").CombinedOutput(); err != nil {
		t.Fatalf("certutil -N: %v\n%s", err, out)
	}
	return dir
}

func done(outcomes []Outcome) string {
	var words []string
	for _, o := range outcomes {
		word := o.Done
		if o.Err != nil {
			word = "error"
		}
		if o.Skipped != "" {
			word = "skipped"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func TestNSSProfiles(t *testing.T) {
	peertest.Need(t, "certutil")
	home := filepath.Join(t.TempDir(), "home [1]") // a glob's characters
	places := []string{".mozilla/firefox/a.default", "snap/firefox/common/.mozilla/firefox/b", ".thunderbird/c.default-esr", ".var/app/org.mozilla.Thunderbird/.thunderbird/d", ".pki/nssdb"}
	for _, place := range places {
		profile(t, home, place)
	}
	must(t, os.MkdirAll(filepath.Join(home, ".thunderbird/Crash Reports"), 0o700)) // no profile
	a, other := newCA(t), newCA(t)
	s := Stores{Home: home, Only: []string{NSS}}
	all := func(word string) string { return strings.TrimSuffix(strings.Repeat(word+", ", len(places)), ", ") }
	steps := []struct {
		name string
		got  []Outcome
		want string
	}{
		{"look", s.Look(a.Cert), all("is not trusted")},
		{"untrust first", s.Untrust(a.Cert), all("was not there")},
		{"trust", s.Trust(a.Cert), all("added")},
		{"trust another of the same name", s.Trust(other.Cert), all("added")},
		{"trust again", s.Trust(a.Cert), all("was there already")},
		{"look again", s.Look(a.Cert), all("is trusted")},
		{"untrust", s.Untrust(a.Cert), all("removed")},
		{"the other is still there", s.Look(other.Cert), all("is trusted")},
		{"it is gone", s.Look(a.Cert), all("is not trusted")},
	}
	for _, step := range steps {
		if got := done(step.got); got != step.want {
			t.Errorf("%s: %s, want %s (%v)", step.name, got, step.want, step.got)
		}
	}
	if !strings.Contains(steps[2].got[0].Hint, "restart Firefox") || !strings.Contains(steps[2].got[0].Place, "a.default") {
		t.Errorf("the outcome %+v names no profile, or no restart", steps[2].got[0])
	}
}

func TestNSSValidatesALeaf(t *testing.T) {
	peertest.Need(t, "certutil")
	home := t.TempDir()
	dir := profile(t, home, ".thunderbird/x")
	a := newCA(t)
	leaf, err := a.Leaf("mail.example.org", nil, nil)
	must(t, err)
	if got := done(Stores{Home: home, Only: []string{NSS}}.Trust(a.Cert)); got != "added" {
		t.Fatal(got)
	}
	file := pemFile(t, home, "leaf.pem", encode("CERTIFICATE", leaf.Leaf.Raw))
	if out, err := exec.Command("certutil", "-A", "-d", "sql:"+dir, "-n", "leaf", "-t", ",,", "-i", file).CombinedOutput(); err != nil {
		t.Fatalf("certutil -A: %v\n%s", err, out)
	}
	if out, err := exec.Command("certutil", "-V", "-d", "sql:"+dir, "-n", "leaf", "-u", "V", "-e").CombinedOutput(); err != nil {
		t.Errorf("NSS does not take the leaf for a server's: %v\n%s", err, out)
	}
}

func TestNSSWithoutCertutilSaysSo(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, ".thunderbird/x")
	must(t, os.MkdirAll(dir, 0o700))
	pemFile(t, dir, "cert9.db", []byte("x"))
	s := Stores{Home: home, Only: []string{NSS}, find: func() certutils { return certutils{err: errors.New("certutil is not installed")} }}
	got := s.Trust(newCA(t).Cert)
	if len(got) != 1 || got[0].Err == nil || got[0].Done != "" || !strings.Contains(got[0].Place, dir) {
		t.Errorf("Trust = %+v, want an error that names the profile", got)
	}
	if got := (Stores{Home: t.TempDir(), Only: []string{NSS}}).Trust(newCA(t).Cert); done(got) != "skipped" {
		t.Errorf("Trust without a profile = %+v, want it skipped", got)
	}
}

// TestSystemStore works on a directory of its own in place of the system's.
func TestSystemStore(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, as the system's store does")
	}
	dir := t.TempDir()
	name, command := truststore.SystemTrustFilename, truststore.SystemTrustCommand
	t.Cleanup(func() { truststore.SystemTrustFilename, truststore.SystemTrustCommand = name, command })
	truststore.SystemTrustFilename, truststore.SystemTrustCommand = dir+"/%s.crt", []string{"true"}
	a := newCA(t)
	s := Stores{Only: []string{System}}
	for _, step := range []struct {
		do   func() []Outcome
		want string
	}{
		{func() []Outcome { return s.Look(a.Cert) }, "is not trusted"},
		{func() []Outcome { return s.Trust(a.Cert) }, "added, and ran true"},
		{func() []Outcome { return s.Trust(a.Cert) }, "was there already"},
		{func() []Outcome { return s.Look(a.Cert) }, "is trusted"},
		{func() []Outcome { return s.Untrust(a.Cert) }, "removed, and ran true"},
		{func() []Outcome { return s.Untrust(a.Cert) }, "was not there"},
	} {
		got := step.do()
		if done(got) != step.want || filepath.Dir(got[0].Place) != dir {
			t.Errorf("%+v, want %s", got, step.want)
		}
	}
	truststore.SystemTrustCommand = []string{"false"}
	got := s.Trust(a.Cert)
	if got[0].Err == nil || !strings.Contains(got[0].Err.Error(), "as root, copy") || strings.Contains(got[0].Err.Error(), "\n") {
		t.Errorf("Trust with a failing command = %+v, want one line that says what to do by hand", got)
	}
}

func TestFindTakesWhatMayNoLongerBeUsed(t *testing.T) {
	a := newCA(t)
	must(t, os.Chmod(filepath.Join(a.Dir, KeyFile), 0o644))
	if cert, err := Find(a.Dir); err != nil || !cert.Equal(a.Cert) {
		t.Errorf("Find = %v, %v", cert, err)
	}
	must(t, os.Remove(a.Path()))
	if cert, err := Find(a.Dir); err != nil || !cert.Equal(a.Cert) {
		t.Errorf("Find without %s = %v, %v", CertFile, cert, err)
	}
	if _, err := Find(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Find in an empty directory = %v, want it not to exist", err)
	}
}
