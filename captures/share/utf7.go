package share

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// utf7 replaces a text with modified UTF-7 in it (RFC 3501 §5.1.3), as a name
// that stays valid, and reports whether it was one.
func (n *names) utf7(text []byte) bool {
	if !bytes.Contains(text, []byte("&")) || !bytes.Contains(text, []byte("-")) {
		return false
	}
	found := false
	for i := 0; i < len(text); i++ {
		if text[i] != '&' {
			continue
		}
		end := bytes.IndexByte(text[i:], '-')
		if end <= 1 || !shifted(text[i+1:i+end]) {
			continue
		}
		found = true
		n.plain(text[:i])
		n.units(text[i+1 : i+end])
		text, i = text[i+end+1:], -1
	}
	if found {
		n.plain(text)
	}
	return found
}

// plain is replace for what stands between the shifted parts.
func (n *names) plain(text []byte) {
	eachWord(text, func(word []byte) {
		lower := strings.ToLower(string(word))
		if !kept[lower] {
			n.private[lower] = true
			n.put(word, n.standIn(lower))
		}
	})
}

var utf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

func shifted(text []byte) bool {
	data, err := utf7.DecodeString(string(text))
	return err == nil && len(data)%2 == 0 && len(data) > 0
}

// units replaces UTF-16 characters by others of the same number, the same for the same.
func (n *names) units(text []byte) {
	data, _ := utf7.DecodeString(string(text))
	s := n.standIn("utf7 " + strings.Repeat("x", len(data)) + string(text))
	for i := 0; i+1 < len(data); i += 2 { // Cyrillic letters; surrogates become two of them
		data[i], data[i+1] = 0x04, 0x30+s[5+i]%32
	}
	copy(text, utf7.EncodeToString(data))
}

// words replaces RFC 2047's encoded words by valid ones of the same length,
// and hands what stands between them to other.
func encodedWords(text []byte, other func([]byte)) {
	for {
		i := bytes.Index(text, []byte("=?"))
		if i < 0 {
			other(text)
			return
		}
		q := bytes.SplitN(text[i+2:], []byte("?"), 4)
		if len(q) < 4 || len(q[3]) == 0 || q[3][0] != '=' || len(q[1]) != 1 || len(q[0]) == 0 || bytes.ContainsAny(q[0], " \"") {
			other(text[:i+2])
			text = text[i+2:]
			continue
		}
		other(text[:i])
		inside := q[2]
		if q[1][0] == 'b' || q[1][0] == 'B' {
			fillBase64(inside)
		} else {
			fillQ(inside)
		}
		text = q[3][1:]
	}
}

// fillBase64 replaces base64 by that of as many octets: all of them "x".
func fillBase64(text []byte) {
	n := len(bytes.TrimRight(text, "="))
	copy(text[:n], bytes.Repeat([]byte("eHh4"), n/4+1))
	if n%4 != 0 {
		tail := base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{'x'}, n%4*3/4))
		copy(text[n-n%4:n], tail)
	}
}

// fillQ replaces the "Q" encoding's octets by "x", encoded where they were.
func fillQ(text []byte) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '=' && i+2 < len(text)+0:
			copy(text[i:], "=78")
			i += 2
		case isWord(text[i]):
			fillWord(text[i : i+1])
		}
	}
}
