package finding

import "mailtap/parse/event"

// transport is TLS: who spoke it where it was not expected, and whose certificate is not good.
var transport = []Entry{
	{
		ID: "tls.port.tls-on-plain", Field: FieldSecurity, Set: "STARTTLS, port {starttls} (or SSL/TLS, port {tls}, where the server has it)", Severity: event.SeverityError,
		Title:   "the client speaks TLS on a port that begins in the clear",
		Advice:  "set the client's connection security to STARTTLS for this port, or keep SSL/TLS and use the port for it (IMAP 993, POP3 995); at mailtap: listen with imaps:// or pop3s:// for such a client",
		Explain: "The client's first octets are a TLS ClientHello (16 03 ...), but this listener greets in the clear. Ports 993 and 995 go with SSL/TLS, 143 and 110 with STARTTLS. OpenSSL clients call it \"wrong version number\".",
		RFC:     "RFC 8314 §3",
	},
	{
		ID: "tls.port.plain-on-tls", Field: FieldSecurity, Set: "SSL/TLS (port {tls} at the server itself; at mailtap the port that it listens on)", Severity: event.SeverityError,
		Title:   "the client does not begin with TLS on an implicit-TLS port",
		Advice:  "set the client's connection security to SSL/TLS for this port, or keep STARTTLS and use the port for it (IMAP 143, POP3 110); at mailtap: listen with imap+starttls:// or pop3+starttls:// for such a client",
		Explain: "A client that is set to STARTTLS or to no security waits for a greeting, while this listener waits for its ClientHello: both wait until one gives up.",
		RFC:     "RFC 8314 §3",
	},
	{
		ID: "tls.upstream.plaintext", Severity: event.SeverityError,
		Title:   "the server does not speak TLS on that port",
		Advice:  "use imap+starttls:// or pop3+starttls:// for this port, or the server's TLS port (993, 995)",
		Explain: "mailtap began a TLS handshake and the server answered with text: its port begins in the clear and is upgraded by STARTTLS, or offers no TLS at all.",
		RFC:     "RFC 8314 §3",
	},
	{
		ID: "tls.upstream.cleartext", Severity: event.SeverityWarning,
		Title:   "the server's side of this route is not encrypted",
		Advice:  "use imaps:// or imap+starttls:// (pop3s://, pop3+starttls://) for the upstream, unless it is this machine or a network that you trust",
		Explain: "The client's connection is inside TLS and believes to be safe, but mailtap's connection to the server is in the clear: passwords and mail can be read on the way.",
		RFC:     "RFC 8314 §4",
	},
	{
		ID: "tls.upstream.failed", Severity: event.SeverityError,
		Title:   "the encrypted connection to the server did not come about",
		Advice:  "check the server's name and port (with SSL/TLS: IMAP 993, POP3 995); try again in some minutes; a virus scanner or a firewall on the way may break in: switch its mail scanning off for a test; then ask the provider, with the reason that is named here",
		Explain: "The connection to the server stood, but no TLS session came about for a reason that no other finding names.",
	},
	{
		ID: "tls.client.failed", Severity: event.SeverityError,
		Title:   "the encrypted connection with the client did not come about",
		Advice:  "look at the message that the client shows; update the client; let it trust mailtap's certificate authority (mailtap ca trust), and set its connection security to SSL/TLS or STARTTLS as this port has it",
		Explain: "The client began TLS and did not finish it, for a reason that no other finding names.",
	},
	{
		ID: "tls.certificate-expired", Severity: event.SeverityError,
		Title:   "the server's certificate is outside its time of validity",
		Advice:  "renew the certificate on the server (and check this machine's clock); --upstream-insecure goes on without the check",
		Explain: "The certificate's notAfter lies in the past, or its notBefore in the future.",
		RFC:     "RFC 5280 §4.1.2.5",
	},
	{
		ID: "tls.certificate-untrusted", Field: FieldTrust, Severity: event.SeverityError,
		Title:   "the server's certificate is not signed by an authority that this machine trusts",
		Advice:  "give its authority with --upstream-ca FILE (or ?ca=FILE behind the route), or go on without the check with --upstream-insecure",
		Explain: "The chain that the server sent leads to no trusted root: a self-signed certificate, a private authority, or an intermediate certificate that the server does not send.",
		RFC:     "RFC 5280 §6",
	},
	{
		ID: "tls.name-mismatch", Field: FieldServer, Severity: event.SeverityError,
		Title:   "the server's certificate is for another name",
		Advice:  "use one of the names in the certificate for the upstream, or say which one to expect with ?name=SERVERNAME behind the route",
		Explain: "The name that was dialled is not among the certificate's subject alternative names; usual with shared hosting and with servers addressed by IP.",
		RFC:     "RFC 9525 §6",
	},
}
