package tlsfacts

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// identity is a certificate with its key and what was issued above it.
type identity struct {
	cert  *x509.Certificate
	key   crypto.Signer
	above *identity
}

// newAuthority is a root of its own.
func newAuthority(t *testing.T, name string) *identity {
	t.Helper()
	return issue(t, nil, name, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
}

// issue makes a certificate below a, or one that is self-signed.
func issue(t *testing.T, a *identity, name string, change func(c *x509.Certificate)) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return issueKey(t, a, name, key, change)
}

func issueKey(t *testing.T, a *identity, name string, key crypto.Signer, change func(c *x509.Certificate)) *identity {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &identity{cert: cert, key: key, above: a}
}

// below is an intermediate of a.
func (a *identity) below(t *testing.T, name string) *identity {
	t.Helper()
	return issue(t, a, name, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
}

// leaf is a server's certificate below a.
func (a *identity) leaf(t *testing.T, names ...string) *identity {
	t.Helper()
	return issue(t, a, names[0], named(names...))
}

func named(names ...string) func(c *x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
				continue
			}
			c.DNSNames = append(c.DNSNames, name)
		}
	}
}

func (a *identity) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// tls is the identity with the certificates that it sends along.
func (a *identity) tls(along ...*identity) tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key, Leaf: a.cert}
	for _, other := range along {
		c.Certificate = append(c.Certificate, other.cert.Raw)
	}
	return c
}

func (a *identity) answer(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c := a.tls()
	return &c, nil
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pair is two ends of a TCP connection: crypto/tls writes alerts that nobody
// may be reading, which a net.Pipe would not take.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}
