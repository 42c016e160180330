package ca

import (
	"context"
	"crypto/tls"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

func run(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestOpenSSLVerifies holds CA and leaf against OpenSSL's strictest reading of RFC 5280.
func TestOpenSSLVerifies(t *testing.T) {
	peertest.Need(t, "openssl")
	a := newCA(t)
	for _, sni := range []string{"mail.example.org", "bücher.example", ""} {
		leaf, err := a.Leaf(sni, nil, []string{"127.0.0.1", "::1", "localhost"})
		must(t, err)
		file := pemFile(t, t.TempDir(), "leaf.pem", encode("CERTIFICATE", leaf.Leaf.Raw))
		for _, check := range [][]string{{"-verify_ip", "127.0.0.1"}, {"-verify_ip", "::1"}, {"-verify_hostname", "localhost"}} {
			args := append([]string{"verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", a.Path()}, check...)
			if out, err := run(t, "openssl", append(args, file)...); err != nil {
				t.Errorf("openssl verify %v of a leaf for %q: %v\n%s", check, sni, err, out)
			}
		}
		if out, err := run(t, "openssl", "verify", "-CAfile", a.Path(), "-verify_hostname", "other.example", file); err == nil {
			t.Errorf("openssl took another name:\n%s", out)
		}
	}
}

func TestOpenSSLReadsTheTrustStore(t *testing.T) {
	peertest.Need(t, "openssl")
	a := newCA(t)
	data, err := Export(a.Cert, "p12")
	must(t, err)
	file := pemFile(t, t.TempDir(), "ca.p12", data)
	out, err := run(t, "openssl", "pkcs12", "-in", file, "-passin", "pass:"+P12Password, "-info")
	if err != nil || !strings.Contains(out, "-----BEGIN CERTIFICATE-----") || strings.Contains(out, "PRIVATE KEY") {
		t.Errorf("openssl pkcs12: %v\n%s", err, out)
	}
}

func TestGnuTLSVerifies(t *testing.T) {
	if _, err := exec.LookPath("certtool"); err != nil {
		t.Skip("GnuTLS's certtool is not installed (Debian: gnutls-bin)")
	}
	a := newCA(t)
	leaf, err := a.Leaf("mail.example.org", nil, []string{"127.0.0.1"})
	must(t, err)
	file := pemFile(t, t.TempDir(), "leaf.pem", encode("CERTIFICATE", leaf.Leaf.Raw))
	out, err := run(t, "certtool", "--verify", "--verify-profile", "high", "--verify-hostname", "mail.example.org",
		"--verify-purpose", "1.3.6.1.5.5.7.3.1", "--load-ca-certificate", a.Path(), "--infile", file)
	if err != nil {
		t.Errorf("certtool: %v\n%s", err, out)
	}
}

// TestOpenSSLConnects has s_client shake hands with a listener that answers with minted leaves.
func TestOpenSSLConnects(t *testing.T) {
	peertest.Need(t, "openssl")
	a := newCA(t)
	tests := []struct {
		name     string
		args     []string
		insecure bool // the listener allows RSA key exchange
		says     string
	}{
		{"name", []string{"-servername", "mail.example.org", "-verify_hostname", "mail.example.org"}, false, "Verify return code: 0"},
		{"address", []string{"-noservername", "-verify_ip", "127.0.0.1"}, false, "Verify return code: 0"},
		{"TLS 1.2", []string{"-tls1_2", "-servername", "mail.example.org", "-verify_hostname", "mail.example.org"}, false, "Verify return code: 0"},
		{"RSA key exchange", []string{"-tls1_2", "-cipher", "AES128-SHA", "-servername", "mail.example.org"}, true, "AES128-SHA"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"s_client", "-connect", serve(t, a, tt.insecure), "-CAfile", a.Path(), "-verify_return_error"}
			out, err := run(t, "openssl", append(args, tt.args...)...)
			if err != nil || !strings.Contains(out, tt.says) {
				t.Errorf("s_client: %v, does not say %q:\n%s", err, tt.says, out)
			}
		})
	}
}

// serve answers one connection with a leaf of a, a greeting and its end.
func serve(t *testing.T, a *Authority, insecure bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		return a.Answer(hello, nil, []string{"127.0.0.1"})
	}}
	if insecure {
		config.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		tconn := tls.Server(conn, config)
		if err := tconn.HandshakeContext(t.Context()); err != nil {
			t.Logf("handshake: %v", err)
			return
		}
		tconn.Write([]byte("* OK ready\r\n"))
		tconn.Close()
	}()
	return l.Addr().String()
}
