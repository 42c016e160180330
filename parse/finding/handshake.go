package finding

import "mailtap/parse/event"

// handshake is why two sides that both speak TLS do not come together: which
// certificate is not believed, which version or cipher is lacking.
var handshake = []Entry{
	{
		ID: "tls.client.untrusted-ca", Field: FieldTrust, Severity: event.SeverityError,
		Title:   "the client does not trust the certificate that mailtap shows it",
		Advice:  "this is mailtap's doing: its certificates are signed by a CA of its own; let the client trust that with mailtap ca trust, or mailtap ca export and an import in the client; on iOS switch full trust on as well (Settings, General, About, Certificate Trust Settings); do not switch certificate checks off",
		Explain: "The client ended the handshake with the alert unknown_ca (48), bad_certificate (42) or certificate_unknown (46) when it saw the certificate. Firefox, Thunderbird and Java have trust stores of their own.",
		RFC:     "RFC 8446 §6.2",
	},
	{
		ID: "tls.client.silent-abort", Field: FieldTrust, Severity: event.SeverityError,
		Title:   "the client broke the handshake off without a word",
		Advice:  "if it happens each time, the client most likely does not trust mailtap's certificate (mailtap ca trust), or pins the server's",
		Explain: "The client closed the connection after it saw the certificate, without an alert. Some TLS libraries do so where they do not trust it; clients that pin a certificate do too, and a user who closes a warning.",
		RFC:     "RFC 8446 §6",
	},
	{
		ID: "tls.version-too-old", Severity: event.SeverityError,
		Title:   "the two sides have no TLS version in common",
		Advice:  "update the older side; --tls-legacy allows TLS 1.0 and 1.1, to see the rest of the session",
		Explain: "One side knows only TLS 1.0 or 1.1, which the other refuses: alert protocol_version (70), \"unsupported protocol\", Outlook's 0x800CCC1A.",
		RFC:     "RFC 8996",
	},
	{
		ID: "tls.no-shared-cipher", Severity: event.SeverityError,
		Title:   "the two sides have no cipher suite in common",
		Advice:  "update the older side, or allow more suites on the server; --tls-legacy allows RSA key exchange, CBC and 3DES",
		Explain: "Each side offers ciphers that the other does not accept: alert handshake_failure (40). Windows 7 against a server that has GCM suites alone is the usual case.",
		RFC:     "RFC 8446 §6.2",
	},
	{
		ID: "tls.sni-missing", Field: FieldServer, Severity: event.SeverityWarning,
		Title:   "the client does not say which server it wants (no SNI)",
		Advice:  "give the client a host name in place of an address, or update it; do not switch certificate checks off",
		Explain: "The ClientHello has no server_name. A server for several domains then shows its default certificate, and Gmail one that says \"No SNI provided; please fix your client\".",
		RFC:     "RFC 6066 §3",
	},
	{
		ID: "tls.chain-incomplete", Severity: event.SeverityError,
		Title:   "the server does not send the certificates between its own and the root",
		Advice:  "let the server send its full chain (fullchain.pem in place of cert.pem)",
		Explain: "The certificate names an issuer that is no root, and that certificate was not sent: \"unable to get local issuer certificate\". Browsers fetch it themselves, mail clients do not.",
		RFC:     "RFC 8446 §4.4.2",
	},
	{
		ID: "tls.middlebox", Severity: event.SeverityError,
		Title:   "a virus scanner or firewall answers in the server's place",
		Advice:  "switch its mail scanning (or TLS inspection) off for this server, or trust its root",
		Explain: "The certificate's issuer is the private root of a product that reads TLS on the way: Avast or AVG Mail Shield, ESET, Kaspersky, Fortinet and others.",
	},
	{
		ID: "tls.local-bridge-selfsigned", Severity: event.SeverityError,
		Title:   "a local bridge shows a certificate that it signed itself",
		Advice:  "export the bridge's certificate and name it with --upstream-ca FILE (or ?ca=FILE behind the route)",
		Explain: "Proton Mail Bridge and its like listen on 127.0.0.1 with a self-signed certificate, and with STARTTLS by default.",
	},
	{
		ID: "tls.client-cert-required", Severity: event.SeverityError,
		Title:   "the server wants a client certificate",
		Advice:  "give it one with --upstream-cert FILE and --upstream-key FILE",
		Explain: "The server ended the connection with the alert certificate_required (116), or bad_certificate behind a request for one. In TLS 1.3 that comes only after the handshake.",
		RFC:     "RFC 8446 §4.4.2.4",
	},
}
