package ca

import (
	"crypto/rand"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// P12Password is what exported PKCS#12 files have, since importers insist on
// one: there is nothing secret inside.
const P12Password = pkcs12.DefaultPassword

// Export gives the CA's certificate, never its key, as pem, der or p12 (a
// PKCS#12 trust store).
func (a *Authority) Export(format string) ([]byte, error) {
	switch format {
	case "pem":
		return encode("CERTIFICATE", a.Cert.Raw), nil
	case "der":
		return a.Cert.Raw, nil
	case "p12":
		return a.p12()
	}
	return nil, fmt.Errorf("unknown format %q; write pem, der or p12", format)
}

// p12 uses the old ciphers: every importer knows them, newer ones fewer do,
// and the certificate is public anyway.
func (a *Authority) p12() ([]byte, error) {
	entry := pkcs12.TrustStoreEntry{Cert: a.Cert, FriendlyName: a.Name()}
	data, err := pkcs12.LegacyDES.WithRand(rand.Reader).EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{entry}, P12Password)
	if err != nil {
		return nil, fmt.Errorf("writing the CA as PKCS#12: %w", err)
	}
	return data, nil
}
