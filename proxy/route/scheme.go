package route

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
)

// scheme is a row of CONTRACT section 1's table.
type scheme struct {
	name   string
	proto  event.Proto
	mode   Mode
	server int // default server port
	listen int // default listen port
}

var schemes = []scheme{
	{"imaps", event.IMAP, Implicit, 993, 1993},
	{"pop3s", event.POP3, Implicit, 995, 1995},
	{"imap", event.IMAP, Cleartext, 143, 1143},
	{"pop3", event.POP3, Cleartext, 110, 1110},
	{"imap+starttls", event.IMAP, StartTLS, 143, 1143},
	{"pop3+starttls", event.POP3, StartTLS, 110, 1110},
}

const schemeNames = "imaps, pop3s, imap, pop3, imap+starttls or pop3+starttls"

// meant maps what people write for a scheme to what they mean.
var meant = map[string]string{
	"imap4": "imap", "imap4s": "imaps", "imaps4": "imaps", "imapssl": "imaps", "imap+ssl": "imaps", "imap+tls": "imap+starttls",
	"imap-starttls": "imap+starttls", "imapstarttls": "imap+starttls", "imaps+starttls": "imap+starttls", "imap+stls": "imap+starttls",
	"starttls": "imap+starttls", "ssl": "imaps", "tls": "imaps",
	"pop": "pop3", "pops": "pop3s", "pop3ssl": "pop3s", "pop3+ssl": "pop3s", "pop3+tls": "pop3+starttls", "spop3": "pop3s", "spop": "pop3s",
	"pop+starttls": "pop3+starttls", "pop3-starttls": "pop3+starttls", "pop3starttls": "pop3+starttls", "pop3s+starttls": "pop3+starttls",
	"pop3+stls": "pop3+starttls", "stls": "pop3+starttls", "pop+stls": "pop3+starttls",
}

// others are protocols that are known, and are not ours.
var others = map[string]string{
	"smtp": "SMTP", "smtps": "SMTP", "smtp+starttls": "SMTP", "submission": "SMTP submission", "submissions": "SMTP submission", "lmtp": "LMTP",
	"http": "HTTP", "https": "HTTP", "ftp": "FTP", "ftps": "FTP", "sieve": "ManageSieve", "sieves": "ManageSieve", "managesieve": "ManageSieve",
	"jmap": "JMAP", "jmaps": "JMAP", "ews": "EWS", "nntp": "NNTP", "nntps": "NNTP", "ssh": "SSH", "socks5": "SOCKS",
}

// lookup finds a scheme's row, upper case or lower.
func lookup(name string) (scheme, error) {
	lower := strings.ToLower(name)
	for _, s := range schemes {
		if s.name == lower {
			return s, nil
		}
	}
	if proto, ok := others[lower]; ok {
		return scheme{}, fmt.Errorf("%w %q: mailtap speaks IMAP and POP3, not %s; write %s", ErrUnknownScheme, clip(name), proto, schemeNames)
	}
	if known, ok := meant[lower]; ok {
		return scheme{}, fmt.Errorf("%w %q: write %s", ErrUnknownScheme, clip(name), known)
	}
	return scheme{}, fmt.Errorf("%w %q: mailtap speaks IMAP and POP3; write %s", ErrUnknownScheme, clip(name), schemeNames)
}

// guess is the scheme that a server's port suggests.
func guess(port string) string {
	switch port {
	case "995", "1995":
		return "pop3s"
	case "143", "1143":
		return "imap+starttls"
	case "110", "1110":
		return "pop3+starttls"
	}
	return "imaps"
}
