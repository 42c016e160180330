package event

import "strconv"

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Side is an end of a session, or mailtap between them.
type Side uint8

// The sides. SideNone is the zero value: not said.
const (
	SideNone Side = iota
	SideClient
	SideServer
	SideProxy
)

// Other is the peer of a client or a server, and SideNone of anything else.
func (s Side) Other() Side {
	switch s {
	case SideClient:
		return SideServer
	case SideServer:
		return SideClient
	}
	return SideNone
}

// String is the side's word: client, server, proxy, or "".
func (s Side) String() string {
	return [...]string{"", "client", "server", "proxy"}[s&3]
}

// Letter is the side's letter in the field "dir": c, s, p, or "".
func (s Side) Letter() string {
	return [...]string{"", "c", "s", "p"}[s&3]
}

// ParseSide takes a word or a letter; anything else is SideNone.
func ParseSide(text string) Side {
	switch text {
	case "c", "client":
		return SideClient
	case "s", "server":
		return SideServer
	case "p", "proxy":
		return SideProxy
	}
	return SideNone
}

// Leg is the connection on which an event exists: both (the zero value), or
// the server's alone.
type Leg uint8

// The legs.
const (
	LegBoth Leg = iota
	LegServer
)

// String is "server" or "".
func (l Leg) String() string {
	if l == LegServer {
		return "server"
	}
	return ""
}

// Proto is the protocol of a session.
type Proto uint8

// The protocols.
const (
	ProtoNone Proto = iota
	IMAP            // RFC 3501, RFC 9051
	POP3            // RFC 1939
)

// String is the protocol's name in JSON, lower case.
func (p Proto) String() string {
	switch p {
	case IMAP:
		return "imap"
	case POP3:
		return "pop3"
	}
	return ""
}

// Title is the protocol's name as people write it.
func (p Proto) Title() string {
	switch p {
	case IMAP:
		return "IMAP"
	case POP3:
		return "POP3"
	}
	return "?"
}

// ParseProto takes a name in lower case; anything else is ProtoNone.
func ParseProto(text string) Proto {
	switch text {
	case "imap":
		return IMAP
	case "pop3":
		return POP3
	}
	return ProtoNone
}

// State is where a session stands: RFC 9051 §3, RFC 1939 §3.
type State uint8

// The states of IMAP, then those of POP3.
const (
	StateNone State = iota
	StateNotAuthenticated
	StateAuthenticated
	StateSelected
	StateLogout
	StateAuthorization
	StateTransaction
	StateUpdate
)

var states = [...]string{"", "not-authenticated", "authenticated", "selected", "logout", "authorization", "transaction", "update"}

// String is the state's name in JSON.
func (s State) String() string {
	if int(s) < len(states) {
		return states[s]
	}
	return ""
}

// ParseState takes a name in JSON; anything else is StateNone.
func ParseState(text string) State {
	for i, name := range states {
		if name == text {
			return State(i)
		}
	}
	return StateNone
}

// LoggedIn reports whether a login stands in this state.
func (s State) LoggedIn() bool {
	return s == StateAuthenticated || s == StateSelected || s == StateTransaction || s == StateUpdate
}

// Severity is how much a finding matters; exit statuses hang on it.
type Severity uint8

// The severities, in rising order.
const (
	SeverityNone    Severity = iota
	SeverityInfo             // an observation
	SeverityWarning          // it worked, but will not always, or is unsafe
	SeverityError            // it did not work
)

// String is the severity's name in JSON.
func (s Severity) String() string {
	return [...]string{"", "info", "warning", "error"}[s&3]
}

// Level is the severity in zerolog's words: info, warn, error, or "".
func (s Severity) Level() string {
	return [...]string{"", "info", "warn", "error"}[s&3]
}

// ParseLevel takes a level in zerolog's words; what is quieter than info is
// SeverityInfo, what is none SeverityNone.
func ParseLevel(text string) Severity {
	switch text {
	case "trace", "debug", "info":
		return SeverityInfo
	case "warn":
		return SeverityWarning
	case "error", "fatal", "panic":
		return SeverityError
	}
	return SeverityNone
}

// ParseSeverity takes a name in JSON; anything else is SeverityNone.
func ParseSeverity(text string) Severity {
	switch text {
	case "info":
		return SeverityInfo
	case "warning":
		return SeverityWarning
	case "error":
		return SeverityError
	}
	return SeverityNone
}

// Odd is what is not as it should be with a line whose syntax may well be
// right: facts that only the session knows, for explain to word.
type Odd uint8

// The oddities.
const (
	OddState   Odd = 1 << iota // a command that is not allowed in this state
	OddTag                     // its tag is that of a command that was not completed
	OddNumber                  // a message sequence number beyond the mailbox's last
	OddLimit                   // a message longer than APPENDLIMIT
	OddEarlier                 // it answers a login from before the recording
	OddUnread                  // Data holds a part of what was said: behind it the syntax is wrong
)
