package captures

import (
	"bytes"
	"encoding/json"
	"slices"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/wire"
)

// maxComment is the longest comment that is written (contract §4).
const maxComment = 32 << 10

// The kinds of comments. Readers ignore those that they do not know.
const (
	kindOpen      = "open"       // a session.open event
	kindUpstream  = "upstream"   // an upstream.open event
	kindTLS       = "tls"        // a tls event
	kindSecret    = "secret"     // wire.Secret: where in this packet a credential was masked
	kindAltered   = "altered"    // what the server's leg had; or octets that mailtap made, or dropped
	kindServerLeg = "server-leg" // an event that exists on the server's leg only
	kindLayer     = "layer"      // what carried the octets from here on: TLS, deflate; or no text at all
	kindFinding   = "finding"    // a finding event
	kindMark      = "mark"       // a user's comment on an event
	kindClose     = "close"      // a session.close event
	kindEvent     = "event"      // any other event that octets do not make
)

// The layers of kindLayer.
const (
	layerText    = "text"    // protocol text, as at the beginning
	layerDeflate = "deflate" // protocol text that the wire had inside COMPRESS=DEFLATE
	layerRaw     = "raw"     // not protocol text: what was on the wire where inflating failed
	layerTLS     = "tls"     // an upgrade: part and session say what the connection is
)

// comment is what a comment of mailtap may have beside the fields of an event.
type comment struct {
	Mailtap int    `json:"mailtap"`
	Kind    string `json:"kind"`
	Session string `json:"session,omitempty"`

	*wire.Secret // secret

	// altered
	Other   *string `json:"other,omitempty"`
	Bytes   *int64  `json:"other_bytes,omitempty"`
	Proxy   bool    `json:"proxy,omitempty"`
	Dropped bool    `json:"dropped,omitempty"`
	Why     string  `json:"why,omitempty"`

	// layer
	Layer string `json:"layer,omitempty"`
	Part  int    `json:"part,omitempty"` // of the session that this connection is
	Next  int    `json:"next,omitempty"` // the part that follows: this FIN is no end
	Says  string `json:"says,omitempty"` // the same in words

	// mark
	At   string `json:"at,omitempty"`
	Text string `json:"text,omitempty"`
	Time string `json:"time,omitempty"` // RFC 3339, nanoseconds, UTC

	Cut bool `json:"cut,omitempty"`
}

// encode is c as the text of a comment.
func (c comment) encode() []byte {
	c.Mailtap = 1
	for limit := maxComment; ; limit /= 2 {
		text, err := json.Marshal(c)
		if err == nil && len(text) <= maxComment {
			return text
		}
		c.Cut = true
		c.shorten(limit / 8)
	}
}

// shorten cuts c's texts to limit octets each.
func (c *comment) shorten(limit int) {
	if c.Other != nil {
		other := wire.Head(*c.Other, limit)
		c.Other = &other
	}
	if c.Secret != nil {
		s := *c.Secret
		for _, field := range []*string{&s.Mech, &s.User, &s.Authz, &s.Shape, &s.Error, &s.Note} {
			*field = wire.Head(*field, limit)
		}
		c.Secret = &s
	}
	for _, field := range []*string{&c.Why, &c.Text, &c.Says, &c.At, &c.Session} {
		*field = wire.Head(*field, limit)
	}
}

// kindOf is the kind of comment for e, or "" where octets make the event.
func kindOf(e *event.Event) string {
	switch e.Kind {
	case event.KindSessionOpen:
		return kindOpen
	case event.KindUpstreamOpen:
		return kindUpstream
	case event.KindTLS:
		return kindTLS
	case event.KindFinding:
		return kindFinding
	case event.KindMark:
		return kindMark
	case event.KindSessionClose:
		return kindClose
	case event.KindListening, event.KindLog:
		return ""
	}
	switch {
	case e.Kind == event.KindGap && e.Bytes > 0: // sequence numbers are left out
		return ""
	case e.Leg == event.LegServer:
		return kindServerLeg
	case e.Kind.Protocol():
		return ""
	}
	return kindEvent
}

// encodeEvent is a comment of that kind with the fields of e, and extra ones
// (`"key":value,`) before them. What is said of an event of the server's leg
// is said now: the typed parts that words are made from do not come back.
func encodeEvent(kind, extra string, e *event.Event) []byte {
	flat := e.Flat()
	if kind == kindServerLeg {
		flat.Note, flat.RFC, flat.Message = explain.Note(e), explain.RFC(e), explain.Message(e)
	}
	prefix := `{"mailtap":1,"kind":"` + kind + `",` + extra
	text := join(prefix, flat)
	for limit := maxComment / 4; len(text) > maxComment; limit /= 2 {
		shortenEvent(flat, limit)
		text = join(prefix+`"cut":true,`, flat)
	}
	return text
}

// join is the JSON of flat with prefix in place of its opening brace.
func join(prefix string, flat *event.JSON) []byte {
	text, err := json.Marshal(flat)
	if err != nil { // only Data can fail
		flat.Data = nil
		if text, err = json.Marshal(flat); err != nil {
			return []byte(prefix + `"cut":true}`)
		}
	}
	return append([]byte(prefix), text[1:]...)
}

// shortenEvent leaves Data out and cuts every text to limit octets and every
// list to as many entries as that may hold.
func shortenEvent(j *event.JSON, limit int) {
	j.Data = nil
	for _, field := range []*string{
		&j.Session, &j.User, &j.Mailbox, &j.ClientID, &j.Listen, &j.Upstream, &j.Client, &j.Server, &j.Settings,
		&j.Version, &j.Cipher, &j.SNI, &j.ALPN, &j.Hello, &j.Failure, &j.Tag, &j.Name, &j.Status, &j.Code, &j.For, &j.Text,
		&j.Note, &j.RFC, &j.Error, &j.Other, &j.ID, &j.Title, &j.Advice, &j.Reason, &j.Summary, &j.Message,
	} {
		*field = wire.Head(*field, limit)
	}
	j.Evidence = slices.Clone(j.Evidence[:min(len(j.Evidence), limit/32)])
	j.Also = slices.Clone(j.Also[:min(len(j.Also), limit/32)])
	j.Peer = slices.Clone(j.Peer[:min(len(j.Peer), limit/1024)])
	for i := range j.Peer {
		c := &j.Peer[i]
		c.Subject, c.Issuer, c.Reason = wire.Head(c.Subject, limit/8), wire.Head(c.Issuer, limit/8), wire.Head(c.Reason, limit/8)
		c.Names = slices.Clone(c.Names[:min(len(c.Names), limit/256)])
		for k := range c.Names {
			c.Names[k] = wire.Head(c.Names[k], 255)
		}
	}
}

// decode reads a comment. It is mailtap's if its first key says so; any other
// is a user's words. One of mailtap's that cannot be read has no kind.
func decode(text []byte) (c comment, ours bool) {
	rest, found := bytes.CutPrefix(bytes.TrimSpace(text), []byte("{"))
	if !found || !bytes.HasPrefix(bytes.TrimSpace(rest), []byte(`"mailtap"`)) {
		return comment{}, false
	}
	c.Secret = new(wire.Secret)
	if json.Unmarshal(text, &c) != nil || c.Mailtap < 1 {
		return comment{}, true
	}
	return c, true
}

// decodeEvent is the event that a comment holds.
func decodeEvent(text []byte) (*event.Event, error) {
	e := new(event.Event)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, err
	}
	return e, nil
}

// userMark is a user's own comment as an event of the session it stands in.
func userMark(text []byte) *event.Event {
	return &event.Event{Kind: event.KindMark, Text: wire.Escape(bytes.TrimSpace(text))}
}
