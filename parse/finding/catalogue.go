// Package finding is the catalogue of what mailtap can diagnose: for each
// stable id its severity, what is wrong, what to do, and the page that
// `mailtap explain ID` shows.
//
// A new finding is a row in the file of its topic; a new topic is a file with
// a table of rows, named in topics below. The ids are promised (CONTRACT
// section 3): none is renamed, none is given another meaning.
package finding

import (
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Entry is one row of the catalogue.
type Entry struct {
	ID       string
	Severity event.Severity
	Title    string // what is wrong: one sentence without its full stop
	Advice   string // what to do
	Explain  string // the page: how it comes about, how it looks on the wire
	RFC      string // where what it rests on is defined, or whose page says it
	Field    Field  // of mail clients: the setting to change
	Set      string // what to set it to; {tls} and {starttls} are the ports
}

// topics are the tables of all files.
var topics = [][]Entry{network, transport, handshake, upgrade, own, authentication, limits, mailboxes, streams, maildrops, checks}

// New is the event of finding id. detail, where there is one, is put behind
// the title; it is escaped, so what a peer said may stand in it. evidence
// names events as SESSION:SEQ. An id that is not in the catalogue is a
// mistake of ours, and still a finding: a warning with its id as the title.
func New(id, detail string, evidence ...string) *event.Event {
	entry, ok := Lookup(id)
	if !ok {
		entry = Entry{ID: id, Severity: event.SeverityWarning, Title: id}
	}
	title := entry.Title
	if detail != "" {
		title += ": " + wire.Escape([]byte(detail))
	}
	return &event.Event{Kind: event.KindFinding, Finding: &event.Finding{
		ID: id, Severity: entry.Severity, Title: title, Advice: entry.Advice, Evidence: evidence,
	}}
}

// Lookup finds the row of id.
func Lookup(id string) (Entry, bool) {
	for _, topic := range topics {
		for _, e := range topic {
			if e.ID == id {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// All is the catalogue in the order of ids.
func All() []Entry {
	all := slices.Concat(topics...)
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return all
}
