package ca

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// LoadPair reads a certificate of the user's own: the leaf first, then its
// intermediates. The key may stand in the same file (keyFile is empty then).
// Its errors say which file is wrong, in what, and how it is set right.
func LoadPair(certFile, keyFile string) (*tls.Certificate, error) {
	if certFile == "" {
		return nil, fmt.Errorf("the key %s has no certificate; name it with --cert", keyFile)
	}
	certs, keys, err := readBlocks(certFile)
	if err != nil {
		return nil, err
	}
	inKey := 0
	if keyFile != "" && keyFile != certFile {
		var others []*x509.Certificate
		if others, keys, err = readBlocks(keyFile); err != nil {
			return nil, err
		}
		inKey = len(others)
	} else {
		keyFile = certFile
	}
	switch {
	case len(certs) == 0 && inKey > 0:
		return nil, fmt.Errorf("reading the certificate %s: there is none in it, but %s has one; the two files look swapped", certFile, keyFile)
	case len(certs) == 0:
		return nil, fmt.Errorf("reading the certificate %s: there is none in it; it needs -----BEGIN CERTIFICATE-----", certFile)
	case len(keys) == 0 && keyFile == certFile:
		return nil, fmt.Errorf("reading the key of %s: there is none in it; name its file with --key", certFile)
	case len(keys) == 0:
		return nil, fmt.Errorf("reading the key %s: there is none in it; it needs -----BEGIN PRIVATE KEY-----", keyFile)
	}
	return pair(certs, keys[0], certFile, keyFile)
}

// pair joins a chain with the key of its first certificate.
func pair(certs []*x509.Certificate, key crypto.Signer, certFile, keyFile string) (*tls.Certificate, error) {
	for i, cert := range certs {
		if !samePublic(cert.PublicKey, key.Public()) {
			continue
		}
		if i > 0 {
			return nil, fmt.Errorf("reading the certificate %s: the one that belongs to the key, %q, is number %d; it has to come first, its issuer next",
				certFile, cert.Subject.String(), i+1)
		}
		out := &tls.Certificate{PrivateKey: key, Leaf: cert}
		for _, c := range certs {
			out.Certificate = append(out.Certificate, c.Raw)
		}
		return out, nil
	}
	return nil, fmt.Errorf("the key %s does not belong to the certificate %s (%q); compare them with: openssl x509 -in %s -noout -pubkey; openssl pkey -in %s -pubout",
		keyFile, certFile, certs[0].Subject.String(), certFile, keyFile)
}

// readBlocks takes PEM in any order, or one certificate in DER.
func readBlocks(path string) (certs []*x509.Certificate, keys []crypto.Signer, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		cert, err := notPEM(path, data)
		return []*x509.Certificate{cert}, nil, err
	}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return certs, keys, nil
		}
		switch {
		case block.Type == "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("reading certificate %d of %s: %w", len(certs)+1, path, err)
			}
			certs = append(certs, cert)
		case isKey(block):
			key, err := parseKey(block)
			if err != nil {
				return nil, nil, fmt.Errorf("reading the key in %s: %w", path, err)
			}
			keys = append(keys, key)
		}
	}
}

func notPEM(path string, data []byte) (*x509.Certificate, error) {
	if cert, err := x509.ParseCertificate(data); err == nil {
		return cert, nil
	}
	if isPKCS12(data) {
		return nil, fmt.Errorf("reading %s: it is a PKCS#12 file, and mailtap takes PEM; convert it with: openssl pkcs12 -in %s -nodes -out both.pem, and use --cert both.pem", path, path)
	}
	if _, err := parsePKCS8(data); err == nil {
		return nil, fmt.Errorf("reading %s: it is a key in DER, and mailtap takes PEM; convert it with: openssl pkey -inform DER -in %s -out key.pem", path, path)
	}
	return nil, fmt.Errorf("reading %s: it is neither PEM nor a certificate in DER", path)
}

// isPKCS12 looks for PFX's beginning: a sequence of the version, 3, and a
// ContentInfo (RFC 7292 §4).
func isPKCS12(data []byte) bool {
	var pfx struct {
		Version int
		Content asn1.RawValue
		Rest    []asn1.RawValue `asn1:"optional"`
	}
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(data, &outer); err != nil || outer.Tag != asn1.TagSequence {
		return false
	}
	rest, err := asn1.Unmarshal(outer.Bytes, &pfx.Version)
	if err != nil || pfx.Version != 3 {
		return false
	}
	_, err = asn1.Unmarshal(rest, &pfx.Content)
	return err == nil && pfx.Content.Tag == asn1.TagSequence
}

func isKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, "PRIVATE KEY") }

// parseKey takes PKCS #8, PKCS #1 and SEC 1, and no encryption.
func parseKey(block *pem.Block) (crypto.Signer, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errors.New("it is encrypted, and mailtap asks for no passphrase; take the passphrase off with: openssl pkey -in FILE -out key.pem")
	}
	if block.Type == "OPENSSH PRIVATE KEY" {
		return nil, errors.New("it is an SSH key; a certificate's key begins with -----BEGIN PRIVATE KEY-----")
	}
	return parsePKCS8(block.Bytes)
}

func parsePKCS8(der []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return key, nil
		}
		if key, err := x509.ParseECPrivateKey(der); err == nil {
			return key, nil
		}
		return nil, fmt.Errorf("parsing the key: %w", err)
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", parsed)
	}
	return signer, nil
}
