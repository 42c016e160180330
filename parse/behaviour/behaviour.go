// Package behaviour tells what was done with the mail: by one session, and by
// all sessions of an account.
//
// POP3 (RFC 1939) downloads and, if told to, deletes: one device has the mail.
// IMAP (RFC 9051) leaves it on the server: bodies come when they are opened,
// flags and folders are the same on every device. Here both are told from what
// really happened, event by event; nothing is taken from a book.
//
//	events of a session -> Session: POP3 or IMAP counts what worked
//	                         -> Summary, the words of session.close
//	                         -> acts -> Accounts: devices, visits, signs, rows
//
// It is pure: events in, facts and words out. parse puts a session's Summary
// into session.close; `mailtap summary` and the viewer show accounts.
package behaviour

import (
	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/sasl"
)

// Session is what one session did with the mail. Its zero value is ready.
type Session struct {
	Proto event.Proto `json:"-"`
	POP3  *POP3       `json:"pop3,omitempty"`
	IMAP  *IMAP       `json:"imap,omitempty"`

	loggedIn bool
	refused  int    // logins
	named    string // the user that a login named last, taken or not
	inUse    bool   // a login was refused since another session has the maildrop
	acts     []act  // of the last event
	hidden   bool   // inside TLS that cannot be read
}

// act is something that a session did to a mailbox or found in it, and that
// another session may have seen or caused.
type act struct {
	kind    actKind
	mailbox string
	n       int64         // messages
	uids    syntax.NumSet // actFlags: which, where they are named by UID
	flags   []imap.Flag
	cleared bool              // actFlags: taken off
	data    *syntax.FetchData // actSaw
	news    bool              // actSaw: nobody had asked
}

type actKind uint8

const (
	actFlags    actKind = iota // changed flags
	actGone                    // took messages away
	actKept                    // downloaded messages and left them all
	actStored                  // put messages in
	actFound                   // opened it, and it has n messages
	actSaw                     // was told flags
	actVanished                // was told that messages are gone, not by its own doing
	actArrived                 // was told of n new messages, not by its own doing
)

// See takes the session's next event.
func (s *Session) See(e *event.Event) {
	s.acts = s.acts[:0]
	if e.Finding != nil && e.Finding.ID == "mailtap.encrypted" {
		s.hidden = true
	}
	if !e.Kind.Protocol() || e.Leg == event.LegServer || e.Context == nil {
		return
	}
	s.Proto = e.Proto
	s.loggedIn = s.loggedIn || e.State.LoggedIn()
	if !s.loggedIn {
		s.login(e)
	}
	switch e.Proto {
	case event.POP3:
		if s.POP3 == nil {
			s.POP3 = &POP3{}
		}
		s.POP3.see(e, &s.acts)
	case event.IMAP:
		if s.IMAP == nil {
			s.IMAP = &IMAP{}
		}
		s.IMAP.see(e, &s.acts)
	}
}

// login follows logins that are refused.
func (s *Session) login(e *event.Event) {
	if step, ok := e.Data.(*sasl.Step); ok && step.User != "" {
		s.named = step.User
	}
	if !e.Completes || e.Status != "NO" && e.Status != "-ERR" {
		return
	}
	switch e.For {
	case "LOGIN", "AUTHENTICATE", "PASS", "AUTH", "APOP":
		s.refused++
		s.inUse = s.inUse || e.Code == "IN-USE"
	}
}

// rest frees what only a session that goes on needs.
func (s *Session) rest() {
	s.acts = nil
	if s.POP3 != nil {
		s.POP3.rest()
	}
	if s.IMAP != nil {
		s.IMAP.rest()
	}
}

// Summary is what the session did, in words: one sentence without its full
// stop; "" where nothing happened that is worth a word.
func (s *Session) Summary() string {
	switch {
	case !s.loggedIn && s.inUse:
		return "nobody logged in: another session has the maildrop, and POP3 lets in one at a time"
	case !s.loggedIn && s.refused > 0:
		return "nobody logged in: " + count(s.refused, "login was refused", "logins were refused")
	case !s.loggedIn && s.hidden:
		return "what it did is hidden by TLS"
	case !s.loggedIn:
		return "nobody logged in"
	case s.POP3 != nil:
		return s.POP3.Summary()
	case s.IMAP != nil:
		return s.IMAP.Summary()
	}
	return ""
}
