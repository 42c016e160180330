package imap

import (
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// mailboxSize is how many messages the selected mailbox has, as far as the
// server told.
type mailboxSize struct {
	n     uint32
	known bool
}

// oddCommand notes what is wrong with a command that its syntax does not show.
// Where commands are on their way that change the state, nothing can be said.
func (s *Session) oddCommand(m *message, e *event.Event) {
	if s.tagged(m.tagBuf) >= 0 {
		e.Odd |= event.OddTag
	}
	if a, ok := e.Data.(*syntax.AppendArgs); ok && s.appendLimit > 0 {
		for _, x := range a.Messages {
			if x.Size > s.appendLimit {
				e.Odd |= event.OddLimit
			}
		}
	}
	if s.shifting > 0 {
		return
	}
	if m.row != nil && !allowed(m.row, s.journal.State) {
		e.Odd |= event.OddState
	}
	if s.size.known && !strings.HasPrefix(m.name, "UID ") && sequence(e.Data).Last() > s.size.n {
		e.Odd |= event.OddNumber
	}
}

// sequence is the messages that a command names.
func sequence(data any) syntax.NumSet {
	switch a := data.(type) {
	case *syntax.FetchArgs:
		return a.Set
	case *syntax.StoreArgs:
		return a.Set
	case *syntax.PartialArgs:
		return a.Set
	case *syntax.CopyArgs:
		return a.Set
	case *syntax.AppendArgs:
		return a.Replaces
	}
	return syntax.NumSet{}
}

// allowed reports whether a command may be given in a state: RFC 9051 §3, §6.
// Those of vendors may be given anywhere.
func allowed(row *command, state event.State) bool {
	switch row.name {
	case "CAPABILITY", "NOOP", "LOGOUT", "ID", "LANGUAGE", "COMPRESS", "GETJMAPACCESS", "XAPPLEPUSHSERVICE", "PROXYAUTH", "XLIST":
		return true
	case "STARTTLS", "LOGIN", "AUTHENTICATE":
		return state == event.StateNotAuthenticated
	case "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY", "MOVE", "SORT", "THREAD",
		"REPLACE", "CANCELUPDATE", "CONVERT", "UIDBATCHES", "PARTIAL":
		return state == event.StateSelected
	}
	if strings.HasPrefix(row.name, "UID ") {
		return state == event.StateSelected
	}
	return state == event.StateAuthenticated || state == event.StateSelected
}

// oddResponse notes message numbers beyond the last, and follows how many
// messages there are and how large new ones may be.
func (s *Session) oddResponse(e *event.Event) {
	switch d := e.Data.(type) {
	case *syntax.NumberData:
		s.resize(e, d.Number)
	case *syntax.FetchData:
		if s.size.known && d.Seq > s.size.n {
			e.Odd |= event.OddNumber
		}
	case *syntax.VanishedData:
		if n, ok := d.UIDs.Count(); ok && !d.Earlier {
			s.size.n -= uint32(min(n, int64(s.size.n)))
		}
	case *syntax.CapabilityData:
		s.limits(d)
	case *syntax.Status:
		if c, ok := d.Args.(*syntax.CapabilityData); ok {
			s.limits(c)
		}
	}
}

// resize takes EXISTS and EXPUNGE.
func (s *Session) resize(e *event.Event, n uint32) {
	switch e.Name {
	case "EXISTS":
		s.size = mailboxSize{n, true}
	case "EXPUNGE":
		if s.size.known && n > s.size.n {
			e.Odd |= event.OddNumber
		} else if s.size.n > 0 {
			s.size.n--
		}
	}
}

// limits takes APPENDLIMIT=n from a capability list: RFC 7889 §2.
func (s *Session) limits(d *syntax.CapabilityData) {
	for _, c := range d.Capabilities {
		if n, ok := strings.CutPrefix(strings.ToUpper(string(c)), "APPENDLIMIT="); ok {
			s.appendLimit, _ = strconv.ParseInt(n, 10, 64)
		}
	}
}
