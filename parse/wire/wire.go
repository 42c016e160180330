// Package wire holds what the sans-I/O steps hand one another: octets, what
// they are, and what was done with them.
//
//	socket --chunk--> Session.Feed --Unit--> Gate.Decide --Verdict--> Session
//	                     |                                              |
//	                     +--> Sink.Octets (masked)   Sink.Event <-------+
//
// Read back from a capture, the same Octets go in at Session.Recorded, and the
// same events come out.
package wire

import (
	"time"

	"mailtap/parse/event"
)

// Unit is what a Gate is asked about: one fragment that stands complete on the
// wire, and what the session takes it for. A command with literals is asked
// about at its first line, and the verdict holds for all of it; a literal is
// never asked about by itself. A multi-line POP3 response that a gate may want
// to change (CAPA, AUTH without argument) is asked about line by line.
type Unit struct {
	Side   event.Side // who sent it
	Kind   event.Kind // greeting, command, response, continuation, client.data, octets
	Data   []byte     // as it came, its line end included; never masked; valid during Decide
	Tag    string     // IMAP
	Name   string     // upper case: a command's, or the type of untagged data
	Status string     // of a status response
	For    string     // a response: the name of the command that it completes or belongs to
	Block  bool       // a line of a multi-line response's block; Data ".\r\n" ends it
	State  event.State
}

// Action is what becomes of a Unit.
type Action uint8

// The actions.
const (
	Relay   Action = iota // as it came
	Replace               // Verdict.Data goes to the other side in its place, and is what the client's leg has
	Refuse                // nothing goes on; Verdict.Answer goes back to the sender
	Hold                  // nothing happens yet: Feed stops before it, and hands it back in Result.Held
	Leg                   // a server's line that the client never gets: an event of the server's leg
	Drop                  // nothing goes on, and nobody answers: counted, recorded, marked as dropped
)

// Verdict is a Gate's answer.
type Verdict struct {
	Action Action
	Data   []byte // Replace
	Answer []byte // Refuse: whole lines, sent back when the command is complete
	Stop   bool   // read no further behind this unit: an upgrade begins
}

// Gate decides what becomes of each unit of a session whose two legs differ.
type Gate interface {
	Decide(u *Unit) Verdict
}

// Result is what Feed did with a chunk. Its slices are valid until the next
// call on the session.
type Result struct {
	Forward []byte // for the other side
	Back    []byte // for the sender: answers of the gate
	Held    []byte // the line at which the gate said Hold
	Rest    []byte // what was not looked at, behind a Stop or a Hold
	Stopped bool
}

// Octets is a piece of the client's leg as it goes on record: a line when it is
// whole (in as many pieces as Reads brought it, each with its time), a literal
// as it comes. Where only the server's leg had it there is an event and no Octets.
type Octets struct {
	Side    event.Side // SideClient or SideServer: whose direction
	Data    []byte     // masked; valid until the call returns
	Time    time.Time  // of the Read that brought it
	Proxy   bool       // made by mailtap (side is SideServer where it went to the client)
	Dropped bool       // from the client, and passed on to nobody
	Altered *Altered   // the server's leg had something else; on the first piece of a line
	Secrets []Secret   // where Data has a secret in it
	Part    Part       // of a message's text
	Deflate bool       // the wire had this inside COMPRESS=DEFLATE
	Raw     bool       // not protocol text: what was on the wire where inflating failed
	Why     string     // Dropped: why, as Session.Drop was told
	End     bool       // side sends no more, and Data is empty: from Session.EOF, before the events it makes
	Cut     bool       // Data is a stand-in of the same length: the recording left a message's text out
}

// Altered is what the server's leg had in place of the client's.
type Altered struct {
	Other string `json:"other"`       // as event text
	Bytes int64  `json:"other_bytes"` // octets on the server's leg
}

// Part says whether octets are a message's text.
type Part uint8

// The parts. A recording may leave body, or header and body, out.
const (
	PartNone Part = iota
	PartHeader
	PartBody
)

// Secret is where octets hide a credential, and what may be said of it.
type Secret struct {
	Off   int    `json:"off"`             // in the Data of its Octets
	Len   int    `json:"len"`             // octets
	Form  string `json:"form"`            // atom, quoted, literal, line, sasl, digest
	Mech  string `json:"mech,omitempty"`  // LOGIN, USER, APOP, or the SASL mechanism
	User  string `json:"user,omitempty"`  // where it can be told from what is hidden
	Authz string `json:"authz,omitempty"` // the identity to act as, likewise
	Shape string `json:"shape,omitempty"` // "a quoted string of 14 bytes, ASCII, one space at its end"
	Error string `json:"error,omitempty"` // what is wrong with the form of it, never quoting it
	Note  string `json:"note,omitempty"`  // what else a decoded exchange tells: a step, a JSON error
}

// Sink takes what a session has to say, in order, under the session's lock.
// An Event may be kept; Octets may not.
type Sink interface {
	Octets(o *Octets)
	Event(e *event.Event)
}

// Info is what may be asked of a session at any time.
type Info struct {
	BytesC, BytesS int64 // octets on the client's leg so far
	Commands       int64
	State          event.State
	Context        event.Context
	Compressed     bool // COMPRESS=DEFLATE runs
	Idle           bool // an IMAP IDLE runs
	Boundary       bool // the server's direction stands at a line's beginning, outside literals and blocks
	Pending        int  // commands without their completion
}

// Session understands one connection: fragments of both sides in, octets and
// events out. It does no I/O and takes the time from its caller; it is not
// safe for concurrent use.
//
// Nothing that comes is an error: what cannot be understood is counted, shown
// as octets, and relayed.
type Session interface {
	// Feed takes a chunk that side sent at t. With a nil gate Forward is data
	// itself and half a line goes on at once; with a gate whole lines do.
	// The gate given may change from call to call.
	Feed(side event.Side, data []byte, t time.Time, gate Gate) Result

	// Inject tells of whole lines that mailtap made and sent to one side:
	// events of direction p. To the client they count on its leg; to the
	// server they are events of the server's leg.
	Inject(to event.Side, lines []byte, t time.Time)

	// ServerLeg tells of whole lines that the server sent and the client never got.
	ServerLeg(lines []byte, t time.Time)

	// Drop tells of octets that were read from side and are passed on to
	// nobody: an event of their own, of kind octets.
	Drop(side event.Side, data []byte, t time.Time, why string)

	// Upgraded tells that TLS now runs on side. On the client's side both
	// protocols forget what was learned before it (RFC 9051 §6.2.1, RFC 2595 §4).
	Upgraded(side event.Side, t time.Time)

	// Recorded is Feed for what a capture holds: the Octets that a live
	// session handed to its sink. Masked secrets are taken from o.Secrets, and
	// the reason of a Drop from o.Why. They go to the sink again as they do
	// from Feed (Part found anew), before the events that they complete. A
	// capture joins adjacent pieces of one side and one time of which nothing
	// is said, and cuts none of the others. An End is given to EOF instead.
	Recorded(o *Octets)

	// Gap tells that n octets of side are missing in what is read (0: unknown).
	Gap(side event.Side, n int64, t time.Time)

	// Emit hands e to the sink as an event of this session: Context, Seq (not
	// for findings and marks, which get After) and, where e has none, State are
	// filled in.
	Emit(e *event.Event)

	// EOF tells that side will send no more: a line without its end goes to
	// the sink, then an Octets with End, then the line's event. A second EOF
	// of a side does nothing.
	EOF(side event.Side, t time.Time)

	// Info tells where the session stands.
	Info() Info

	// Close frees what the session holds. Feed may not follow.
	Close()
}

// Options are what a new session needs to know.
type Options struct {
	ID          string // ten base32 characters
	ShowSecrets bool   // mask nothing
	Sink        Sink
	LoggedIn    bool // the octets begin behind greeting and login
}

// Item is one entry of a session's record as it stands in a queue: an event,
// or octets whose Data belongs to the receiver.
type Item struct {
	Session string
	Event   *event.Event
	Octets  *Octets
}
