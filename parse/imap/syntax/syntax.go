// Package syntax is the grammar of IMAP: one whole command or response in,
// its typed parts out, and where it departs from the grammar an *Error with
// the offset. It knows nothing of sessions: what a line is was decided before
// (parse/imap), and what it means comes after (parse/explain).
//
// Nothing here fails: a Message that is wrong gives the parts that could be
// read and the first Error. What real servers and clients are known to do
// wrong is read all the same, and the Error names it. RFC 9051 §9, RFC 3501 §9
// and the extensions'.
//
// Command and Response are the two ways in. Below them every chapter of the
// grammar has a file, every rule a method of cursor: a new command is a row in
// commands (command.go) and a method; new untagged data a row in responses
// (response.go); a new response code a row in codes (code.go); and each a line
// in the tables of terms_*.go, which a test holds against the registries.
//
// Values are what JSON shows under "data": their tags are promised. A mailbox
// name is a Mailbox, a set of numbers a NumSet ("1:5,9"), dates are RFC 3339,
// and what no rule is known for is a Node, the tree on the wire. The text of a
// message is never copied: of it there is the size.
package syntax

import "fmt"

// Message is one command or response, whole: its lines, and the octets of its
// literals between them, in the order of the wire.
type Message struct {
	Data     []byte    // valid during the call; parsed values keep no part of it
	Literals []Literal // in order
	Masked   []Span    // secrets, already '*': not to be parsed inside
	UTF8     bool      // UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings hold UTF-8
	Cut      bool      // the connection ended, or a literal was refused, before its end
}

// Span is a range of Message.Data.
type Span struct{ Off, Len int }

// Literal is one literal of a Message. Of a long one only the head is in Data.
type Literal struct {
	Off     int   // of its first octet in Data
	Kept    int   // octets that are in Data
	Size    int64 // octets announced
	NonSync bool  // {n+}, RFC 7888
	Binary  bool  // ~{n}, literal8, RFC 3516
}

// Error is the first departure from the grammar.
type Error struct {
	Offset    int    // in Message.Data
	Rule      string // the ABNF rule being read: "fetch-att"
	Want, Got string // Got is quoted already, and never shows a secret
	Unread    bool   // the arguments could not be read on from somewhere: the data is not all that was said
}

// Error words it: in fetch-att: expected "]", got "\r" at offset 17.
func (e *Error) Error() string {
	return fmt.Sprintf("in %s: expected %s, got %s at offset %d", e.Rule, e.Want, e.Got, e.Offset)
}

// Cmd is a command: what the client's line says.
type Cmd struct {
	Tag  string
	Name string // upper case, "UID FETCH" joined; "" where there is none
	Data any    // the typed arguments, or a Tree; nil where the command has none
	Err  *Error // the first departure from the grammar
}

// Resp is a response: what the server's line says.
type Resp struct {
	Tag    string // "*" untagged, "+" a continuation request, else the command's
	Name   string // untagged data, upper case: FETCH, EXISTS, LIST; "" of status responses
	Status string // OK NO BAD PREAUTH BYE; "" of untagged data
	Code   string // the response code's atom alone, upper case
	Data   any    // *Status for status responses and continuation requests
	Err    *Error // the first departure from the grammar
}

// Status is the Data of a status response and of a continuation request.
type Status struct {
	Code string `json:"code,omitempty"` // the response code's atom, upper case
	Args any    `json:"args,omitempty"` // its arguments, typed where they are known
	Text string `json:"text,omitempty"` // the words for people, undecoded

	// Of a completion, by parse/imap: the untagged responses that its command
	// had asked for, and their octets.
	Responses int64 `json:"responses,omitempty"`
	Octets    int64 `json:"octets,omitempty"`
}
