//go:build linux

package ca

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mailtap/proxy/peertest"
)

// javaWith makes a JAVA_HOME whose store holds a certificate under alias.
func javaWith(t *testing.T, a *Authority, alias string) {
	t.Helper()
	keytool, err := filepath.EvalSymlinks(peertest.Need(t, "keytool")[0])
	must(t, err)
	home := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(home, "bin"), 0o700))
	must(t, os.MkdirAll(filepath.Join(home, "lib/security"), 0o700))
	must(t, os.Symlink(keytool, filepath.Join(home, "bin/keytool")))
	file := filepath.Join(home, "ca.pem")
	must(t, os.WriteFile(file, encode("CERTIFICATE", a.Cert.Raw), 0o600))
	out, err := exec.Command(keytool, "-importcert", "-noprompt", "-storepass", "changeit",
		"-keystore", filepath.Join(home, "lib/security/cacerts"), "-file", file, "-alias", alias).CombinedOutput()
	if err != nil {
		t.Fatalf("keytool -importcert: %v\n%s", err, out)
	}
	t.Setenv("JAVA_HOME", home)
	t.Setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC") // it starts sooner
}

// TestJava asks the keytool of a real Java, whose start takes its time: steps are few.
func TestJava(t *testing.T) {
	if testing.Short() {
		t.Skip("each step starts a Java")
	}
	a, other := newCA(t), newCA(t)
	javaWith(t, other, "a name of the user's own")
	s := Stores{Only: []string{Java}}
	for _, step := range []struct {
		name string
		got  []Outcome
		want string
	}{
		{"trust", s.Trust(a.Cert), "added"},
		{"look", s.Look(a.Cert), "is trusted"},
		{"untrust", s.Untrust(a.Cert), "removed"},
		{"what is not taken out is not said to be", s.Untrust(other.Cert), "error"},
	} {
		if got := done(step.got); got != step.want {
			t.Errorf("%s: %s, want %s (%v)", step.name, got, step.want, step.got)
		}
	}
}

// Debian copies what the system trusts into Java's store, and leaves it there
// when the system trusts it no more.
func TestJavaMirrorOfTheSystem(t *testing.T) {
	if testing.Short() {
		t.Skip("each step starts a Java")
	}
	a := newCA(t)
	javaWith(t, a, "debian:mailtap-"+a.Cert.SerialNumber.String()+".pem")
	s := Stores{Only: []string{Java}}
	if got := done(s.Untrust(a.Cert)); got != "removed" {
		t.Errorf("untrust: %s, want removed", got)
	}
	if got := done(s.Look(a.Cert)); got != "is not trusted" {
		t.Errorf("look: %s, want is not trusted", got)
	}
}
