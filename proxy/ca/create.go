package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// years is how long a CA lives.
const years = 10

// skew is how far in the past certificates begin, for peers whose clock is behind.
const skew = 24 * time.Hour

// create makes the CA of dir if it has none, and reports whether it did.
// The file appears whole or not at all, and the first of two wins.
func create(dir string, now time.Time) (made bool, err error) {
	path := filepath.Join(dir, KeyFile)
	if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	if err := safeDir(dir); err != nil {
		return false, err
	}
	data, err := generate(now)
	if err != nil {
		return false, err
	}
	tmp, err := writeTemp(dir, data)
	if err != nil {
		return false, err
	}
	defer os.Remove(tmp)
	return place(tmp, path)
}

// place gives tmp its name unless the name is taken. A link does both in one
// step; file systems without links get a look and a rename.
func place(tmp, path string) (made bool, err error) {
	err = os.Link(tmp, path)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrExist):
		return false, nil
	}
	if _, err := os.Lstat(path); err == nil {
		return false, nil
	}
	return true, os.Rename(tmp, path)
}

// writeTemp leaves data, safe on the disk, in a file of mode 0600 in dir.
func writeTemp(dir string, data []byte) (string, error) {
	file, err := os.CreateTemp(dir, ".new-*") // CreateTemp's mode is 0600
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// publish keeps the copy of the certificate that people use.
func publish(dir string, cert *x509.Certificate) error {
	path := filepath.Join(dir, CertFile)
	data := encode("CERTIFICATE", cert.Raw)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	tmp, err := writeTemp(dir, data)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}

// generate is a new CA as the key file has it: the key, then the certificate.
func generate(now time.Time) ([]byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject(now, keyID(key.Public())),
		NotBefore:             now.Add(-skew).UTC().Truncate(time.Second),
		NotAfter:              now.AddDate(years, 0, -2).UTC().Truncate(time.Second),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true, // it signs leaves only
		SubjectKeyId:          keyID(key.Public()),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(encode("PRIVATE KEY", pkcs8), encode("CERTIFICATE", der)...), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// subject names the CA so that one finds it in a store of hundreds, and can
// tell whose it is. The key's identifier keeps two of one day apart: NSS takes
// the same subject for the same CA. A common name has 64 characters at most
// (RFC 5280 App. A.1).
func subject(now time.Time, id []byte) pkix.Name {
	owner := "user"
	if u, err := user.Current(); err == nil {
		owner = u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // DOMAIN\user on Windows
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	host, _, _ = strings.Cut(host, ".")
	who := plain(owner, 20) + "@" + plain(host, 24)
	return pkix.Name{
		Organization:       []string{"mailtap"},
		OrganizationalUnit: []string{who},
		SerialNumber:       hex.EncodeToString(id[:4]),
		CommonName:         "mailtap " + who + " " + now.UTC().Format(time.DateOnly),
	}
}

// plain is text without what file names, stores and terminals stumble over.
func plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x80 && letterOrDigit(byte(r)) || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, text)
	return text[:min(len(text), most)]
}

// newSerial is 128 random bits, positive and never zero (RFC 5280 §4.1.2.2).
func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return serial.SetBit(serial, 127, 1), nil
}

// keyID is a key identifier of 160 bits (RFC 7093 §2, method 1).
func keyID(public crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return make([]byte, 20) // x509.CreateCertificate will refuse such a key, and say why
	}
	return digest(der)[:20]
}
