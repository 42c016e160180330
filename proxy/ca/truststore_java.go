package ca

import (
	"crypto/x509"
	"os"
)

func javaHome() string { return os.Getenv("JAVA_HOME") }

// withFile runs do with a file that has cert in it.
func withFile(cert *x509.Certificate, do func(file string, cert *x509.Certificate) error) error {
	tmp, err := writeTemp(os.TempDir(), encode("CERTIFICATE", cert.Raw))
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	return do(tmp, cert)
}
