package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

const (
	// leafLife is how long a leaf is valid, its beginning in the past included:
	// the CA/Browser Forum allows 200 days from March 2026 on, and clients follow.
	leafLife = 199*24*time.Hour - time.Second
	// renewal is when a cached leaf is minted anew.
	renewal = 30 * 24 * time.Hour
)

// Leaf gives a certificate for the name the client asked for (SNI, may be
// empty or nonsense), the names on the server's certificate (nil where there
// is none) and the listener's own names and addresses.
func (a *Authority) Leaf(sni string, upstream *x509.Certificate, listener []string) (*tls.Certificate, error) {
	return a.leaf(gather(sni, upstream, listener), false)
}

// Answer is Leaf for a client whose hello is known: one that cannot do ECDSA,
// as with RSA key exchange (--tls-legacy), gets a leaf with an RSA key.
func (a *Authority) Answer(hello *tls.ClientHelloInfo, upstream *x509.Certificate, listener []string) (*tls.Certificate, error) {
	n := gather(hello.ServerName, upstream, listener)
	leaf, err := a.leaf(n, false)
	if err != nil || hello.SupportsCertificate(leaf) == nil {
		return leaf, err
	}
	other, err := a.leaf(n, true)
	if err != nil || hello.SupportsCertificate(other) != nil {
		return leaf, err // neither will do: the handshake says what is lacking
	}
	return other, nil
}

func (a *Authority) leaf(n *names, wantRSA bool) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := n.key()
	if wantRSA {
		name += "rsa"
	}
	now := a.now()
	if leaf := a.leaves.get(name); leaf != nil && now.Before(a.renewAt(leaf.Leaf)) {
		return leaf, nil
	}
	key, err := a.leafKey(wantRSA)
	if err != nil {
		return nil, fmt.Errorf("making a key for %q: %w", n.common(), err)
	}
	leaf, err := a.mint(n, key, now)
	if err != nil {
		return nil, fmt.Errorf("minting a certificate for %q: %w", n.common(), err)
	}
	a.leaves.put(name, leaf)
	return leaf, nil
}

// renewAt is when a leaf is replaced. One that ends with the CA itself cannot get better.
func (a *Authority) renewAt(leaf *x509.Certificate) time.Time {
	if !leaf.NotAfter.Before(a.Cert.NotAfter) {
		return leaf.NotAfter
	}
	return leaf.NotAfter.Add(-renewal)
}

// leafKey is a new key for ECDSA, and for RSA, where making one takes long, the same for all.
func (a *Authority) leafKey(wantRSA bool) (crypto.Signer, error) {
	if !wantRSA {
		return newKey()
	}
	if a.rsa == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		a.rsa = key
	}
	return a.rsa, nil
}

func (a *Authority) mint(n *names, key crypto.Signer, now time.Time) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	begin := now.Add(-skew).UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Organization: []string{"mailtap"}, CommonName: n.common()},
		NotBefore:             latest(begin, a.Cert.NotBefore),
		NotAfter:              earliest(begin.Add(leafLife), a.Cert.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              n.dns,
		IPAddresses:           n.ips,
		SubjectKeyId:          keyID(key.Public()),
		AuthorityKeyId:        a.Cert.SubjectKeyId,
	}
	if _, ok := key.(*rsa.PrivateKey); ok {
		template.KeyUsage |= x509.KeyUsageKeyEncipherment // RSA key exchange
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
