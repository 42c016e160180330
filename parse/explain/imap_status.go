package explain

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// statusNote words a status response.
func statusNote(e *event.Event) string {
	s, _ := e.Data.(*syntax.Status)
	if s == nil {
		s = &syntax.Status{Code: e.Code}
	}
	code := codeNote(s)
	if e.Odd&event.OddUnread != 0 && s.Code != "" {
		code = meaning(syntax.ResponseCodes, s.Code)
	}
	switch {
	case e.Odd&event.OddEarlier != 0:
		return joined("; ", earlierNote, code)
	case e.Status == "PREAUTH":
		return "a greeting, which nobody waits for here"
	case e.Status == "BYE":
		return byeNote(e, s, code)
	case e.Tag == "*" && e.Status == "OK":
		return firstOf(code, "the server says "+firstOf(said(s), "nothing more"))
	case e.Tag == "*" && e.Status == "NO":
		return joined(": ", "the server warns", firstOf(code, said(s)))
	case e.Tag != "*" && e.For == "":
		return joined(": ", "no command waits for an answer with this tag", firstOf(code, said(s)))
	case e.Status == "NO" && (e.For == "LOGIN" || e.For == "AUTHENTICATE") && (s.Code == "AUTHENTICATIONFAILED" || s.Code == ""):
		if s.Code != "" {
			return loginRefused("the server refuses the login")
		}
		return loginRefused(joined(": ", "the server refuses the login", said(s)))
	case e.Status == "NO":
		return joined(": ", "the server refuses", firstOf(code, said(s)))
	case e.Status == "BAD":
		return joined(": ", "the server does not understand", firstOf(code, said(s)))
	}
	if m, ok := s.Args.(*syntax.SetCode); ok && s.Code == "MODIFIED" {
		return "done, but not for what someone else changed first: " + messages(m.Set, strings.HasPrefix(e.For, "UID "))
	}
	if e.For == "SELECT" || e.For == "EXAMINE" {
		if opened, ok := openedAs[e.Code]; ok {
			return opened
		}
	}
	return joined("; ", joined(": ", doneNote(e), answered(e, s)), code)
}

// loginRefused words the refusal of a login that names no other reason. The
// finding says more, but only once the session is over, and clients keep it
// open while they ask for the password again: so the note names its page.
func loginRefused(what string) string {
	return what + "; check user name and password (mailtap explain auth.bad-credentials)"
}

// earlierNote words the answer to a login that nobody recorded.
const earlierNote = "the login stands; it came before this recording"

// openedAs is how a mailbox is open, by the code of SELECT's OK.
var openedAs = map[string]string{
	"READ-WRITE": "the mailbox is open, and can be changed",
	"READ-ONLY":  "the mailbox is open, read-only",
}

// answered words what came in answer to a command: "200 messages in 1.2 s, 3.4 MB".
func answered(e *event.Event, s *syntax.Status) string {
	what, listed := listing[e.For]
	switch {
	case !e.Completes:
		return ""
	case listed && s.Responses == 0:
		return "no " + plural(what)
	case listed:
		return count(s.Responses, what) + " in " + Took(e.Latency) + ", " + size(uint64(s.Octets))
	case s.Responses > 0 && changing[strings.TrimPrefix(e.For, "UID ")]:
		return count(s.Responses, "message") + " in " + Took(e.Latency)
	}
	return ""
}

// listing is what answers a command, one a line.
var listing = map[string]string{
	"FETCH": "message", "UID FETCH": "message", "LIST": "mailbox", "LSUB": "mailbox", "XLIST": "mailbox",
	"RLIST": "mailbox", "RLSUB": "mailbox",
}

// changing is commands that a line answers for each message that they change.
var changing = map[string]bool{"EXPUNGE": true, "STORE": true, "MOVE": true}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func byeNote(e *event.Event, s *syntax.Status, code string) string {
	if e.For == "LOGOUT" {
		return "the server says goodbye, as it was asked to"
	}
	return joined(": ", "the server ends the session", firstOf(code, said(s)))
}

// done is what an OK to a command means.
var done = map[string]string{
	"LOGIN": "the login stands", "AUTHENTICATE": "the login stands", "LOGOUT": "the session is over",
	"STARTTLS": "the TLS handshake begins", "COMPRESS": "from here on both sides compress",
	"SELECT": "the mailbox is open", "EXAMINE": "the mailbox is open, read-only",
	"CLOSE": "the mailbox is closed, deleted messages are gone", "UNSELECT": "the mailbox is closed",
	"CREATE": "the mailbox was made", "DELETE": "the mailbox was removed", "RENAME": "the mailbox has its new name",
	"SUBSCRIBE": "subscribed", "UNSUBSCRIBE": "no longer subscribed", "IDLE": "the waiting is over",
	"APPEND": "the message is in the mailbox", "REPLACE": "the message was replaced", "UID REPLACE": "the message was replaced",
	"COPY": "copied", "UID COPY": "copied", "MOVE": "moved", "UID MOVE": "moved",
	"EXPUNGE": "what was marked as deleted is gone", "UID EXPUNGE": "what of it was marked as deleted is gone",
	"STORE": "the flags are changed", "UID STORE": "the flags are changed", "UNAUTHENTICATE": "the login is given up",
	"NOOP": "nothing more to tell", "CHECK": "the server has caught up", "CAPABILITY": "that was the whole list",
	"SEARCH": "the search is over", "UID SEARCH": "the search is over", "ESEARCH": "the search is over",
	"SORT": "the search is over", "UID SORT": "the search is over", "THREAD": "the search is over", "UID THREAD": "the search is over",
	"STATUS": "the counts are told", "NAMESPACE": "the namespaces are told", "ID": "each side has said what it is",
	"GETQUOTA": "the quota is told", "GETQUOTAROOT": "the quotas are told", "SETQUOTA": "the limits are changed",
	"GETACL": "the rights are told", "MYRIGHTS": "the rights are told", "LISTRIGHTS": "the rights are told",
	"SETACL": "the rights are changed", "DELETEACL": "the rights are changed",
	"GETMETADATA": "the annotations are told", "SETMETADATA": "the annotations are changed",
	"NOTIFY": "the server has noted what to tell of", "RESETKEY": "the URLs are void", "GENURLAUTH": "the URLs are made",
}

// doneNote words an OK by the command that it completes.
func doneNote(e *event.Event) string {
	if s, ok := e.Data.(*syntax.Status); ok && e.For == "APPEND" {
		if uids, ok := s.Args.(*syntax.AppendUIDCode); ok && len(uids.UIDs.Ranges) > 0 && it(uids.UIDs) != "it" {
			return "the messages are in the mailbox"
		}
	}
	if s, ok := e.Data.(*syntax.Status); ok && e.Completes && s.Responses == 0 && strings.HasSuffix(e.For, "EXPUNGE") {
		return "nothing was marked as deleted"
	}
	if note, ok := done[e.For]; ok {
		return note
	}
	return "the server is done"
}

// codeNote words a response code, with its arguments where they say something.
func codeNote(s *syntax.Status) string {
	if s.Code == "" {
		return ""
	}
	switch a := s.Args.(type) {
	case *syntax.NumberCode:
		return numberCode(s.Code, a.Number)
	case *syntax.FlagsData:
		return keptFlags(a)
	case *syntax.CapabilityData:
		return capabilityNote("", a)
	case *syntax.AppendUIDCode:
		if a.UIDs.IsZero() {
			return meaning(syntax.ResponseCodes, s.Code)
		}
		return "uploaded as " + messages(a.UIDs, true)
	case *syntax.CopyUIDCode:
		return messages(a.From, true) + " became " + messages(a.To, true) + " there"
	case *syntax.SetCode:
		return meaning(syntax.ResponseCodes, s.Code) + ": " + ranges(a.Set)
	case *syntax.InProgressCode:
		return progress(a)
	case *syntax.MetadataCode:
		return metadataCode(s.Code, a)
	case *syntax.MessageLimitCode:
		note := fmt.Sprintf("the server works on %d messages at a time", a.Limit)
		if a.LastUID > 0 {
			note += fmt.Sprintf("; the lowest UID that it came to is %d", a.LastUID)
		}
		return note
	case *syntax.RenameArgs:
		return "the mailbox " + box(a.From) + " has the name " + box(a.To) + " now"
	case *syntax.URLData:
		return joined(": ", meaning(syntax.ResponseCodes, s.Code), quote(a.URL))
	case *syntax.NamesCode:
		return namesCode(s.Code, a)
	case *syntax.NameCode:
		switch {
		case s.Code == "ANNOTATE" && a.Name == "TOOBIG":
			return "the annotation is too large"
		case s.Code == "ANNOTATE" && a.Name == "TOOMANY":
			return "there may be no more annotations"
		}
		return meaning(syntax.ResponseCodes, s.Code) + ": " + quote(a.Name)
	}
	if text, ok := s.Args.(string); ok && s.Code == "ERROR=" {
		return "an error inside Exchange: " + quote(strings.Trim(text, `"`))
	}
	if s.Code == "ALERT" {
		return joined(": ", "the user has to see this", said(s))
	}
	if t, ok := syntax.ResponseCodes.Find(s.Code); ok {
		return t.Meaning
	}
	return ""
}

// namesCode words a code that says what would have worked.
func namesCode(code string, a *syntax.NamesCode) string {
	if code == "URLMECH" {
		return "URLs that let others read are made by " + and(a.Names)
	}
	return joined(", but knows ", meaning(syntax.ResponseCodes, code), and(a.Names))
}

func numberCode(code string, n uint64) string {
	switch code {
	case "MAXCONVERTMESSAGES":
		return "at most " + count(n, "message") + " can be converted at once"
	case "MAXCONVERTPARTS":
		return "at most " + count(n, "part") + " can be converted at once"
	case "UIDNEXT":
		if n == 0 {
			return "the server does not know the next UID"
		}
		return fmt.Sprintf("the next message will have UID %d", n)
	case "UIDVALIDITY":
		return fmt.Sprintf("UIDs that the client remembers hold as long as this number stays %d", n)
	case "UNSEEN":
		if n == 0 {
			return "no message is unread"
		}
		return fmt.Sprintf("message %d is the first that is unread", n)
	case "HIGHESTMODSEQ":
		return fmt.Sprintf("the last change has mod-sequence %d, a number that grows with each change", n)
	}
	return fmt.Sprintf("%s: %d", meaning(syntax.ResponseCodes, code), n)
}

// keptFlags words PERMANENTFLAGS.
func keptFlags(d *syntax.FlagsData) string {
	if len(d.Flags) == 0 {
		return "no flag can be changed for good"
	}
	names, free := flagNames(d.Flags), false
	for _, f := range d.Flags {
		free = free || f == `\*`
	}
	switch {
	case free && names == "":
		return "only keywords that clients make up can be changed for good"
	case free:
		return "flags that can be changed for good: " + names + ", and keywords that clients make up"
	}
	return "flags that can be changed for good: " + names
}

func progress(a *syntax.InProgressCode) string {
	switch {
	case a.Progress.Known && a.Goal.Known:
		return fmt.Sprintf("the command is at %d of %d", a.Progress.N, a.Goal.N)
	case a.Goal.Known:
		return fmt.Sprintf("the command still runs, towards %d", a.Goal.N)
	case a.Progress.Known:
		return fmt.Sprintf("the command is at %d", a.Progress.N)
	}
	return "the command still runs"
}

func metadataCode(code string, a *syntax.MetadataCode) string {
	switch a.Reason {
	case "LONGENTRIES":
		return "annotations longer than asked for were left out; the longest has " + size(a.Size.N)
	case "MAXSIZE":
		return "an annotation may have at most " + size(a.Size.N)
	case "TOOMANY":
		return "there may be no more annotations"
	}
	private := ""
	if a.Reason == "NOPRIVATE" {
		private = "the server has no private annotations"
	}
	switch {
	case a.Reason == "NONE":
		return "the mailbox keeps no annotations"
	case a.Reason == "READ-ONLY":
		return "annotations cannot be changed here"
	case a.Size.Known:
		return joined("; ", "an annotation may have at most "+size(a.Size.N), private)
	}
	return firstOf(private, meaning(syntax.ResponseCodes, code))
}
