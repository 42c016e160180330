package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

func newCA(t *testing.T) *Authority {
	t.Helper()
	a, err := Open(filepath.Join(t.TempDir(), "mailtap"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFirstUseMakesTheCA(t *testing.T) {
	a := newCA(t)
	if !a.Made {
		t.Error("Made = false at first use")
	}
	for path, want := range map[string]os.FileMode{a.Dir: 0o700, filepath.Join(a.Dir, KeyFile): 0o600, a.Path(): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %04o, want %04o", path, got, want)
		}
	}
	files, _ := os.ReadDir(a.Dir)
	if len(files) != 2 {
		t.Errorf("files = %v, want two", files)
	}
	c := a.Cert
	if !c.IsCA || c.MaxPathLen != 0 || !c.MaxPathLenZero || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(c.SubjectKeyId) != 20 {
		t.Errorf("CA = %v path %d usage %b SKI %x", c.IsCA, c.MaxPathLen, c.KeyUsage, c.SubjectKeyId)
	}
	if public, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || public.Curve != elliptic.P256() {
		t.Errorf("key = %T, want ECDSA P-256", c.PublicKey)
	}
	if life := c.NotAfter.Sub(c.NotBefore); life > 10*366*24*time.Hour || life < 9*365*24*time.Hour {
		t.Errorf("valid for %v, want about ten years", life)
	}
	if name := a.Name(); !strings.HasPrefix(name, "mailtap ") || !strings.Contains(name, "@") || !strings.Contains(name, time.Now().UTC().Format("2006-01")) || len(name) > 64 {
		t.Errorf("name = %q, want mailtap, user@host and the date", name)
	}
	again, err := Open(a.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if again.Made || !again.Cert.Equal(a.Cert) {
		t.Errorf("the second Open made another CA")
	}
}

func TestTwoProcessesGetOneCA(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mailtap")
	var wg sync.WaitGroup
	prints, made := make([]string, 16), make([]bool, 16)
	for i := range prints {
		wg.Go(func() {
			a, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			prints[i], made[i] = SHA256(a.Cert), a.Made
		})
	}
	wg.Wait()
	if n := len(slices.Compact(slices.Clone(prints))); n != 1 {
		t.Errorf("%d different CAs: %q", n, prints)
	}
	count := 0
	for _, m := range made {
		if m {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d say they made it, want 1", count)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestOpenRefuses(t *testing.T) {
	year := 365 * 24 * time.Hour
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir, key string)
		after time.Duration
		says  string
	}{
		{"readable by others", func(t *testing.T, _, key string) { must(t, os.Chmod(key, 0o644)) }, 0, "run chmod 600"},
		{"readable by the group", func(t *testing.T, _, key string) { must(t, os.Chmod(key, 0o640)) }, 0, "run chmod 600"},
		{"directory open to all", func(t *testing.T, dir, _ string) { must(t, os.Chmod(dir, 0o777)) }, 0, "run chmod 700"},
		{"empty", func(t *testing.T, _, key string) { must(t, os.WriteFile(key, nil, 0o600)) }, 0, "no private key in it; move it away"},
		{"cut", func(t *testing.T, _, key string) {
			data, err := os.ReadFile(key)
			must(t, err)
			must(t, os.WriteFile(key, data[:len(data)/2], 0o600))
		}, 0, "no certificate in it; move it away"},
		{"another's key", func(t *testing.T, _, key string) {
			one, err := generate(time.Now())
			must(t, err)
			two, err := generate(time.Now())
			must(t, err)
			must(t, os.WriteFile(key, slices.Concat(one[:bytes.Index(one, []byte("-----BEGIN CERT"))], two[bytes.Index(two, []byte("-----BEGIN CERT")):]), 0o600))
		}, 0, "do not belong together"},
		{"expired", func(*testing.T, string, string) {}, 11 * year, "run mailtap ca untrust"},
		{"clock in the past", func(*testing.T, string, string) {}, -year, "set the clock"},
		{"a directory", func(t *testing.T, _, key string) { must(t, os.Remove(key)); must(t, os.Mkdir(key, 0o700)) }, 0, "no file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newCA(t)
			tt.spoil(t, a.Dir, filepath.Join(a.Dir, KeyFile))
			_, err := open(a.Dir, func() time.Time { return time.Now().Add(tt.after) })
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Open = %v, want one line that says %q", err, tt.says)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLeaf(t *testing.T) {
	a := newCA(t)
	upstream := &x509.Certificate{
		DNSNames:    []string{"imap.example.org", "*.example.net", "*", "*.org", "w*.example.org", "bad name", "\x1b[2J", ""},
		IPAddresses: []net.IP{net.ParseIP("192.0.2.1"), net.ParseIP("2001:db8::1")},
	}
	leaf, err := a.Leaf("Mail.Example.ORG.", upstream, []string{"127.0.0.1", "localhost", "::1", "[fe80::1%eth0]", "0.0.0.0"})
	must(t, err)
	c := leaf.Leaf
	if want := []string{"mail.example.org", "localhost", "imap.example.org", "*.example.net"}; !slices.Equal(c.DNSNames, want) {
		t.Errorf("names = %q, want %q", c.DNSNames, want)
	}
	if got, want := fmt.Sprint(c.IPAddresses), "[127.0.0.1 ::1 fe80::1 192.0.2.1 2001:db8::1]"; got != want {
		t.Errorf("addresses = %s, want %s", got, want)
	}
	if c.Subject.CommonName != "mail.example.org" {
		t.Errorf("common name = %q", c.Subject.CommonName)
	}
	if life := c.NotAfter.Sub(c.NotBefore); life > 199*24*time.Hour {
		t.Errorf("valid for %v, over 199 days", life)
	}
	if !c.NotBefore.Before(time.Now().Add(-time.Hour)) {
		t.Errorf("begins at %v, want a bit in the past", c.NotBefore)
	}
	if c.IsCA || !c.BasicConstraintsValid || c.KeyUsage != x509.KeyUsageDigitalSignature || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Errorf("CA %v usage %b %v", c.IsCA, c.KeyUsage, c.ExtKeyUsage)
	}
	if len(c.SubjectKeyId) != 20 || !bytes.Equal(c.AuthorityKeyId, a.Cert.SubjectKeyId) {
		t.Errorf("SKI %x AKI %x, CA's SKI %x", c.SubjectKeyId, c.AuthorityKeyId, a.Cert.SubjectKeyId)
	}
	if n := c.SerialNumber.BitLen(); n != 128 || c.SerialNumber.Sign() <= 0 {
		t.Errorf("serial of %d bits, want 128", n)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.Cert)
	for _, name := range []string{"mail.example.org", "localhost", "a.example.net", "127.0.0.1", "::1"} {
		if _, err := c.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("Verify(%q) = %v", name, err)
		}
	}
}

func TestLeafForOddNames(t *testing.T) {
	a := newCA(t)
	long := strings.Repeat(strings.Repeat("a", 60)+".", 4) + "org"
	tests := []struct{ sni, want, common string }{
		{"", "", "mailtap"},
		{"bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"mail_server", "mail_server", "mail_server"},
		{"*.example.org", "", "mailtap"},
		{"192.0.2.7", "", "192.0.2.7"},
		{"a..b", "", "mailtap"},
		{".", "", "mailtap"},
		{"\xff\xfe", "", "mailtap"},
		{"evil\x00.example", "", "mailtap"},
		{"x\r\ny", "", "mailtap"},
		{"-a.example", "", "mailtap"},
		{long, long, "mailtap"},
		{strings.Repeat("a.", 200), "", "mailtap"},
		{strings.Repeat("a", 64), "", "mailtap"},
	}
	for _, tt := range tests {
		leaf, err := a.Leaf(tt.sni, nil, nil)
		if err != nil {
			t.Errorf("Leaf(%q) = %v", tt.sni, err)
			continue
		}
		if got := strings.Join(leaf.Leaf.DNSNames, " "); got != tt.want || leaf.Leaf.Subject.CommonName != tt.common {
			t.Errorf("Leaf(%q) = %q %q, want %q %q", tt.sni, leaf.Leaf.Subject.CommonName, got, tt.common, tt.want)
		}
	}
}

// mbsync and fetchmail never look among a certificate's addresses.
func TestLeafForAnAddressHasItAsCommonName(t *testing.T) {
	a := newCA(t)
	upstream := &x509.Certificate{DNSNames: []string{"imap.example.org"}, IPAddresses: []net.IP{net.ParseIP("192.0.2.1")}}
	for _, tt := range []struct{ sni, common string }{{"", "127.0.0.1"}, {"192.0.2.7", "192.0.2.7"}, {"localhost", "localhost"}, {"", "127.0.0.1"}} {
		leaf, err := a.Leaf(tt.sni, upstream, []string{"127.0.0.1", "localhost", "::1"})
		must(t, err)
		if got := leaf.Leaf.Subject.CommonName; got != tt.common {
			t.Errorf("Leaf(%q) has the common name %q, want %q", tt.sni, got, tt.common)
		}
	}
}

func TestLeafTakesTheCommonNameOfOldCertificates(t *testing.T) {
	leaf, err := newCA(t).Leaf("", &x509.Certificate{Subject: pkix.Name{CommonName: "mail.example.org"}}, nil)
	must(t, err)
	if got := leaf.Leaf.DNSNames; !slices.Equal(got, []string{"mail.example.org"}) {
		t.Errorf("names = %q", got)
	}
}

func TestLeafIsCachedAndRenewed(t *testing.T) {
	now := time.Now()
	a, err := open(filepath.Join(t.TempDir(), "m"), func() time.Time { return now })
	must(t, err)
	get := func(sni string) *big.Int {
		t.Helper()
		leaf, err := a.Leaf(sni, nil, nil)
		must(t, err)
		return leaf.Leaf.SerialNumber
	}
	first := get("a.example")
	if get("a.example").Cmp(first) != 0 || get("A.example.").Cmp(first) != 0 {
		t.Error("the same name got another leaf")
	}
	now = now.Add(180 * 24 * time.Hour)
	if get("a.example").Cmp(first) == 0 {
		t.Error("an old leaf was given out again")
	}
	for i := range maxLeaves + 10 {
		get(fmt.Sprintf("n%d.example", i))
	}
	if n := a.leaves.order.Len(); n != maxLeaves || len(a.leaves.index) != maxLeaves {
		t.Errorf("cache holds %d of %d", n, maxLeaves)
	}
	now = a.Cert.NotAfter.Add(-10 * 24 * time.Hour)
	leaf, err := a.Leaf("late.example", nil, nil)
	must(t, err)
	if leaf.Leaf.NotAfter.After(a.Cert.NotAfter) {
		t.Errorf("the leaf outlives the CA: %v, %v", leaf.Leaf.NotAfter, a.Cert.NotAfter)
	}
}

func TestNamesOnALeafAreBounded(t *testing.T) {
	upstream := &x509.Certificate{}
	for i := range 5000 {
		upstream.DNSNames = append(upstream.DNSNames, fmt.Sprintf("n%d.example", i))
	}
	leaf, err := newCA(t).Leaf("asked.example", upstream, []string{"127.0.0.1"})
	must(t, err)
	if n := len(leaf.Leaf.DNSNames) + len(leaf.Leaf.IPAddresses); n != maxNames {
		t.Errorf("%d names, want %d", n, maxNames)
	}
	if leaf.Leaf.DNSNames[0] != "asked.example" {
		t.Errorf("the first name is %q, want the one asked for", leaf.Leaf.DNSNames[0])
	}
}

func TestListenerNames(t *testing.T) {
	tests := []struct {
		host string
		all  bool
		has  []string
	}{
		{"127.0.0.1", false, []string{"127.0.0.1", "localhost", "::1"}},
		{"192.0.2.1", false, []string{"192.0.2.1"}},
		{"", true, []string{"localhost", "127.0.0.1"}},
	}
	for _, tt := range tests {
		got := ListenerNames(tt.host, tt.all)
		for _, want := range tt.has {
			if !slices.Contains(got, want) {
				t.Errorf("ListenerNames(%q, %v) = %q, lacks %q", tt.host, tt.all, got, want)
			}
		}
	}
	if got := ListenerNames("192.0.2.1", false); slices.Contains(got, "localhost") {
		t.Errorf("ListenerNames(192.0.2.1) = %q, has localhost", got)
	}
}

func TestExport(t *testing.T) {
	a := newCA(t)
	key, err := os.ReadFile(filepath.Join(a.Dir, KeyFile))
	must(t, err)
	public, err := os.ReadFile(a.Path())
	must(t, err)
	for _, format := range []string{"pem", "der", "p12"} {
		data, err := Export(a.Cert, format)
		must(t, err)
		if bytes.Contains(data, []byte("PRIVATE")) || len(data) == 0 || bytes.Equal(data, key) {
			t.Errorf("Export(%s) has a key, or nothing", format)
		}
		switch format {
		case "pem":
			if !bytes.Equal(data, public) {
				t.Errorf("Export(pem) differs from %s", a.Path())
			}
		case "der":
			if !bytes.Equal(data, a.Cert.Raw) {
				t.Error("Export(der) is not the certificate")
			}
		case "p12":
			certs, err := pkcs12.DecodeTrustStore(data, P12Password)
			if err != nil || len(certs) != 1 || !certs[0].Equal(a.Cert) {
				t.Errorf("Export(p12) reads as %v, %v", certs, err)
			}
		}
	}
	if _, err := Export(a.Cert, "jks"); err == nil {
		t.Error("Export(jks) gave something")
	}
}

func BenchmarkMint(b *testing.B) {
	a, err := Open(filepath.Join(b.TempDir(), "m"))
	if err != nil {
		b.Fatal(err)
	}
	n := gather("mail.example.org", nil, []string{"127.0.0.1"})
	for b.Loop() {
		key, _ := newKey()
		if _, err := a.mint(n, key, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCachedLeaf(b *testing.B) {
	a, err := Open(filepath.Join(b.TempDir(), "m"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.Leaf("mail.example.org", nil, []string{"127.0.0.1"}); err != nil {
			b.Fatal(err)
		}
	}
}

// pemFile writes blocks to a file of dir and gives its path.
func pemFile(t *testing.T, dir, name string, parts ...[]byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, slices.Concat(parts...), 0o600))
	return path
}

func keyPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return encode("PRIVATE KEY", der)
}

func TestLoadPair(t *testing.T) {
	a, dir := newCA(t), t.TempDir()
	leaf, err := a.Leaf("mail.example.org", nil, nil)
	must(t, err)
	otherKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert, issuer, key := encode("CERTIFICATE", leaf.Leaf.Raw), encode("CERTIFICATE", a.Cert.Raw), keyPEM(t, leaf.PrivateKey)
	p12, err := pkcs12.Modern.Encode(leaf.PrivateKey, leaf.Leaf, nil, "x")
	must(t, err)
	ec, err := x509.MarshalECPrivateKey(leaf.PrivateKey.(*ecdsa.PrivateKey))
	must(t, err)
	path := map[string]string{
		"cert":      pemFile(t, dir, "cert.pem", cert),
		"chain":     pemFile(t, dir, "chain.pem", cert, issuer),
		"reversed":  pemFile(t, dir, "reversed.pem", issuer, cert),
		"key":       pemFile(t, dir, "key.pem", key),
		"sec1":      pemFile(t, dir, "sec1.pem", []byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"), encode("EC PRIVATE KEY", ec)),
		"other":     pemFile(t, dir, "other.pem", keyPEM(t, otherKey)),
		"both":      pemFile(t, dir, "both.pem", key, cert),
		"der":       pemFile(t, dir, "cert.der", leaf.Leaf.Raw),
		"derkey":    pemFile(t, dir, "key.der", ec),
		"p12":       pemFile(t, dir, "cert.p12", p12),
		"encrypted": pemFile(t, dir, "encrypted.pem", encode("ENCRYPTED PRIVATE KEY", []byte("x"))),
		"ssh":       pemFile(t, dir, "ssh.pem", encode("OPENSSH PRIVATE KEY", []byte("x"))),
		"broken":    pemFile(t, dir, "broken.pem", encode("CERTIFICATE", []byte("x"))),
		"text":      pemFile(t, dir, "text.pem", []byte("hello")),
		"missing":   filepath.Join(dir, "missing.pem"),
	}
	tests := []struct{ cert, key, says string }{
		{"cert", "key", ""}, {"chain", "key", ""}, {"both", "", ""}, {"both", "both", ""}, {"der", "key", ""}, {"cert", "sec1", ""},
		{"cert", "other", "does not belong to the certificate"},
		{"reversed", "key", "is number 2; it has to come first"},
		{"key", "cert", "look swapped"},
		{"cert", "", "name its file with --key"},
		{"cert", "chain", "needs -----BEGIN PRIVATE KEY"},
		{"key", "key", "needs -----BEGIN CERTIFICATE"},
		{"p12", "", "openssl pkcs12 -in"},
		{"cert", "p12", "openssl pkcs12 -in"},
		{"cert", "derkey", "openssl pkey -inform DER"},
		{"cert", "encrypted", "openssl pkey -in"},
		{"cert", "ssh", "SSH key"},
		{"broken", "key", "reading certificate 1 of"},
		{"text", "key", "neither PEM nor"},
		{"missing", "key", "no such file"},
		{"", "key", "name it with --cert"},
	}
	for _, tt := range tests {
		t.Run(tt.cert+"+"+tt.key, func(t *testing.T) {
			got, err := LoadPair(path[tt.cert], path[tt.key])
			if tt.says == "" {
				if err != nil || !got.Leaf.Equal(leaf.Leaf) {
					t.Errorf("LoadPair = %v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("LoadPair = %v, want one line that says %q", err, tt.says)
			}
		})
	}
}
