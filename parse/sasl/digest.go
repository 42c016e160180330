package sasl

import (
	"bytes"
	"fmt"
	"strings"

	"mailtap/parse/wire"
)

// digestLen is the length of MD5 in hexadecimal.
const digestLen = 32

// DigestFault says what is wrong with the form of a digest as APOP and
// CRAM-MD5 have it: 32 lower-case hexadecimal digits (RFC 1939 §7, RFC 2195 §2).
func DigestFault(digest []byte) string {
	if len(digest) != digestLen {
		return fmt.Sprintf("in digest: expected %d hexadecimal digits, got %s", digestLen, count(len(digest), "octet"))
	}
	for i, c := range digest {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			if 'A' <= c && c <= 'F' {
				return fmt.Sprintf("in digest: expected lower-case hexadecimal digits, got upper case at offset %d", i)
			}
			return fmt.Sprintf("in digest: expected hexadecimal digits, got another octet at offset %d", i)
		}
	}
	return ""
}

// cramServer is the timestamp that the client has to digest (RFC 2195 §2).
func cramServer(x *Exchange, msg []byte, s *Step) {
	s.Note = "gives the text that the client's digest has to cover"
	if len(msg) < 3 || msg[0] != '<' || msg[len(msg)-1] != '>' {
		s.Error = `in challenge: expected "<" timestamp ">"`
	}
}

// cramClient reads user SP digest; the user name may have spaces in it.
func cramClient(x *Exchange, msg []byte, s *Step) {
	s.Note = "gives user name, and the digest of challenge and password"
	i := bytes.LastIndexByte(msg, ' ')
	if i < 0 {
		s.Error, s.Shape = "in message: expected SP between user name and digest", Shape(msg, "sasl")
		return
	}
	if s.Error = DigestFault(msg[i+1:]); s.Error != "" {
		s.Shape = Shape(msg, "sasl")
		if DigestFault(bytes.ToLower(msg[i+1:])) != "" {
			return // no digest: what stands before the last space may be anything
		}
	}
	s.User, s.Shape = wire.Escape(msg[:i]), Shape(msg[i+1:], "digest")
}

// digestServer is the challenge, or rspauth: with that an eavesdropper could
// try passwords as well as with the client's response (RFC 2831 §2.1.1, §2.1.3).
func digestServer(x *Exchange, msg []byte, s *Step) {
	fields, fault := directives(msg)
	s.Error = fault
	if v, ok := fields["rspauth"]; ok || bytes.Contains(bytes.ToLower(msg), []byte("rspauth")) {
		x.stage = "the server's final message"
		s.Secret, s.Note = true, "proves by a digest that it knows the password too"
		s.Shape = Shape([]byte(v), "digest")
		return
	}
	s.Note = "gives realm and nonce for the client's digest"
	if s.Error == "" && fields["nonce"] == "" {
		s.Error = "in digest-challenge: nonce is missing"
	}
}

// digestClient is digest-response (RFC 2831 §2.1.2).
func digestClient(x *Exchange, msg []byte, s *Step) {
	s.Note = "gives user name, and the digest of challenge and password"
	fields, fault := directives(msg)
	s.Error = fault
	digest := []byte(fields["response"])
	if s.Error == "" {
		s.Error = missing("digest-response", fields, "username", "nonce", "cnonce", "response")
	}
	if s.Error == "" {
		s.Error = DigestFault(digest)
	}
	if len(digest) != digestLen {
		s.Shape = Shape(msg, "sasl")
		return
	}
	s.User, s.Authz = wire.Escape([]byte(fields["username"])), wire.Escape([]byte(fields["authzid"]))
	s.Shape = Shape(digest, "digest")
	if uri := fields["digest-uri"]; uri != "" {
		s.Note += "; for " + wire.Escape([]byte(uri))
	}
	if realm := fields["realm"]; realm != "" {
		s.Note += ", realm " + wire.Escape([]byte(realm))
	}
}

// missing names the first directive that is absent or empty.
func missing(rule string, fields map[string]string, names ...string) string {
	for _, name := range names {
		if fields[name] == "" {
			return "in " + rule + ": " + name + " is missing"
		}
	}
	return ""
}

// maxDirectives bounds what is kept of a message made to be long.
const maxDirectives = 64

// directives reads name=value, name="value", ... (RFC 2831 §7.1).
func directives(msg []byte) (fields map[string]string, fault string) {
	fields = make(map[string]string)
	for off := 0; off < len(msg); {
		rest := msg[off:]
		if rest[0] == ',' || rest[0] == ' ' || rest[0] == '\t' {
			off++
			continue
		}
		eq := bytes.IndexByte(rest, '=')
		if eq < 1 || len(fields) >= maxDirectives {
			return fields, fmt.Sprintf("in directive at offset %d: expected name \"=\" value", off)
		}
		name := strings.ToLower(string(rest[:eq]))
		value, n, ok := directiveValue(rest[eq+1:])
		if !ok {
			return fields, fmt.Sprintf("in directive at offset %d: the quoted string has no end", off)
		}
		if _, again := fields[name]; !again {
			fields[name] = value
		}
		off += eq + 1 + n
	}
	return fields, ""
}

// directiveValue reads a token or a quoted string, and says how long it is.
func directiveValue(data []byte) (value string, n int, ok bool) {
	if len(data) == 0 || data[0] != '"' {
		n = bytes.IndexByte(data, ',')
		if n < 0 {
			n = len(data)
		}
		return strings.TrimSpace(string(data[:n])), n, true
	}
	var b []byte
	for i := 1; i < len(data); i++ {
		switch {
		case data[i] == '"':
			return string(b), i + 1, true
		case data[i] == '\\' && i+1 < len(data):
			i++
		}
		b = append(b, data[i])
	}
	return "", len(data), false
}
