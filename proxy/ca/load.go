package ca

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

func digest(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// anew is what to do about a CA that cannot be used.
const anew = "move it away and start again: mailtap makes a new CA, which clients then have to trust"

// load reads the key file and refuses what must not be used.
func load(dir string, now time.Time) (*x509.Certificate, crypto.Signer, error) {
	path := filepath.Join(dir, KeyFile)
	if err := safeDir(dir); err != nil {
		return nil, nil, fmt.Errorf("using the CA in %s: %w", dir, err)
	}
	if err := safeFile(path); err != nil {
		return nil, nil, fmt.Errorf("using the CA's key %s: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the CA: %w", err)
	}
	cert, key, err := decode(data)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the CA %s: %w; %s", path, err, anew)
	}
	if now.After(cert.NotAfter) {
		return nil, nil, fmt.Errorf("the CA %s expired on %s; run mailtap ca untrust, %s", path, cert.NotAfter.Format(time.DateOnly), anew)
	}
	if now.Before(cert.NotBefore) {
		return nil, nil, fmt.Errorf("the CA %s is valid from %s on, and this machine's clock says %s; set the clock",
			path, cert.NotBefore.Format(time.DateTime), now.UTC().Format(time.DateTime))
	}
	return cert, key, nil
}

// decode takes a key and its CA certificate, in any order.
func decode(data []byte) (cert *x509.Certificate, key crypto.Signer, err error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE" && cert == nil:
			cert, err = x509.ParseCertificate(block.Bytes)
		case isKey(block) && key == nil:
			key, err = parseKey(block)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	switch {
	case key == nil:
		return nil, nil, errors.New("there is no private key in it")
	case cert == nil:
		return nil, nil, errors.New("there is no certificate in it")
	case !samePublic(cert.PublicKey, key.Public()):
		return nil, nil, errors.New("its key and its certificate do not belong together")
	case !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, nil, fmt.Errorf("the certificate %q is none of a CA", cert.Subject.CommonName)
	}
	return cert, key, nil
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
