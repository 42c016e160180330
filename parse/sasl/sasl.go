// Package sasl follows SASL exchanges (RFC 4422) as IMAP and POP3 carry them:
// who logs in and as whom, which step fails, and of a secret only its shape.
//
// It is fed with the base64 lines of both sides, and says of each what may be
// said: which lines have to be masked, the user names inside them, what is
// wrong with their form. It authenticates nobody, checks no proof and keeps no
// secret. What a mechanism's table row does not know to be harmless is masked:
// a client line shows only where its form was recognised.
//
// parse/imap (AUTHENTICATE) and parse/pop3 (AUTH) call it; Shape is also for
// the passwords of LOGIN and PASS.
package sasl

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Step is what one line of an exchange says. Its texts are event text: what a
// peer sent in them is escaped. It is fit to be an event's data.
type Step struct {
	Mech    string `json:"mech,omitempty"`
	User    string `json:"user,omitempty"`    // who logs in
	Authz   string `json:"authz,omitempty"`   // the identity to act as, where one is named
	Shape   string `json:"shape,omitempty"`   // of the secret in it
	Decoded string `json:"decoded,omitempty"` // the message inside the base64, where nothing in it is secret
	JSON    string `json:"json,omitempty"`    // the error of XOAUTH2 and OAUTHBEARER
	Note    string `json:"note,omitempty"`    // which step this is, and what follows from it
	Cancel  bool   `json:"cancel,omitempty"`  // the client gives up: "*"

	Secret bool   `json:"-"` // the whole line is to be masked
	Error  string `json:"-"` // what is wrong with its form; goes into the event's error
}

// Hidden is the step as the record of the octets that hide it.
func (s Step) Hidden(off, length int) wire.Secret {
	return wire.Secret{Off: off, Len: length, Form: "sasl", Mech: s.Mech, User: s.User,
		Authz: s.Authz, Shape: s.Shape, Note: s.Note, Error: s.Error}
}

// Exchange is one authentication, from the command to its completion.
type Exchange struct {
	mech    string
	kind    mechanism
	user    string
	authz   string
	clients int // client messages so far
	servers int // challenges so far
	stage   string

	prompt string // LOGIN: what the server asked for last
	nonce  string // SCRAM: the client's, then both
	header string // SCRAM: the gs2 header
	failed bool   // XOAUTH2, OAUTHBEARER: the server sent its error
}

// mechanism is how to read the messages of one. Client messages come masked;
// the function unmasks what it recognises. Either may be nil.
type mechanism struct {
	client func(x *Exchange, msg []byte, s *Step)
	server func(x *Exchange, msg []byte, s *Step)
}

// mechanisms has a row for each that is understood; SCRAM and GS2 are found by prefix.
var mechanisms = map[string]mechanism{
	"PLAIN":       {client: plainClient},
	"LOGIN":       {client: loginClient, server: loginServer},
	"CRAM-MD5":    {client: cramClient, server: cramServer},
	"DIGEST-MD5":  {client: digestClient, server: digestServer},
	"XOAUTH2":     {client: xoauth2Client, server: oauthServer},
	"OAUTHBEARER": {client: bearerClient, server: oauthServer},
	"EXTERNAL":    {client: externalClient},
	"ANONYMOUS":   {client: anonymousClient},
	"GSSAPI":      {client: tokenClient, server: tokenServer},
	"GSS-SPNEGO":  {client: tokenClient, server: tokenServer},
	"NTLM":        {client: ntlmClient, server: ntlmServer},
}

// New starts an exchange. mech is as the client wrote it, in any case; of an
// unknown mechanism all that the client sends is masked.
func New(mech string) *Exchange {
	mech = strings.ToUpper(mech)
	x := &Exchange{mech: wire.Escape([]byte(mech)), stage: "the choice of the mechanism"}
	switch {
	case strings.HasPrefix(mech, "SCRAM-"):
		x.kind = mechanism{client: scramClient, server: scramServer}
	case strings.HasPrefix(mech, "GS2-"):
		x.kind = mechanism{client: tokenClient, server: tokenServer}
	default:
		x.kind = mechanisms[mech]
	}
	return x
}

// Known reports whether more than the mechanism's name is understood.
func (x *Exchange) Known() bool { return x.kind.client != nil }

// Mech is the mechanism's name in upper case.
func (x *Exchange) Mech() string { return x.mech }

// User is who logs in, as far as it was told: as event text.
func (x *Exchange) User() string { return x.user }

// Authz is the identity to act as, where one was named.
func (x *Exchange) Authz() string { return x.authz }

// Stage names the last thing that was sent: where the exchange stands, or, when
// the server refuses, what it refused.
func (x *Exchange) Stage() string { return x.stage }

// Plus reports whether the mechanism binds to the TLS channel: it cannot pass
// a man in the middle.
func (x *Exchange) Plus() bool { return strings.HasSuffix(x.mech, "-PLUS") }

// Client takes an initial response or a response line, without its CRLF: base64,
// "=" for an empty initial response, "*" to cancel.
func (x *Exchange) Client(line []byte) Step {
	s := Step{Mech: x.mech}
	if string(line) == "*" {
		x.stage = "the client's cancellation"
		s.Cancel = true
		return s
	}
	x.clients++
	if len(line) == 0 || string(line) == "=" {
		x.emptyResponse(&s)
		return s
	}
	x.stage = x.secretStage()
	s.Secret = true
	msg, fault := decode(line)
	if msg == nil {
		s.Error, s.Shape = fault, Shape(line, "sasl")
		s.Note = "cannot be read, so all of it is masked"
		return s
	}
	if x.kind.client != nil {
		x.kind.client(x, msg, &s)
	} else {
		s.Shape = Shape(msg, "sasl")
		s.Note = "an unknown mechanism: all that the client sends is masked"
	}
	if s.Error == "" {
		s.Error = fault
	}
	x.finish(&s, msg)
	return s
}

// emptyResponse is right where a server asked for nothing: after DIGEST-MD5's
// rspauth, SCRAM's verifier, an OAuth error, or with EXTERNAL.
func (x *Exchange) emptyResponse(s *Step) {
	x.stage = "an empty response"
	s.Note = "answers with nothing"
	if x.failed {
		x.stage = "the token"
		s.Note = "acknowledges the error, so that the server can refuse the login"
	}
}

// Server takes a challenge: the base64 behind "+ ", without its CRLF.
func (x *Exchange) Server(line []byte) Step {
	s := Step{Mech: x.mech}
	x.servers++
	x.stage = "the server's challenge"
	if len(line) == 0 {
		s.Note = "asks for the client's response"
		return s
	}
	msg, fault := decode(line)
	if msg == nil {
		s.Error = fault
		return s
	}
	if x.kind.server != nil {
		x.kind.server(x, msg, &s)
	}
	if s.Error == "" {
		s.Error = fault
	}
	x.finish(&s, msg)
	return s
}

// finish keeps the names that a step told, and shows what is no secret.
func (x *Exchange) finish(s *Step, msg []byte) {
	if s.User != "" {
		x.user = s.User
	}
	if s.Authz != "" {
		x.authz = s.Authz
	}
	if !s.Secret && s.JSON == "" && s.Decoded == "" && textual(msg) {
		s.Decoded = clip(wire.Escape(msg))
	}
}

// Recorded takes a line that is masked on record, and what was kept of it.
func (x *Exchange) Recorded(side event.Side, kept wire.Secret) Step {
	s := Step{Mech: x.mech, User: kept.User, Authz: kept.Authz, Shape: kept.Shape,
		Note: kept.Note, Error: kept.Error, Secret: true}
	if side == event.SideServer {
		x.servers++
		x.stage = "the server's final message"
	} else {
		x.clients++
		x.stage = x.secretStage()
	}
	x.finish(&s, nil)
	return s
}

// secretStage names a client line that is masked, live and on record alike.
func (x *Exchange) secretStage() string {
	switch {
	case x.mech == "PLAIN" || x.mech == "LOGIN":
		return "the password"
	case x.mech == "XOAUTH2" || x.mech == "OAUTHBEARER":
		return "the token"
	case x.mech == "CRAM-MD5" || x.mech == "DIGEST-MD5":
		return "the digest"
	case strings.HasPrefix(x.mech, "SCRAM-") && x.clients > 1:
		return "the client's proof"
	case x.clients == 1:
		return "the client's first response"
	}
	return "the client's response"
}

// maxDecoded bounds the text of a message that an event carries.
const maxDecoded = 2048

// clip cuts text that is too long for an event.
func clip(text string) string {
	if len(text) <= maxDecoded {
		return text
	}
	return strings.ToValidUTF8(text[:maxDecoded], "") + "…"
}

// textual reports whether a message is for people: no NUL or other binary.
func textual(msg []byte) bool {
	for _, c := range msg {
		if c < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != 1 {
			return false
		}
	}
	return len(msg) > 0
}
