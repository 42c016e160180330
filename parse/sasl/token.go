package sasl

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"mailtap/parse/wire"
)

// tokenClient is an opaque token of GSSAPI or GS2 (RFC 4752, RFC 5801). A
// Kerberos ticket can be replayed for a while, so it is masked whole.
func tokenClient(x *Exchange, msg []byte, s *Step) {
	s.Shape, s.Note = Shape(msg, "sasl"), "gives a GSS-API token"
	if x.Plus() {
		s.Note += "; channel binding cannot pass a man in the middle"
	}
}

func tokenServer(x *Exchange, msg []byte, s *Step) { s.Note = "gives a GSS-API token" }

// NTLM's messages ([MS-NLMP] §2.2.1): a signature, a type, then fields of
// length, room and offset.
var ntlmSignature = []byte("NTLMSSP\x00")

// ntlmType is 1 (negotiate), 2 (challenge), 3 (authenticate), or 0.
func ntlmType(msg []byte) uint32 {
	if len(msg) < 12 || !bytes.HasPrefix(msg, ntlmSignature) {
		return 0
	}
	return binary.LittleEndian.Uint32(msg[8:])
}

// ntlmClient shows the negotiation, which has no secret in it, and of the
// authentication the names.
func ntlmClient(x *Exchange, msg []byte, s *Step) {
	switch ntlmType(msg) {
	case 1:
		s.Secret, s.Note = false, "begins NTLM"
	case 3:
		s.Shape, s.Note = Shape(msg, "sasl"), "answers the NTLM challenge"
		ntlmNames(msg, s)
	default:
		s.Shape, s.Error = Shape(msg, "sasl"), "in message: expected an NTLM message of type 1 or 3"
	}
}

// ntlmNames reads the domain and the user name of an authentication message.
func ntlmNames(msg []byte, s *Step) {
	if len(msg) < 64 {
		s.Error = "in message: " + count(len(msg), "octet") + " are too few for an NTLM authentication"
		return
	}
	unicode := binary.LittleEndian.Uint32(msg[60:])&1 != 0
	user, ok := ntlmField(msg, 36, unicode)
	domain, fine := ntlmField(msg, 28, unicode)
	if !ok || !fine {
		s.Error = "in message: a field points outside of it"
		return
	}
	s.User = wire.Escape([]byte(user))
	if domain != "" {
		s.User = wire.Escape([]byte(domain)) + `\` + s.User
	}
}

// ntlmField reads the field whose header stands at off.
func ntlmField(msg []byte, off int, unicode bool) (text string, ok bool) {
	length := int(binary.LittleEndian.Uint16(msg[off:]))
	start := int64(binary.LittleEndian.Uint32(msg[off+4:]))
	// Names stand behind the headers and never in the responses before them.
	if start+int64(length) > int64(len(msg)) || length > 0 && start < 52 || length > 1024 || overlapsResponse(msg, start, length) {
		return "", false
	}
	data := msg[start : start+int64(length)]
	if !unicode {
		return string(data), true
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units)), true
}

// overlapsResponse keeps a message made for it from showing a response as a name.
func overlapsResponse(msg []byte, start int64, length int) bool {
	for _, off := range []int{12, 20} {
		n := int64(binary.LittleEndian.Uint16(msg[off:]))
		at := int64(binary.LittleEndian.Uint32(msg[off+4:]))
		if start < at+n && at < start+int64(length) {
			return true
		}
	}
	return false
}

func ntlmServer(x *Exchange, msg []byte, s *Step) {
	s.Note = "gives the NTLM challenge"
	if ntlmType(msg) != 2 {
		s.Error = "in challenge: expected an NTLM message of type 2"
	}
}
