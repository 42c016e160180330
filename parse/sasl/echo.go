package sasl

import (
	"bytes"
	"strings"

	"mailtap/parse/wire"
)

// Echo keeps the credentials that a server may repeat until the login stands:
// some quote the line that they refuse, cut it, or put it into capitals, and
// what a client sent too early comes back as the tag of an answer. The zero
// value is ready.
//
// A kept credential is masked wherever it stands, in any case, even where the
// server means something else by it: who chose "INBOX" for a password sees that
// word masked until the login is answered, and not behind it. Of a part that
// may be chance, see partLen and serverWords.
type Echo struct {
	kept  [][]byte            // in lower case
	parts map[string]struct{} // all parts of them that count; nil: not made yet
}

const (
	minEcho = 4       // octets: shorter ones are found in every text
	maxEcho = 2 << 10 // octets that are kept of one
	echoes  = 8       // the last ones
	minPart = 6       // octets
	maxPart = 8       // octets
)

// serverWords are those that servers say by themselves. A part of a credential
// that lies in one of them is no quote, and its mask would tell of "password1"
// what it begins with.
const serverWords = "password username authentication authenticate failed credentials" +
	" invalid incorrect command unknown mailbox temporary unavailable argument expected"

// Listen keeps a copy of secret, as far as there is room. Of one that grows,
// the longest stays.
func (e *Echo) Listen(secret []byte) {
	if len(secret) < minEcho {
		return
	}
	folded := fold(secret[:min(len(secret), maxEcho)])
	for i, k := range e.kept {
		if bytes.Equal(k, folded) {
			return
		}
		if bytes.HasPrefix(folded, k) {
			clear(k)
			e.kept = append(e.kept[:i], e.kept[i+1:]...)
			break
		}
	}
	if len(e.kept) == echoes {
		clear(e.kept[0])
		e.kept = append(e.kept[:0], e.kept[1:]...)
	}
	e.kept, e.parts = append(e.kept, folded), nil
}

// ListenStep keeps what is secret inside the base64 of a client's line: the
// password of PLAIN (RFC 4616 §2) and LOGIN, the token of XOAUTH2 and
// OAUTHBEARER (RFC 7628 §3.1).
func (e *Echo) ListenStep(mech string, line []byte) {
	msg, _ := decode(line)
	switch mech {
	case "PLAIN":
		msg = bytes.TrimRight(msg, "\x00")
		e.Listen(msg[bytes.LastIndexByte(msg, 0)+1:])
	case "LOGIN":
		e.Listen(msg)
	case "XOAUTH2", "OAUTHBEARER":
		_, token, _ := bytes.Cut(msg, []byte("Bearer "))
		token, _, _ = bytes.Cut(token, []byte{1})
		e.Listen(token)
	}
	clear(msg)
}

// Empty reports whether there is nothing to look for.
func (e *Echo) Empty() bool { return len(e.kept) == 0 }

// Quotes reports whether text, or the base64 that it is, has all of a kept
// credential in it.
func (e *Echo) Quotes(text []byte) bool {
	msg, _ := decode(text)
	for _, form := range [][]byte{fold(text), fold(msg)} {
		for _, k := range e.kept {
			if bytes.Contains(form, k) {
				return true
			}
		}
	}
	return false
}

// EchoShape is the Shape of secrets that Find finds.
const EchoShape = "the credential that the server quotes"

// Find adds to found where line repeats what was kept, from off on: all of it,
// or a part of at least partLen octets.
func (e *Echo) Find(line []byte, off int, found []wire.Secret) []wire.Secret {
	if e.Empty() || off >= len(line) {
		return found
	}
	e.cut()
	folded := fold(line)
	for off < len(folded) {
		from := off
		end := from
		for at := from; at < len(folded) && (at == from || at < end); at++ {
			end = max(end, e.partAt(folded, at))
		}
		if end <= from {
			off++
			continue
		}
		off = end
		if e.chance(folded[from:end]) {
			continue
		}
		found = append(found, wire.Secret{Off: from, Len: end - from, Form: "line", Shape: EchoShape})
	}
	return found
}

// partAt is the end of the longest part of a credential that begins at off, or 0.
func (e *Echo) partAt(folded []byte, off int) int {
	for n := min(maxPart, len(folded)-off); n >= minEcho; n-- {
		if _, ok := e.parts[string(folded[off:off+n])]; ok {
			return off + n
		}
	}
	return 0
}

// chance reports whether run is a word of the server's own and no whole credential.
func (e *Echo) chance(run []byte) bool {
	for _, k := range e.kept {
		if bytes.Contains(run, k) {
			return false
		}
	}
	return strings.Contains(serverWords, string(bytes.TrimSpace(run)))
}

// cut makes the parts of what is kept.
func (e *Echo) cut() {
	if e.parts != nil {
		return
	}
	e.parts = make(map[string]struct{})
	for _, k := range e.kept {
		n := partLen(len(k))
		for i := 0; i+n <= len(k); i++ {
			e.parts[string(k[i:i+n])] = struct{}{}
		}
	}
}

// partLen is how many octets of a credential of n have to follow one another to
// be taken for a quote: about half, as many as chance does not bring, and no
// more than all.
func partLen(n int) int { return min(n, max(minPart, min(maxPart, n/2))) }

// fold is a copy of text with its ASCII letters in lower case, octet for octet.
func fold(text []byte) []byte {
	low := bytes.Clone(text)
	for i, c := range low {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	return low
}

// Forget overwrites what was kept.
func (e *Echo) Forget() {
	for _, k := range e.kept {
		clear(k)
	}
	e.kept, e.parts = nil, nil
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
