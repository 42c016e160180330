package sasl

import (
	"bytes"
	"strings"

	"mailtap/parse/wire"
)

// plainClient reads [authzid] NUL authcid NUL passwd (RFC 4616 §2). A message
// of another form shows no name: which part is the password is then a guess.
func plainClient(x *Exchange, msg []byte, s *Step) {
	s.Note = "gives user name and password"
	parts := bytes.Split(msg, []byte{0})
	if len(parts) == 4 && len(parts[3]) == 0 { // a C string's end counted in
		s.Error = "in message: expected the end behind the password, got NUL"
		parts = parts[:3]
	}
	switch {
	case len(parts) != 3:
		s.Error = "in message: expected " + count(2, "NUL") + ", got " + count(len(parts)-1, "NUL")
		s.Shape = Shape(msg, "sasl")
		return
	case len(parts[2]) == 0 && len(parts[0]) > 0: // user NUL password NUL, most likely
		s.Error = "in message: the password is empty"
		s.Shape = Shape(msg, "sasl")
		return
	case len(parts[1]) == 0:
		s.Error = "in message: the user name is empty"
		s.Shape = Shape(parts[2], "pass")
		return
	case len(parts[2]) == 0 && s.Error == "":
		s.Error = "in message: the password is empty"
	}
	s.Authz, s.User = wire.Escape(parts[0]), wire.Escape(parts[1])
	s.Shape = Shape(parts[2], "pass")
}

// loginServer remembers what is asked for; the words differ from server to
// server (draft-murchison-sasl-login), "Password:" is what they have in common.
func loginServer(x *Exchange, msg []byte, s *Step) {
	x.prompt = strings.ToLower(string(msg))
	if x.asksPassword() {
		s.Note = "asks for the password"
		return
	}
	s.Note = "asks for the user name"
}

func (x *Exchange) asksPassword() bool { return strings.Contains(x.prompt, "pass") }

// loginClient takes the first line for the user name, unless the server asked
// for a password already; all the others are masked.
func loginClient(x *Exchange, msg []byte, s *Step) {
	if x.clients == 1 && !x.asksPassword() {
		x.stage = "the user name"
		s.Secret, s.User, s.Note = false, wire.Escape(msg), "gives the user name"
		return
	}
	s.Note, s.Shape = "gives the password", Shape(msg, "pass")
}

// externalClient is an authorization identity, or nothing (RFC 4422 appendix A).
func externalClient(x *Exchange, msg []byte, s *Step) {
	if !textual(msg) {
		s.Error = "in message: expected an authorization identity, got control characters"
		s.Shape = Shape(msg, "sasl")
		return
	}
	s.Secret, s.Authz = false, wire.Escape(msg)
	s.Note = "names the identity to act as; who it is comes from outside: the client's certificate does not pass a man in the middle"
}

// anonymousClient is trace information (RFC 4505 §2).
func anonymousClient(x *Exchange, msg []byte, s *Step) {
	s.Secret, s.User = false, "anonymous"
	s.Note = "leaves a trace of an anonymous login"
	if len(msg) > 1020 { // 255 characters
		s.Error = "in message: trace information of " + count(len(msg), "octet") + " is over the limit of 255 characters"
	}
}
