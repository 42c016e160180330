package pop3

import (
	"strings"

	"mailtap/parse/event"
)

// Reply says whether a block follows a positive response.
type Reply uint8

// The replies.
const (
	SingleLine         Reply = iota
	MultiLine                // RETR
	MultiLineUnlessArg       // LIST: a listing of all; LIST 2: one line
)

// Command is everything that framing and explaining need to know about a
// POP3 command.
type Command struct {
	Min, Max int           // arguments
	Rest     int           // the argument that takes the rest of the line, spaces included; 0: none
	Numbers  int           // the first of them are message-numbers or counts
	Reply    Reply         // to what follows +OK
	In       []event.State // where it is allowed; nil: everywhere
	Secret   int           // the argument from which on all is secret; 0: none
	RFC      string
	Does     string // what it does, in general
}

var (
	authorization = []event.State{event.StateAuthorization}
	transaction   = []event.State{event.StateTransaction}
)

// commands is the table of all that is known. A new command is a row here and
// a session in testdata.
var commands = map[string]Command{
	"USER": {Min: 1, Max: 1, Rest: 1, In: authorization, RFC: "RFC 1939 §7", Does: "names the mailbox to log in to"},
	"PASS": {Min: 1, Max: 1, Rest: 1, Secret: 1, In: authorization, RFC: "RFC 1939 §7", Does: "gives the password"},
	"APOP": {Min: 2, Max: 2, Rest: 2, Secret: 2, In: authorization, RFC: "RFC 1939 §7", Does: "logs in with a digest of the greeting's timestamp and the password"},
	"AUTH": {Min: 0, Max: 2, Rest: 2, Reply: MultiLineUnlessArg, In: authorization, RFC: "RFC 5034 §4", Does: "begins a SASL authentication; without an argument it asks for the mechanisms"},
	"QUIT": {RFC: "RFC 1939 §6", Does: "ends the session; messages marked for deletion are removed"},
	"STAT": {In: transaction, RFC: "RFC 1939 §5", Does: "asks for the number of messages and their size"},
	"LIST": {Max: 1, Numbers: 1, Reply: MultiLineUnlessArg, In: transaction, RFC: "RFC 1939 §5", Does: "asks for the sizes of the messages"},
	"RETR": {Min: 1, Max: 1, Numbers: 1, Reply: MultiLine, In: transaction, RFC: "RFC 1939 §5", Does: "downloads a message"},
	"DELE": {Min: 1, Max: 1, Numbers: 1, In: transaction, RFC: "RFC 1939 §5", Does: "marks a message for deletion"},
	"NOOP": {In: transaction, RFC: "RFC 1939 §5", Does: "does nothing, but keeps the session alive"},
	"RSET": {In: transaction, RFC: "RFC 1939 §5", Does: "takes all marks for deletion back"},
	"TOP":  {Min: 2, Max: 2, Numbers: 2, Reply: MultiLine, In: transaction, RFC: "RFC 1939 §7", Does: "downloads the header and the first lines of a message"},
	"UIDL": {Max: 1, Numbers: 1, Reply: MultiLineUnlessArg, In: transaction, RFC: "RFC 1939 §7", Does: "asks for the unique-ids of the messages"},
	"CAPA": {Reply: MultiLine, RFC: "RFC 2449 §5", Does: "asks what the server can do"},
	"STLS": {In: authorization, RFC: "RFC 2595 §4", Does: "asks to go on inside TLS"},
	"UTF8": {In: authorization, RFC: "RFC 6856 §2.1", Does: "switches to UTF-8 in user names, headers and texts"},
	"LANG": {Max: 1, Reply: MultiLineUnlessArg, RFC: "RFC 6856 §3.2", Does: "chooses the language of the server's texts, or asks for those it has"},

	// Obsolete, or made by one vendor: still met.
	"RPOP":    {Min: 1, Max: 1, Rest: 1, Secret: 1, In: authorization, RFC: "RFC 1081 §5", Does: "logs in by the client's trusted port (obsolete)"},
	"LAST":    {In: transaction, RFC: "RFC 1460 §5", Does: "asks for the highest message-number that was accessed (obsolete)"},
	"XTND":    {Min: 1, Max: 3, Reply: MultiLine, In: transaction, RFC: "RFC 1082", Does: "calls an extension: XLST lists one header field of all messages (obsolete)"},
	"XSENDER": {Min: 1, Max: 1, Numbers: 1, In: transaction, RFC: "", Does: "asks who authenticated as the sender of a message (Netscape's extension)"},
	"XCLIENT": {Min: 1, Max: 32, In: authorization, RFC: "", Does: "tells the server for which client a proxy speaks (Dovecot's extension)"},
	"HELP":    {Max: 1, RFC: "", Does: "asks for help (no standard has it)"},
}

// Lookup finds a command by its name in upper case.
func Lookup(name string) (Command, bool) {
	c, ok := commands[name]
	return c, ok
}

// Allowed reports whether the command may be sent in state.
func (c Command) Allowed(state event.State) bool {
	for _, s := range c.In {
		if s == state {
			return true
		}
	}
	return len(c.In) == 0
}

// Meaning is what a capability or a response code stands for.
type Meaning struct{ RFC, Says string }

// capabilities are those of RFC 2449 §6 and later, and what servers add.
var capabilities = map[string]Meaning{
	"TOP":            {"RFC 2449 §6.1", "headers can be looked at without downloading messages (TOP)"},
	"USER":           {"RFC 2449 §6.2", "login with USER and PASS"},
	"SASL":           {"RFC 2449 §6.3", "logins with AUTH, by these mechanisms"},
	"RESP-CODES":     {"RFC 2449 §6.4", "a bracketed word at the beginning of a response's text is a code"},
	"LOGIN-DELAY":    {"RFC 2449 §6.5", "so many seconds have to pass between two logins"},
	"PIPELINING":     {"RFC 2449 §6.6", "commands may be sent without waiting for responses"},
	"EXPIRE":         {"RFC 2449 §6.7", "so many days the server keeps messages"},
	"UIDL":           {"RFC 2449 §6.8", "messages have ids that last (UIDL): mail can be left on the server"},
	"IMPLEMENTATION": {"RFC 2449 §6.9", "which server this is"},
	"STLS":           {"RFC 2595 §4", "the connection can be upgraded to TLS"},
	"AUTH-RESP-CODE": {"RFC 3206 §6", "a refused login tells by its code whether the credentials were wrong"},
	"UTF8":           {"RFC 6856 §2", "UTF-8 in user names, headers and texts"},
	"LANG":           {"RFC 6856 §3", "texts in several languages"},
	"APOP":           {"RFC 1939 §7", "login with APOP (some servers list it, no standard does)"},
	"XOIP":           {"", "an extension of some servers"},
	"XTND":           {"RFC 1082", "the extensions of XTND"},
	"XCLIENT":        {"", "a proxy may tell for which client it speaks"},
}

// Capability finds a capability by its name in upper case.
func Capability(name string) (Meaning, bool) {
	m, ok := capabilities[name]
	if !ok && strings.HasPrefix(name, "X") {
		return Meaning{"RFC 2449 §6", "an extension without a standard"}, true
	}
	return m, ok
}

// codes are the extended response codes: RFC 2449 §8 and later.
var codes = map[string]Meaning{
	"LOGIN-DELAY": {"RFC 2449 §8.1.1", "too soon after the last login: the password was not looked at"},
	"IN-USE":      {"RFC 2449 §8.1.2", "the maildrop is locked, by another session most likely: the password was right"},
	"SYS/TEMP":    {"RFC 3206 §4", "the server has a problem that will pass: not the password"},
	"SYS/PERM":    {"RFC 3206 §4", "the server has a problem that someone must mend: not the password"},
	"AUTH":        {"RFC 3206 §5", "the credentials are the problem"},
	"UTF8":        {"RFC 6856 §5", "the message needs UTF-8: send UTF8 before the login"},
	"XCLIENT":     {"", "the server takes XCLIENT"},
}

// Code finds a response code by its atom in upper case.
func Code(name string) (Meaning, bool) {
	m, ok := codes[name]
	return m, ok
}
