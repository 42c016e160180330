package peertest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Message is one message of a sample mailbox.
type Message struct {
	Text  string // with CRLF line ends, as IMAP delivers it
	Flags string // Maildir's letters: S seen, R answered, F flagged
}

// Hash names the message's text.
func (m Message) Hash() string { return Hash([]byte(m.Text)) }

// Hash is how this package names messages in comparisons: SHA-256, shortened.
// The header X-TUID does not count: mbsync makes one up for each message.
func Hash(text []byte) string {
	sum := sha256.Sum256(tuid.ReplaceAll(text, nil))
	return hex.EncodeToString(sum[:10])
}

var tuid = regexp.MustCompile(`(?m)^X-TUID: .*\n`)

// Samples returns the messages that every sample mailbox begins with. Each is
// there for something that a relay or its parser could get wrong.
func Samples() []Message {
	return []Message{
		{Text: header("plain", "text/plain; charset=utf-8") + "Hello,\r\n\r\nthis is a plain message.\r\n"},
		{Text: header("dots", "text/plain") + ".\r\n..\r\n...\r\n.hidden\r\n\r\n.\r\nend\r\n.\r\n", Flags: "S"},
		{Text: header("eight bit", "text/plain; charset=iso-8859-1") + "caf\xe9 \xff\xfe and caf\xc3\xa9 \x1b[31mred\x07\r\n"},
		{Text: header("empty body", "text/plain")},
		{Text: attachment()},
		{Text: header("protocol", "text/plain") + "a1 OK done\r\n* BYE see you\r\n+OK\r\n-ERR\r\n+ go on\r\n* 1 FETCH (BODY[] {5}\r\n)\r\nDONE\r\n{3}\r\n", Flags: "FS"},
		{Text: header("long line", "text/plain") + strings.Repeat("0123456789", 2000) + "\r\nshort\r\n"},
		{Text: header("no line end", "text/plain") + "the last line has no end"},
		{Text: mebibyte()},
		{Text: "From: a@example.org\r\nSubject: {12}\r\nTo: \"a \\\"b\\\" {7}\" <b@example.org>\r\nMessage-ID: <odd@example.org>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nodd header\r\n", Flags: "R"},
	}
}

func header(subject, contentType string) string {
	id := strings.ReplaceAll(subject, " ", "-")
	return "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: " + subject +
		"\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + id + "@example.org>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: " + contentType + "\r\n\r\n"
}

func attachment() string {
	data := make([]byte, 3000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	var lines strings.Builder
	encoded := base64.StdEncoding.EncodeToString(data)
	for ; len(encoded) > 76; encoded = encoded[76:] {
		lines.WriteString(encoded[:76] + "\r\n")
	}
	lines.WriteString(encoded + "\r\n")
	return header("attachment", `multipart/mixed; boundary="=_b"`) +
		"--=_b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n" +
		"--=_b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"data.bin\"\r\n\r\n" + lines.String() +
		"--=_b--\r\n"
}

// mebibyte is a message of a little over 1 MiB, of lines that all differ.
func mebibyte() string {
	var b strings.Builder
	b.WriteString(header("one mebibyte", "text/plain"))
	for i := 0; b.Len() < 1<<20; i++ {
		fmt.Fprintf(&b, "%08d %s\r\n", i, Hash([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	return b.String()
}
