package tlsfacts

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mailtap/parse/event"
)

// problem is one thing that is wrong with a server's certificate.
type problem struct {
	id     string
	also   []string
	text   string
	advice string
	link   int // of the chain: which certificate it is about
}

// VerifyError is why a server's certificate was refused. The first problem is
// the one to begin with.
type VerifyError struct {
	problems []problem
	err      error // crypto/x509's, where there is one
}

func (e *VerifyError) Error() string { return e.problems[0].text }

// Unwrap is crypto/x509's error.
func (e *VerifyError) Unwrap() error { return e.err }

// failure is e as a Failure, the other problems named.
func (e *VerifyError) failure() *Failure {
	first := e.problems[0]
	f := &Failure{ID: first.id, Text: first.text, Advice: first.advice}
	for _, p := range e.problems[1:] {
		f.Text += "; also, " + p.text
		f.Also = append(f.Also, p.id)
	}
	f.Also = append(f.Also, first.also...)
	return f
}

// verify looks at everything that may be wrong with a chain, each by itself:
// crypto/x509 alone would name the first, and that is often not the cause.
func (u *Upstream) verify(chain []*x509.Certificate) *VerifyError {
	leaf, now := chain[0], u.time()
	e := &VerifyError{}
	note := func(p *problem, err error) {
		if p != nil {
			e.problems = append(e.problems, *p)
			if e.err == nil {
				e.err = err
			}
		}
	}
	err := u.verifyChain(chain, now)
	if err != nil {
		p := u.chainProblem(chain, now, err)
		note(&p, err)
	}
	note(expired(leaf, now), err)
	if nerr := leaf.VerifyHostname(u.Name); nerr != nil && !strings.HasPrefix(e.id(), "tls.sni") {
		note(mismatch(leaf, u.Name), nerr)
	}
	if len(e.problems) == 0 {
		return nil
	}
	return e
}

func (e *VerifyError) id() string {
	if len(e.problems) == 0 {
		return ""
	}
	return e.problems[0].id
}

// verifyChain verifies without the name and the leaf's time, so that expiry
// does not hide what else is wrong.
func (u *Upstream) verifyChain(chain []*x509.Certificate, now time.Time) error {
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	verify := func(leaf *x509.Certificate, at time.Time) error {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: u.Roots, Intermediates: between, CurrentTime: at})
		return err
	}
	// The leaf's own time is another question (expired): its chain is held
	// against now, as if the leaf were valid, and, since the chain may have
	// expired with it, against the leaf's last day.
	leaf := *chain[0]
	last := leaf.NotAfter
	leaf.NotBefore, leaf.NotAfter = now.Add(-time.Hour), now.Add(time.Hour)
	err := verify(&leaf, now)
	if err == nil || !now.After(last) {
		return err
	}
	return verify(chain[0], last)
}

func expired(leaf *x509.Certificate, now time.Time) *problem {
	switch {
	case now.After(leaf.NotAfter):
		return &problem{id: "tls.certificate-expired",
			text:   fmt.Sprintf("the server's certificate expired on %s", day(leaf.NotAfter)),
			advice: "renew the certificate on the server, and reload the server: many keep the old one in memory"}
	case now.Before(leaf.NotBefore):
		return &problem{id: "tls.certificate-expired",
			text:   fmt.Sprintf("the server's certificate is valid only from %s on, and it is %s here", day(leaf.NotBefore), day(now)),
			advice: "check the clock of this machine, then that of the machine that issued the certificate"}
	}
	return nil
}

func mismatch(leaf *x509.Certificate, name string) *problem {
	names := Names(leaf)
	if len(names) == 0 {
		return &problem{id: "tls.name-mismatch",
			text:   fmt.Sprintf("the server's certificate has no names that clients look at, only the subject %q", clean(subject(leaf))),
			advice: "issue the certificate with subject alternative names; to go on without: ?name= or --upstream-insecure"}
	}
	return &problem{id: "tls.name-mismatch",
		text:   fmt.Sprintf("the server's certificate is for %s, not for %q", list(names, 8), clean(name)),
		advice: fmt.Sprintf("use a name of the certificate as the server's name, in the mail client too; to keep the address and check against another name, write ?name=%s behind the upstream", usable(names))}
}

// usable is a name that one can write where the certificate has a wildcard.
func usable(names []string) string {
	for _, name := range names {
		if !strings.HasPrefix(name, "*.") {
			return name
		}
	}
	return "mail" + strings.TrimPrefix(names[0], "*")
}

// chainProblem says why a chain does not lead to a trusted root.
func (u *Upstream) chainProblem(chain []*x509.Certificate, now time.Time, err error) problem {
	leaf, top := chain[0], chain[len(chain)-1]
	issuer := clean(top.Issuer.String())
	if noSNI(leaf) {
		return problem{id: "tls.sni-missing",
			text:   "the server answered with its certificate for clients that send no server name",
			advice: "name the server by its host name, not by an address, or write ?name=SERVERNAME behind the upstream; do not ignore certificate errors"}
	}
	if product := middlebox(chain); product != "" {
		return problem{id: "tls.middlebox",
			text:   fmt.Sprintf("the certificate was issued by %s (%q): it stands between mailtap and the server", product, issuer),
			advice: "switch its scanning of mail or TLS off for this server, or trust its root with --upstream-ca; clients without mailtap meet it too"}
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason != x509.Expired {
		return problem{id: "tls.certificate-untrusted",
			text:   "the server's certificate is none for a server: " + clean(err.Error()),
			advice: "issue it anew with the usages and constraints of a server's certificate; to see the session without a check: --upstream-insecure"}
	}
	if selfSigned(leaf) {
		return u.selfSignedProblem(leaf)
	}
	for i, cert := range chain[1:] {
		if now.After(cert.NotAfter) {
			return problem{id: "tls.chain-incomplete", link: i + 1,
				text:   fmt.Sprintf("the intermediate certificate %q that the server sends expired on %s", clean(subject(cert)), day(cert.NotAfter)),
				advice: "install the issuer's current chain on the server (fullchain.pem, not cert.pem)"}
		}
	}
	if !selfSigned(top) && u.looksIncomplete(top) {
		return problem{id: "tls.chain-incomplete", link: len(chain) - 1,
			text:   fmt.Sprintf("the server sends %s, and lacks the certificate of %q that links it to a trusted root", count(len(chain)), issuer),
			advice: "have the server send its whole chain (fullchain.pem, not cert.pem); some clients fetch what is missing or have it from elsewhere, others fail"}
	}
	return problem{id: "tls.certificate-untrusted", link: len(chain) - 1,
		text:   fmt.Sprintf("the server's certificate was issued by %q, which is not trusted here", issuer),
		advice: "if it is a CA of your own, name its certificate with --upstream-ca FILE or ?ca=FILE behind the upstream; to see the session without a check: --upstream-insecure"}
}

func (u *Upstream) selfSignedProblem(leaf *x509.Certificate) problem {
	if (local(u.Name) || onlyLocal(leaf)) && (ofBridge(leaf) || u.Upgrade && onlyLocal(leaf)) {
		return problem{id: "tls.local-bridge-selfsigned", also: []string{"tls.certificate-untrusted"},
			text:   fmt.Sprintf("the server on this machine has a self-signed certificate (%q), as Proton Bridge and others like it do", clean(subject(leaf))),
			advice: "export the bridge's certificate from its settings and name it with --upstream-ca FILE or ?ca=FILE behind the upstream; keep STARTTLS where the bridge asks for it"}
	}
	var also []string
	if local(u.Name) {
		also = []string{"tls.local-bridge-selfsigned"}
	}
	return problem{id: "tls.certificate-untrusted", also: also,
		text:   fmt.Sprintf("the server's certificate is self-signed (%q)", clean(subject(leaf))),
		advice: "if it is your server's, save it and name it with --upstream-ca FILE or ?ca=FILE behind the upstream; to see the session without a check: --upstream-insecure"}
}

// ofBridge tells the certificates of programs that make a mail server of a
// web mail, for clients on the same machine.
func ofBridge(leaf *x509.Certificate) bool {
	name := strings.ToLower(subject(leaf))
	for _, word := range []string{"proton", "bridge", "hydroxide", "davmail", "tuta", "ctemplar"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func count(n int) string {
	if n == 1 {
		return "one certificate"
	}
	return fmt.Sprintf("%d certificates", n)
}

// looksIncomplete tells a link that the server forgot from a root that nobody
// trusts here. Neither can be seen: public CAs say where the missing one can be
// had (RFC 5280 §4.2.2.1), and intermediates are named after their root, or
// for what they are.
func (u *Upstream) looksIncomplete(top *x509.Certificate) bool {
	if len(top.IssuingCertificateURL) > 0 {
		return true
	}
	name := strings.ToLower(top.Issuer.CommonName)
	for _, word := range []string{"intermediate", "issuing", "subordinate", "sub ca", "sub-ca", "subca"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return u.rootOf(top.Issuer.Organization)
}

// rootOf reports whether a root that the user named is of the same organization.
func (u *Upstream) rootOf(organization []string) bool {
	for _, root := range u.RootCerts {
		for _, o := range organization {
			if len(root.Subject.Organization) > 0 && o == root.Subject.Organization[0] {
				return true
			}
		}
	}
	return false
}

func selfSigned(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer) && cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil
}

// noSNI knows the certificate that Google's servers have for such clients.
func noSNI(leaf *x509.Certificate) bool {
	text := leaf.Subject.String()
	return strings.Contains(text, "No SNI provided") || leaf.Subject.CommonName == "invalid2.invalid"
}

func local(name string) bool {
	addr, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

func onlyLocal(leaf *x509.Certificate) bool {
	names := Names(leaf)
	for _, name := range names {
		if !local(name) {
			return false
		}
	}
	return len(names) > 0
}

// middleboxes are products that put certificates of their own in place of the
// server's, by what their issuers are called.
var middleboxes = []string{
	"Avast", "AVG", "ESET", "Kaspersky", "Bitdefender", "Norton", "McAfee", "Dr.Web", "G DATA", "AdGuard", "Panda Security",
	"Trend Micro", "Sophos", "Zscaler", "Netskope", "Fortinet", "FortiGate", "Palo Alto", "Check Point", "Blue Coat", "WatchGuard", "Barracuda",
	"Untangle", "pfSense", "Cisco Umbrella", "Securly", "Lightspeed", "mitmproxy", "PortSwigger", "Fiddler", "Charles Proxy", "sslsplit", "mailtap",
}

// middlebox is the product that issued a chain's certificates, or "".
func middlebox(chain []*x509.Certificate) string {
	for _, cert := range chain {
		issuer := strings.ToLower(cert.Issuer.String())
		for _, product := range middleboxes {
			if words(issuer, strings.ToLower(product)) {
				return product
			}
		}
	}
	return ""
}

// words reports whether text has phrase in it as words of their own: AVG, not "avgust".
func words(text, phrase string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(phrase)
		if (i == 0 || !wordByte(text[i-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		from = end
	}
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

// mark writes into the event which certificates stand and why others do not.
func mark(t *event.TLS, e *VerifyError) {
	for i := range t.Peer {
		t.Peer[i].Verified = e == nil
	}
	if e == nil {
		return
	}
	for _, p := range e.problems {
		if p.link < len(t.Peer) && t.Peer[p.link].Reason == "" {
			t.Peer[p.link].Reason = p.text
		}
	}
	if len(t.Peer) > 0 && t.Peer[0].Reason == "" {
		t.Peer[0].Reason = e.problems[0].text
	}
}
