package sasl

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"mailtap/parse/wire"
)

// The messages of SCRAM (RFC 5802 §5), and which of them is masked:
//
//	C: n,,n=user,r=nonce          shown: a name and randomness
//	S: r=nonce+,s=salt,i=4096     shown
//	C: c=biws,r=nonce+,p=proof    masked
//	S: v=verifier                 masked: it serves for guessing as well as the proof
//	S: e=invalid-proof            shown

func scramClient(x *Exchange, msg []byte, s *Step) {
	if x.clients == 1 {
		scramFirst(x, msg, s)
		return
	}
	s.Note, s.Shape = "proves that it knows the password", Shape(msg, "sasl")
	if bytes.Equal(msg, []byte{1}) {
		return
	}
	fields, fault := attributes(string(msg))
	s.Error = fault
	switch {
	case fault != "":
	case fields['c'] == "" || fields['r'] == "" || fields['p'] == "":
		s.Error = "in client-final-message: expected c=, r= and p="
	case x.nonce != "" && fields['r'] != x.nonce:
		s.Error = "in client-final-message: the nonce is not the server's"
	case !x.binds(fields['c']):
		s.Error = "in client-final-message: c= does not repeat the gs2 header"
	}
	if s.Error == "" {
		s.Shape = Shape([]byte(fields['p']), "digest")
	}
}

// binds reports whether c= begins with the gs2 header of the first message.
func (x *Exchange) binds(c string) bool {
	data, err := base64.StdEncoding.DecodeString(c)
	return err == nil && (x.header == "" || strings.HasPrefix(string(data), x.header))
}

// scramFirst is client-first-message: gs2-header, n=user, r=nonce.
func scramFirst(x *Exchange, msg []byte, s *Step) {
	s.Shape = Shape(msg, "sasl")
	header, authz, rest, fault := gs2Header(string(msg))
	if fault != "" {
		s.Error = fault
		return
	}
	fields, fault := attributes(rest)
	user, fine := saslName(fields['n'])
	name, nonce, _ := strings.Cut(rest, ",")
	switch {
	case fault != "":
		s.Error = fault
	case fields['m'] != "":
		s.Error = "in client-first-message: m= asks for an extension that no server has"
	case !strings.HasPrefix(name, "n=") || !strings.HasPrefix(nonce, "r=") || fields['r'] == "":
		s.Error = "in client-first-message: expected n= and then r="
	case !fine || fields['n'] == "":
		s.Error = "in client-first-message: n= is no saslname"
	}
	if s.Error != "" {
		return
	}
	s.Secret, s.Shape = false, ""
	s.User, s.Authz = wire.Escape([]byte(user)), wire.Escape([]byte(authz))
	s.Note = "gives user name and nonce" + x.binding(header)
	x.header, x.nonce = header, fields['r']
}

// binding says what the gs2 flag means for a session that is being watched.
func (x *Exchange) binding(header string) string {
	switch {
	case header[0] == 'p':
		return "; bound to the TLS channel (" + wire.Escape([]byte(strings.SplitN(header[2:], ",", 2)[0])) + "): channel binding cannot pass a man in the middle, so this login fails through mailtap"
	case header[0] == 'y':
		return "; the client could bind to the TLS channel and thinks that the server cannot: a server that offers -PLUS refuses this, because channel binding cannot pass a man in the middle"
	case x.Plus():
		return "; a -PLUS mechanism without channel binding: the server will refuse it, and with it it cannot pass a man in the middle"
	}
	return ""
}

// scramServer is server-first-message or server-final-message.
func scramServer(x *Exchange, msg []byte, s *Step) {
	fields, fault := attributes(string(msg))
	switch {
	case bytes.HasPrefix(msg, []byte("e=")):
		x.stage = "the server's error"
		s.Note = "the server refuses: " + clip(wire.Escape([]byte(fields['e'])))
	case bytes.HasPrefix(msg, []byte("v=")), x.clients > 1:
		x.stage = "the server's final message"
		s.Secret, s.Error = true, fault
		s.Note = "proves that it knows the password too"
		s.Shape = Shape([]byte(fields['v']), "digest")
	default:
		s.Error = fault
		scramChallenge(x, fields, s)
	}
}

// scramChallenge is server-first-message: nonce, salt, iteration count.
func scramChallenge(x *Exchange, fields map[byte]string, s *Step) {
	count, err := strconv.Atoi(fields['i'])
	switch {
	case s.Error != "":
	case fields['r'] == "" || fields['s'] == "" || fields['i'] == "":
		s.Error = "in server-first-message: expected r=, s= and i="
	case err != nil || count < 1:
		s.Error = "in server-first-message: i= is no iteration count"
	case x.nonce != "" && (!strings.HasPrefix(fields['r'], x.nonce) || fields['r'] == x.nonce):
		s.Error = "in server-first-message: the nonce does not continue the client's"
	default:
		s.Note = fmt.Sprintf("asks for the proof: gives salt, %d iterations and its nonce", count)
		if count < 4096 {
			s.Note += "; RFC 5802 asks for 4096 iterations at least"
		}
	}
	x.nonce = fields['r']
}

// gs2Header splits "flag,[a=authzid]," off (RFC 5801 §4).
func gs2Header(msg string) (header, authz, rest, fault string) {
	flag, rest, ok := strings.Cut(msg, ",")
	if !ok || flag != "n" && flag != "y" && !(strings.HasPrefix(flag, "p=") && len(flag) > 2) {
		return "", "", "", `in gs2-header: expected "n,", "y," or "p=NAME,"`
	}
	who, rest, ok := strings.Cut(rest, ",")
	if !ok || who != "" && !strings.HasPrefix(who, "a=") {
		return "", "", "", `in gs2-header: expected "," or "a=NAME,"`
	}
	if who != "" {
		authz, ok = saslName(who[2:])
		if !ok {
			return "", "", "", "in gs2-header: a= is no saslname"
		}
	}
	return msg[:len(msg)-len(rest)], authz, rest, ""
}

// saslName undoes =2C and =3D; any other "=" is wrong (RFC 5802 §5.1).
func saslName(text string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '=':
			b.WriteByte(text[i])
		case strings.HasPrefix(text[i:], "=2C"):
			b.WriteByte(',')
			i += 2
		case strings.HasPrefix(text[i:], "=3D"):
			b.WriteByte('=')
			i += 2
		default:
			return "", false
		}
	}
	return b.String(), true
}

// attributes reads a=value, b=value: names of one letter, the first of each counts.
func attributes(text string) (fields map[byte]string, fault string) {
	fields = make(map[byte]string)
	for off := 0; text != ""; {
		part, rest, more := strings.Cut(text, ",")
		if len(part) < 2 || part[1] != '=' || part[0]|0x20 < 'a' || part[0]|0x20 > 'z' {
			return fields, fmt.Sprintf(`in attribute at offset %d: expected a letter and "="`, off)
		}
		if _, again := fields[part[0]]; !again {
			fields[part[0]] = part[2:]
		}
		if more && rest == "" {
			return fields, fmt.Sprintf("in attribute at offset %d: expected an attribute, got the end", off+len(part)+1)
		}
		off += len(part) + 1
		text = rest
	}
	return fields, ""
}
