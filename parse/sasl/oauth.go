package sasl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"mailtap/parse/wire"
)

// xoauth2Client reads user=NAME ^A auth=Bearer TOKEN ^A ^A (Google's and
// Microsoft's documents; no RFC).
func xoauth2Client(x *Exchange, msg []byte, s *Step) {
	if x.acknowledges(msg, s) {
		return
	}
	s.Shape = Shape(msg, "sasl")
	if !bytes.HasPrefix(msg, []byte("user=")) {
		s.Error = `in message: expected "user=" at its beginning`
		return
	}
	user, rest, ok := bytes.Cut(msg[len("user="):], []byte{1})
	if !ok {
		s.Error = "in message: expected ^A behind the user name"
		return
	}
	s.User = wire.Escape(user)
	value, ok := bytes.CutPrefix(rest, []byte("auth="))
	if !ok {
		s.Error = `in message: expected "auth=" behind the user name and ^A`
		return
	}
	value, end, ok := bytes.Cut(value, []byte{1})
	bearer(value, s)
	switch {
	case s.Error != "":
	case !ok || !bytes.Equal(end, []byte{1}):
		s.Error = "in message: expected ^A ^A at its end"
	case len(user) == 0:
		s.Error = "in message: the user name is empty"
	}
}

// bearerClient reads gs2-header ^A *(key=value ^A) ^A (RFC 7628 §3.1).
func bearerClient(x *Exchange, msg []byte, s *Step) {
	if x.acknowledges(msg, s) {
		return
	}
	s.Shape = Shape(msg, "sasl")
	head, rest, ok := bytes.Cut(msg, []byte{1})
	if !ok {
		s.Error = "in message: expected ^A behind the gs2 header"
		return
	}
	_, authz, extra, fault := gs2Header(string(head))
	if fault != "" || extra != "" {
		s.Error = fault
		if fault == "" {
			s.Error = "in gs2-header: expected its end behind the second comma"
		}
		return
	}
	s.User = wire.Escape([]byte(authz))
	pairs, ok := bytes.CutSuffix(rest, []byte{1, 1})
	if !ok {
		s.Error = "in message: expected ^A ^A at its end"
		pairs = bytes.TrimRight(rest, "\x01")
	}
	seen := false
	for pair := range bytes.SplitSeq(pairs, []byte{1}) {
		key, value, ok := bytes.Cut(pair, []byte("="))
		switch {
		case !ok && s.Error == "":
			s.Error = "in message: expected KEY=VALUE between ^A and ^A"
		case string(key) == "auth":
			seen = true
			bearer(value, s)
		}
	}
	if !seen && s.Error == "" {
		s.Error = `in message: "auth=" is missing`
	}
}

// acknowledges takes the one octet that follows an error (RFC 7628 §3.2.3).
func (x *Exchange) acknowledges(msg []byte, s *Step) bool {
	if !x.failed || !bytes.Equal(msg, []byte{1}) {
		return false
	}
	x.emptyResponse(s)
	s.Secret = false
	return true
}

// bearer checks the value of auth=: scheme, one space, a b64token (RFC 6750 §2.1).
func bearer(value []byte, s *Step) {
	s.Note = "gives user name and access token"
	scheme, token, ok := bytes.Cut(value, []byte(" "))
	if !ok || !strings.EqualFold(string(scheme), "Bearer") {
		s.keepFault(`in auth: expected "Bearer" and SP`)
		return
	}
	s.Shape = Shape(token, "token")
	if bytes.Count(token, []byte(".")) == 2 && bytes.HasPrefix(token, []byte("ey")) {
		s.Shape += ", three parts with dots between them (a JWT)"
	}
	if len(token) == 0 {
		s.keepFault("in auth: the token is empty")
	}
	for i, c := range token {
		if !isBase64(c) && !strings.ContainsRune("-._~=", rune(c)) {
			s.keepFault(fmt.Sprintf("in token: octet at offset %d is none that a token may have", i))
			return
		}
	}
}

// keepFault records the first fault only.
func (s *Step) keepFault(fault string) {
	if s.Error == "" {
		s.Error = fault
	}
}

// oauthServer is the error that a server sends before it refuses: JSON, whose
// status and scope tell why (RFC 7628 §3.2.2).
func oauthServer(x *Exchange, msg []byte, s *Step) {
	x.failed = true
	x.stage = "the token"
	var compact bytes.Buffer
	if err := json.Compact(&compact, msg); err != nil {
		s.Error = "in challenge: expected JSON"
		return
	}
	s.JSON = clip(wire.Escape(compact.Bytes()))
	var said struct {
		Status any    `json:"status"`
		Scope  string `json:"scope"`
	}
	s.Note = "the server refuses the token"
	if json.Unmarshal(msg, &said) == nil && said.Status != nil {
		s.Note += ": status " + clip(wire.Escape(fmt.Append(nil, said.Status)))
		if said.Scope != "" {
			s.Note += ", scope " + clip(wire.Escape([]byte(said.Scope)))
		}
	}
}
