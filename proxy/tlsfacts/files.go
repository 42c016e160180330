package tlsfacts

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// parseCertificates takes PEM, or one certificate in DER.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		cert, err := x509.ParseCertificate(data)
		if err != nil {
			return nil, errors.New("it is neither PEM nor a certificate in DER")
		}
		return []*x509.Certificate{cert}, nil
	}
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate in it; it needs -----BEGIN CERTIFICATE-----")
	}
	return certs, nil
}

// AllowWeakKeys lets crypto/tls and crypto/rsa take what --tls-legacy is for
// and their settings have no place for: SHA-1 signatures in TLS 1.2, and RSA
// keys below 1024 bits. It holds for the whole process.
func AllowWeakKeys() error {
	settings := "tlssha1=1,rsa1024min=0"
	if old := os.Getenv("GODEBUG"); old != "" {
		settings = old + "," + settings
	}
	return os.Setenv("GODEBUG", settings)
}
