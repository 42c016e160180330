// Package event is the vocabulary of mailtap: what happened in a session, as
// one Event a line. The log, the captures, the viewer and every export are
// made from these values and nothing else.
//
// An Event is built once, by the session that it belongs to, and never changed
// after it was handed to a sink: sinks on several goroutines share it.
// The package has no behaviour beyond names, JSON and small conversions; what
// an event means in words is parse/explain's work, and is done when asked for.
package event

import "time"

// Kind says what an Event is about: the field "event" of its JSON form.
type Kind string

// The kinds. Greeting to Octets are protocol events: each octet of a session's
// client leg belongs to exactly one of those.
const (
	KindListening    Kind = "listening"
	KindSessionOpen  Kind = "session.open"
	KindUpstreamOpen Kind = "upstream.open"
	KindTLS          Kind = "tls"
	KindGreeting     Kind = "greeting"
	KindCommand      Kind = "command"
	KindResponse     Kind = "response"
	KindContinuation Kind = "continuation"
	KindClientData   Kind = "client.data" // a client line that is no command: a SASL response, "*", DONE
	KindOctets       Kind = "octets"      // what cannot be understood as lines
	KindFinding      Kind = "finding"
	KindMark         Kind = "mark" // a user's mark on an event, kept in the capture: Text, see MarkAlone; not numbered, so that it moves no Seq
	KindGap          Kind = "gap"  // octets that the recording lacks
	KindSessionClose Kind = "session.close"
	KindLog          Kind = "log" // mailtap about itself: no session
)

// MarkAlone is the Text of a mark that came without a comment. A mark whose
// Text is empty takes the one before it away.
const MarkAlone = "marked"

// Protocol reports whether events of kind k carry octets of the session.
func (k Kind) Protocol() bool {
	switch k {
	case KindGreeting, KindCommand, KindResponse, KindContinuation, KindClientData, KindOctets:
		return true
	}
	return false
}

// Context is what an event's session was at that moment. Events share one
// Context until something in it changes; it is never written after that.
type Context struct {
	Session  string // ten base32 characters
	Proto    Proto
	User     string // from the login on
	Mailbox  string // IMAP: while selected, decoded
	ClientID string // IMAP ID: name and version
}

// Event is one thing that happened. The zero value of a field means absent.
// Field by field it is what CONTRACT section 3 says; see JSON for the names.
type Event struct {
	Time time.Time // when the last octet of it was seen
	Kind Kind
	*Context

	Seq   int64 // from 1, without gaps in a session; 0 for findings, marks and outside sessions
	After int64 // findings: the Seq they follow; marks: the Seq they are about

	// Protocol events. Small fields stand together: a viewer holds a million
	// events, and padding would cost each of them 24 bytes.
	Dir       Side     // SideClient, SideServer, SideProxy
	To        Side     // of SideProxy: SideClient or SideServer
	Leg       Leg      // LegServer where it exists on the server's leg only
	State     State    // after it
	Completes bool     // Latency and First stand
	Altered   bool     // the two legs differ
	Dropped   bool     // mailtap read it and passed it on to nobody
	Level     Severity // how loud it is in a log, where it says so itself

	Tag    string // IMAP; "*" untagged, "+" is no tag
	Name   string // upper case: LOGIN, UID FETCH, RETR; untagged data: FETCH, EXISTS
	Status string // OK NO BAD PREAUTH BYE, +OK -ERR
	Code   string // the response code's atom alone, upper case: UIDVALIDITY, SYS/TEMP
	For    string // the name of the command that it answers
	Cmd    int64  // its Seq; a continuation request has For alone

	Latency time.Duration // from the last octet that the client owed to the last of the completion
	First   time.Duration // the same, to the first octet of the first answer

	Text  string // the line for people: masked, literals as {n bytes}, controls escaped
	Data  any    // the parsed parts: a value of parse/imap or parse/pop3, or a tree from JSON; masked
	Bytes int64  // octets on the client's leg, literals and message text included
	Error string // what is wrong with its syntax
	Odd   Odd    // what else is; not in JSON, where the note says it

	Other      string // Altered: Text on the server's leg
	OtherBytes int64

	// Words that came with the event (JSON, a capture of another version).
	// Where empty, parse/explain makes them from the fields above.
	Note, RFC string
	Message   string

	// Exactly one of these stands where Kind says so.
	Route   *Route   // listening, session.open, upstream.open
	TLS     *TLS     // tls
	Finding *Finding // finding
	Close   *Close   // session.close
}

// ID names the event as evidence does: SESSION:SEQ.
func (e *Event) ID() string {
	if e.Context == nil || e.Seq == 0 {
		return ""
	}
	return e.Session + ":" + itoa(e.Seq)
}

// Route is what listening, session.open and upstream.open say.
type Route struct {
	Listen   string   // URL with the port that is really bound
	Upstream string   // URL
	Client   string   // IP:PORT
	Server   string   // IP:PORT
	Dial     Duration // how long connecting took
	Failure  string   // why the server could not be reached
	Settings string   // listening: what to type into the mail client
}

// Duration is a time.Duration that tells 0 from absent: Known is true where it was measured.
type Duration struct {
	D     time.Duration
	Known bool
}

// TLS is what one side of the session agreed in its handshake, or why it failed.
type TLS struct {
	Side    Side // SideClient or SideServer: whose connection
	Version string
	Cipher  string
	SNI     string
	ALPN    string
	Hello   string // of SideClient: names what the client offers; equal where the same program offers it again
	Resumed bool
	Peer    []Certificate
	Failure string
	Advice  string // what the failure most likely means, and what to do
}

// Certificate is one of a peer's chain, the leaf first.
type Certificate struct {
	Subject  string    `json:"subject"`
	Names    []string  `json:"names,omitempty"`
	Issuer   string    `json:"issuer"`
	Expiry   time.Time `json:"expiry"`
	Verified bool      `json:"verified"`
	Reason   string    `json:"reason,omitempty"` // why not verified
}

// Finding is a diagnosis: DIAGNOSES' ids are stable names.
type Finding struct {
	ID       string
	Severity Severity
	Title    string   // one sentence: what is wrong
	Advice   string   // what to do
	Evidence []string // SESSION:SEQ
	Also     []string // other ids that cannot be excluded
	Count    int      // how often, where more than once
	Recorded bool     // taken from a capture's comment, not seen anew
}

// Close is what session.close says.
type Close struct {
	BytesC, BytesS int64 // protocol octets on the client's leg
	WireC, WireS   int64 // octets that crossed the client's socket
	Commands       int64
	Duration       time.Duration
	By             Side // who ended it
	Reason         string
	Summary        string
}
