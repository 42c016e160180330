// Package behaviour tells what was done with the mail: by one session, and by
// all sessions of an account.
//
// POP3 (RFC 1939) downloads and, if told to, deletes: one device has the mail.
// IMAP (RFC 9051) leaves it on the server: bodies come when they are opened,
// flags and folders are the same on every device. Here both are told from what
// really happened, event by event; nothing is taken from a book.
//
// It is pure: events in, facts and words out. parse puts a session's Summary
// into session.close; `mailtap summary` and the viewer show accounts.
package behaviour

import "mailtap/parse/event"

// Session is what one session did with the mail. Its zero value is ready.
type Session struct {
	Proto event.Proto `json:"-"`
	POP3  *POP3       `json:"pop3,omitempty"`
	IMAP  *IMAP       `json:"imap,omitempty"`

	loggedIn bool
	refused  int // logins
}

// See takes the session's next event.
func (s *Session) See(e *event.Event) {
	if !e.Kind.Protocol() || e.Leg == event.LegServer || e.Context == nil {
		return
	}
	s.Proto = e.Proto
	s.loggedIn = s.loggedIn || e.State.LoggedIn()
	if e.Completes && (e.Status == "NO" || e.Status == "-ERR") && !e.State.LoggedIn() {
		switch e.For {
		case "LOGIN", "AUTHENTICATE", "PASS", "AUTH", "APOP":
			s.refused++
		}
	}
	switch e.Proto {
	case event.POP3:
		if s.POP3 == nil {
			s.POP3 = &POP3{}
		}
		s.POP3.see(e)
	case event.IMAP:
		if s.IMAP == nil {
			s.IMAP = &IMAP{}
		}
		s.IMAP.see(e)
	}
}

// Summary is what the session did, in words: one sentence without its full
// stop; "" where nothing happened that is worth a word.
func (s *Session) Summary() string {
	switch {
	case !s.loggedIn && s.refused > 0:
		return "nobody logged in: " + count(s.refused, "login was refused", "logins were refused")
	case !s.loggedIn:
		return "nobody logged in"
	case s.POP3 != nil:
		return s.POP3.Summary()
	case s.IMAP != nil:
		return s.IMAP.Summary()
	}
	return ""
}
