// Package ca is mailtap's local certificate authority: it is made at first
// use, kept in one directory, and mints the leaves that mail clients see
// (RFC 5280, and what iOS, Android, Windows, OpenSSL, GnuTLS and NSS insist
// on beyond it).
//
// The directory holds two files:
//
//	ca-key.pem   the private key and the certificate, together so that they are made at one stroke
//	ca.pem       the certificate alone, a copy for people; made anew where it lacks
//
// The package opens no connection. proxy asks it for leaves, cmd shows,
// exports and trusts its certificate.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The files of the directory.
const (
	KeyFile  = "ca-key.pem"
	CertFile = "ca.pem"
)

// An Authority mints leaves. It is safe for concurrent use.
type Authority struct {
	Dir  string
	Cert *x509.Certificate
	Made bool // by this Open: nobody trusts it yet

	key crypto.Signer
	now func() time.Time

	mu     sync.Mutex
	leaves cache
	rsa    crypto.Signer // made when the first client comes that cannot do ECDSA
}

// DefaultDir is where the CA lives without --ca-dir: mailtap in the user's
// config directory.
func DefaultDir() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("looking for the config directory: %w; name one with --ca-dir", err)
	}
	return filepath.Join(config, "mailtap"), nil
}

// Open loads the CA of dir, and makes it first where there is none. Two
// processes may do so at once: both get the same one.
func Open(dir string) (*Authority, error) { return open(dir, time.Now) }

func open(dir string, now func() time.Time) (*Authority, error) {
	made, err := create(dir, now())
	if err != nil {
		return nil, fmt.Errorf("making the CA in %s: %w", dir, err)
	}
	cert, key, err := load(dir, now())
	if err != nil {
		return nil, err
	}
	if err := publish(dir, cert); err != nil {
		return nil, fmt.Errorf("writing the CA's certificate: %w", err)
	}
	return &Authority{Dir: dir, Cert: cert, Made: made, key: key, now: now}, nil
}

// Find reads the certificate of dir's CA without its key and without a look
// at whether it may still be used: what is expired can still be shown and
// untrusted. Where there is none the error is fs.ErrNotExist.
func Find(dir string) (*x509.Certificate, error) {
	certs, _, err := readBlocks(filepath.Join(dir, CertFile))
	if err != nil || len(certs) == 0 {
		if others, _, kerr := readBlocks(filepath.Join(dir, KeyFile)); kerr == nil && len(others) > 0 {
			return others[0], nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the CA: %w", err)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("reading the CA %s: there is no certificate in it; %s", filepath.Join(dir, CertFile), anew)
	}
	return certs[0], nil
}

// Path is the file that has the certificate alone.
func (a *Authority) Path() string { return filepath.Join(a.Dir, CertFile) }

// Name is what the certificate is called in a trust store.
func (a *Authority) Name() string { return a.Cert.Subject.CommonName }

// SHA256 is a certificate's fingerprint as programs show it: AB:CD:...
func SHA256(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return colons(sum[:])
}

// SHA1 is the fingerprint that Windows and older programs show.
func SHA1(cert *x509.Certificate) string {
	sum := sha1.Sum(cert.Raw)
	return colons(sum[:])
}

func colons(sum []byte) string {
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, ":")
}

func newKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}
