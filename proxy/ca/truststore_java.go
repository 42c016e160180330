package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/smallstep/truststore"
)

// java is the store of the Java that JAVA_HOME names, or else of the one whose
// keytool is in PATH.
func (s Stores) java(v verb, cert *x509.Certificate) Outcome {
	o := Outcome{Store: Java}
	home := javaHome()
	store, err := newJavaTrust(home)
	if err != nil {
		o.Skipped = "neither JAVA_HOME nor PATH leads to a Java with a keytool"
		return o
	}
	o.Place = home
	if o.Done = settled(v, store.Exists(cert)); o.Done != "" {
		return o
	}
	if v == add {
		err, o.Done = withFile(cert, store.Install), "added"
		if err != nil {
			err = keytoolError(err)
		}
	} else {
		err, o.Done = untrustJava(store, home, cert), "removed"
	}
	if err != nil {
		o.Done, o.Err = "", err
	}
	return o
}

// newJavaTrust is the store of the Java in home. The library asks the
// environment alone, and says nothing of a home that has no store.
func newJavaTrust(home string) (*truststore.JavaTrust, error) {
	if old, set := os.LookupEnv("JAVA_HOME"); set {
		defer os.Setenv("JAVA_HOME", old)
	} else {
		defer os.Unsetenv("JAVA_HOME")
	}
	os.Setenv("JAVA_HOME", home)
	return truststore.NewJavaTrust()
}

// javaHome is where Java is: JAVA_HOME, or above the keytool in PATH.
func javaHome() string {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return home
	}
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		return ""
	}
	if keytool, err = filepath.EvalSymlinks(keytool); err != nil {
		return ""
	}
	home := filepath.Dir(filepath.Dir(keytool))
	if _, err := os.Stat(cacerts(home)); err != nil { // macOS has a keytool that only asks for a Java
		return ""
	}
	return home
}

func cacerts(home string) string { return filepath.Join(home, "lib", "security", "cacerts") }

// untrustJava takes cert out under each alias that it may stand under: ours, and
// the one under which Debian's ca-certificates-java copies what the system
// trusts, which stays when the system trusts it no more.
func untrustJava(store *truststore.JavaTrust, home string, cert *x509.Certificate) error {
	if err := withFile(cert, store.Uninstall); err != nil {
		return keytoolError(err)
	}
	if !store.Exists(cert) {
		return nil
	}
	mirrored := "debian:mailtap-" + cert.SerialNumber.String() + ".pem"
	cmd := exec.Command(filepath.Join(home, "bin", "keytool"),
		"-delete", "-alias", mirrored, "-keystore", cacerts(home), "-storepass", truststore.JavaStorePass)
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "does not exist") {
		return keytoolError(truststore.NewCmdError(err, cmd, out))
	}
	if store.Exists(cert) {
		return errors.New("it is still trusted, under another alias: find it with keytool -list -cacerts, and take it out with keytool -delete -cacerts -alias ALIAS")
	}
	return nil
}

func keytoolError(err error) error {
	return fmt.Errorf("running keytool: %s; it may need root, or another password than %q", oneLine(err), truststore.JavaStorePass)
}

// withFile runs do with a file that has cert in it.
func withFile(cert *x509.Certificate, do func(file string, cert *x509.Certificate) error) error {
	tmp, err := writeTemp(os.TempDir(), encode("CERTIFICATE", cert.Raw))
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	return do(tmp, cert)
}
