package sasl

import (
	"bytes"

	"mailtap/parse/wire"
)

// Echo keeps the credentials that a server may repeat until the login stands:
// some quote the line that they refuse, and what a client sent too early comes
// back as the tag of an answer. The zero value is ready.
type Echo struct{ kept [][]byte }

const (
	minEcho = 4       // octets: shorter ones are found in every text
	maxEcho = 1 << 10 // octets
	echoes  = 4       // the last ones
)

// Listen keeps a copy of secret.
func (e *Echo) Listen(secret []byte) {
	if len(secret) < minEcho || len(secret) > maxEcho {
		return
	}
	for _, k := range e.kept {
		if bytes.Equal(k, secret) {
			return
		}
	}
	if len(e.kept) == echoes {
		clear(e.kept[0])
		e.kept = append(e.kept[:0], e.kept[1:]...)
	}
	e.kept = append(e.kept, bytes.Clone(secret))
}

// Empty reports whether there is nothing to look for.
func (e *Echo) Empty() bool { return len(e.kept) == 0 }

// EchoShape is the Shape of secrets that Find finds.
const EchoShape = "the credential that the server quotes"

// Find adds to found where line repeats what was kept, from off on.
func (e *Echo) Find(line []byte, off int, found []wire.Secret) []wire.Secret {
	for off < len(line) {
		at, n := -1, 0
		for _, k := range e.kept {
			if i := bytes.Index(line[off:], k); i >= 0 && (at < 0 || i < at || i == at && len(k) > n) {
				at, n = i, len(k)
			}
		}
		if at < 0 {
			break
		}
		found = append(found, wire.Secret{Off: off + at, Len: n, Form: "line", Shape: EchoShape})
		off += at + n
	}
	return found
}

// Forget overwrites what was kept.
func (e *Echo) Forget() {
	for _, k := range e.kept {
		clear(k)
	}
	e.kept = nil
}

// IsMech reports whether a word may be a mechanism's name: 1 to 20 letters,
// digits, hyphens and underscores (RFC 4422 §3.1), in one case. What is not may
// be an initial response that has lost its mechanism.
func IsMech(word []byte) bool {
	upper, lower := false, false
	for _, c := range word {
		switch {
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z':
			lower = true
		case '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	known := New(string(word)).Known()
	return known || len(word) > 0 && len(word) <= 20 && !(upper && lower)
}
