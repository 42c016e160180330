package ca

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// P12Password is what exported PKCS#12 files have, since importers insist on
// one: there is nothing secret inside.
const P12Password = pkcs12.DefaultPassword

// Export gives a CA's certificate as pem, der or p12 (a PKCS#12 trust store).
func Export(cert *x509.Certificate, format string) ([]byte, error) {
	switch format {
	case "pem":
		return encode("CERTIFICATE", cert.Raw), nil
	case "der":
		return cert.Raw, nil
	case "p12":
		return p12(cert)
	}
	return nil, fmt.Errorf("unknown format %q; write pem, der or p12", format)
}

// p12 uses the old ciphers: every importer knows them, newer ones fewer do,
// and the certificate is public anyway.
func p12(cert *x509.Certificate) ([]byte, error) {
	entry := pkcs12.TrustStoreEntry{Cert: cert, FriendlyName: cert.Subject.CommonName}
	data, err := pkcs12.LegacyDES.WithRand(rand.Reader).EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{entry}, P12Password)
	if err != nil {
		return nil, fmt.Errorf("writing the CA as PKCS#12: %w", err)
	}
	return data, nil
}
