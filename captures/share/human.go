package share

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

// suspects are what in words for people may be somebody's: addresses, hosts,
// IP addresses, message ids, what stands in quotes, URLs.
var suspects = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"\]]+|"[^"]*"|'[^' ][^']*'|<[^<>\s]+>|[^\s<>"'()\[\],;:=]+@[^\s<>"'()\[\],;:=]+` +
	`|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|\d+\.\d+\.\d+\.\d+|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+`)

// human replaces what is private in words that a server or mailtap says to
// people: what looks like somebody's, and names that are known from elsewhere.
func (n *names) human(text []byte) {
	found := suspects.FindAllIndex(text, -1)
	for _, m := range found { // first, so that a name in them is known in the rest of the line
		n.suspect(text[m[0]:m[1]])
	}
	at := 0
	for _, m := range found {
		n.knownNames(text[at:m[0]])
		at = m[1]
	}
	n.knownNames(text[at:])
}

// humanText is human for a string.
func (n *names) humanText(text string) string {
	b := []byte(text)
	n.human(b)
	return string(b)
}

// knownNames replaces words that are somebody's name.
func (n *names) knownNames(text []byte) {
	eachWord(text, func(word []byte) {
		lower := strings.ToLower(string(word))
		if (n.private[lower] && len(word) > 2 || isLabel(lower)) && !vocabulary[strings.ToUpper(lower)] {
			n.put(word, n.standIn(lower))
		}
	})
}

// label is a word of letters and then digits, as machines are called.
var label = regexp.MustCompile(`^[a-z]+[0-9]+[a-z0-9]*$`)

// technical are such words that name a thing of the protocols'.
var technical = regexp.MustCompile(`^(imap|pop|tls|ssl|sslv|tlsv|utf|sha|md|rfc|base|v|x|aadsts|ipv|deb|deb[0-9]+u|win|cp)[0-9]+(rev[0-9]|bit)?$`)

// isLabel reports whether a word in lower case looks like the name of a machine.
func isLabel(lower string) bool { return label.MatchString(lower) && !technical.MatchString(lower) }

// suspect replaces what looks like somebody's, unless it is the protocol's.
func (n *names) suspect(text []byte) {
	if ip, err := netip.ParseAddr(string(text)); err == nil {
		copy(text, n.ip(ip, string(text)))
		return
	}
	switch c := text[0]; {
	case bytes.Contains(text, []byte("://")):
		n.inURL(text)
	case c == '"' || c == '\'':
		if inside := text[1 : len(text)-1]; !isVocabulary(inside) {
			n.name(inside)
		}
	case c == '<' || bytes.IndexByte(text, '@') >= 0:
		n.name(text[:len(text)-strip(text)])
	default:
		if isHost(text) {
			n.name(text)
		}
	}
}

// greets is how Cyrus names its machine: before itself.
var greets = regexp.MustCompile(`^\]? ?([^ ]+) Cyrus `)

// server replaces the name by which a server calls itself in its greeting.
func (n *names) server(text []byte) {
	if m := greets.FindSubmatchIndex(text); m != nil {
		n.name(text[m[2]:m[3]])
	}
}

// strip is how many signs end a text behind its last word.
func strip(text []byte) (n int) {
	for n < len(text) && !isWord(text[len(text)-1-n]) {
		n++
	}
	return n
}

// inURL replaces all but the scheme. Known pages of mail services stay whole.
func (n *names) inURL(text []byte) {
	i := bytes.Index(text, []byte("://")) + 3
	host := text[i:]
	if j := bytes.IndexAny(host, "/?:"); j >= 0 {
		host = host[:j]
	}
	if service(host) < len(host) || bytes.HasPrefix(bytes.ToLower(text), []byte("http")) && bytes.HasSuffix(host, []byte("dovecot.org")) {
		return
	}
	n.name(text[i:])
}

// isHost tells host names from file names, versions and numbers: the last
// label has letters alone, and all of it is no known name of the protocol's.
func isHost(text []byte) bool {
	last := text[bytes.LastIndexByte(text, '.')+1:]
	if len(last) < 2 || vocabulary[strings.ToUpper(string(text))] {
		return false
	}
	for _, c := range last {
		if isDigit(c) || c == '_' || c == '-' {
			return false
		}
	}
	return true
}

// strange replaces a line that is none of the protocol's: text of a message, it
// may be, whose size was wrong or whose beginning is missing.
func strange(line []byte) { fillBut(line, vocabularyLower) }

// isVocabulary reports whether all words of text are the protocol's.
func isVocabulary(text []byte) bool {
	all := len(text) > 0
	for _, f := range bytes.Fields(text) {
		all = all && (vocabulary[strings.ToUpper(string(bytes.Trim(f, `\().`)))] || !bytes.ContainsFunc(f, isLetter))
	}
	return all
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 }

// sasl replaces what is private inside base64, if text is that, and reports
// whether it is.
func (n *names) sasl(text []byte) bool {
	text = bytes.TrimRight(text, "\r\n ")
	if len(text) < 8 || len(text)%4 != 0 {
		return false
	}
	data, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || !utf8.Valid(data) || bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != 1 && r != 0 }) {
		return false
	}
	n.attributes(data)
	copy(text, base64.StdEncoding.EncodeToString(data))
	return true
}

// attribute is one of an exchange that names somebody: SCRAM's n= and a=, the
// user and the host of OAUTHBEARER, DIGEST-MD5's username, realm and host.
var attribute = regexp.MustCompile(`(?:^|[,\x00\x01 ])(n|a|user|username|authzid|host|realm|digest-uri)=("[^"]*"|[^,\x00\x01 ]*)`)

func (n *names) attributes(data []byte) {
	for _, m := range attribute.FindAllSubmatchIndex(data, -1) {
		n.name(data[m[4]:m[5]])
	}
	if !bytes.ContainsAny(data, "=") { // CRAM-MD5's challenge, LOGIN's prompts and answers
		n.human(data)
	}
}
