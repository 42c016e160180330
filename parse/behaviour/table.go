package behaviour

import (
	"fmt"
	"strings"

	"mailtap/parse/layout"
)

// Row is one line of the comparison of both protocols, from what was seen.
type Row struct {
	About string `json:"about"`
	POP3  string `json:"pop3"`
	IMAP  string `json:"imap"`
}

// sum is what the sessions of one protocol did together.
type sum struct {
	visits, devices                   int
	atOnce, refused                   int
	boxes                             map[string]bool
	whole, partly, headers            int64
	got                               int64
	deleted, undone, flagged, arrange int64
	news                              News
	kept                              int64 // POP3: downloaded and left there
}

func (acc *Account) sum(proto string) sum {
	s := sum{boxes: map[string]bool{}, atOnce: acc.presence(proto).most}
	if proto == "pop3" {
		s.refused = acc.Refused
	}
	devices := map[string]bool{}
	for _, v := range acc.Visits {
		if v.Proto != proto {
			continue
		}
		s.visits++
		devices[v.Device] = true
		if p := v.Did.POP3; p != nil {
			s.addPOP3(p)
		}
		if m := v.Did.IMAP; m != nil {
			s.addIMAP(m)
		}
	}
	s.devices = len(devices)
	return s
}

func (s *sum) addPOP3(p *POP3) {
	s.whole += int64(p.Downloaded)
	s.headers += int64(p.Looked)
	s.got += p.Got
	switch {
	case p.Effective():
		s.deleted += int64(p.Deleted)
		s.kept += int64(max(0, p.Downloaded-(p.Deleted-p.Unread)))
	default:
		s.undone += int64(p.Deleted)
		s.kept += int64(p.Downloaded)
	}
}

func (s *sum) addIMAP(m *IMAP) {
	for _, b := range m.Mailboxes {
		s.boxes[b.Name] = true
	}
	s.whole += int64(m.Bodies)
	s.partly += int64(m.Parts)
	s.headers += int64(m.Headers)
	s.got += m.Got
	s.deleted += m.Expunged
	s.flagged += m.Flagged
	s.arrange += m.Moved + m.Copied + m.Appended
	s.news.Arrived += m.News.Arrived
	s.news.Vanished += m.News.Vanished
	s.news.Flagged += m.News.Flagged
}

// told are the words about an account as it was after so many events: viewers
// ask again and again.
type told struct {
	events  int64
	rows    []Row
	verdict string
}

// Rows sets both protocols beside each other; none where only one was seen.
func (acc *Account) Rows() []Row { return acc.tell().rows }

// Verdict says in a sentence or two what the protocols did with this mail.
func (acc *Account) Verdict() string { return acc.tell().verdict }

func (acc *Account) tell() told {
	if acc.words.events != acc.events || acc.events == 0 {
		pop, imap := acc.sum("pop3"), acc.sum("imap")
		acc.words = told{acc.events, compared(pop, imap), acc.concluded(pop, imap)}
	}
	return acc.words
}

// Beside sets what POP3 did with one account beside what IMAP did with another.
func Beside(pop, imap *Account) []Row { return compared(pop.sum("pop3"), imap.sum("imap")) }

func compared(pop, imap sum) []Row {
	if pop.visits == 0 || imap.visits == 0 {
		return nil
	}
	rows := []Row{
		{"sessions, devices", fmt.Sprintf("%d, %d", pop.visits, pop.devices), fmt.Sprintf("%d, %d", imap.visits, imap.devices)},
		{"at the same time", pop.alone(), upTo(imap.atOnce)},
		{"mailboxes in use", "INBOX alone", imap.mailboxes()},
		{"whole messages fetched", pop.fetched(), imap.fetched()},
		{"looked at in part", some(pop.headers, "beginning", "beginnings"), imap.looked()},
		{"on the server then", pop.remains(), imap.remains()},
	}
	if imap.flagged > 0 {
		rows = append(rows, Row{"marks (read, flagged)", "there are no marks", some(imap.flagged, "message", "messages")})
	}
	if imap.arrange > 0 {
		rows = append(rows, Row{"moved, copied, stored", "cannot", messages(imap.arrange)})
	}
	return append(rows, Row{"news of other devices", "never: it asks anew", imap.told()})
}

// alone is whether POP3 sessions were let in together.
func (s sum) alone() string {
	switch {
	case s.refused > 0:
		return "1; " + count(s.refused, "other was kept out", "others were kept out")
	case s.atOnce > 1:
		return upTo(s.atOnce) + " (this server allows it)"
	}
	return upTo(s.atOnce)
}

func upTo(n int) string {
	if n < 2 {
		return "1"
	}
	return fmt.Sprintf("up to %d", n)
}

func some(n int64, one, many string) string {
	if n == 0 {
		return "none"
	}
	return count(n, one, many)
}

func (s sum) mailboxes() string {
	if s.boxes[inbox] && len(s.boxes) > 1 {
		return fmt.Sprintf("INBOX and %d more", len(s.boxes)-1)
	}
	var list []string
	for name := range s.boxes {
		list = append(list, name)
	}
	if len(list) == 1 {
		return list[0]
	}
	return some(int64(len(list)), "mailbox", "mailboxes")
}

func (s sum) fetched() string {
	if s.whole == 0 {
		return "none"
	}
	return messages(s.whole) + ", " + layout.Size(s.got)
}

func (s sum) looked() string {
	text := some(s.headers, "header", "headers")
	if s.partly > 0 {
		text += ", parts of " + fmt.Sprint(s.partly)
	}
	return text
}

// remains is what the sessions left of the mail.
func (s sum) remains() string {
	var parts []string
	if s.deleted > 0 {
		parts = append(parts, count(s.deleted, "message was deleted", "messages were deleted"))
	}
	if s.kept > 0 {
		parts = append(parts, count(s.kept, "download was left there", "downloads were left there"))
	}
	if s.undone > 0 {
		parts = append(parts, count(s.undone, "deletion", "deletions")+" without QUIT: undone")
	}
	if len(parts) == 0 {
		return "nothing was deleted"
	}
	return listed(parts)
}

func (s sum) told() string {
	if !s.news.Any() {
		return "no change came"
	}
	return count(s.news.Arrived+s.news.Vanished+s.news.Flagged, "time", "times")
}

func (acc *Account) concluded(pop, imap sum) string {
	var said []string
	if pop.visits > 0 {
		said = append(said, pop.verdictPOP3()+".")
	}
	if imap.visits > 0 {
		said = append(said, imap.verdictIMAP()+".")
	}
	if acc.bitten {
		said = append(said, "What POP3 took away is gone for IMAP too: it is the same mailbox.")
	}
	return strings.Join(said, " ")
}

func (s sum) verdictPOP3() string {
	switch {
	case s.deleted > 0 && s.kept > 0:
		return "POP3 downloaded copies of the mail: " + count(s.deleted, "message was", "messages were") + " then deleted from the server, " + count(s.kept, "was", "were") + " left there"
	case s.deleted > 0 && s.whole > 0:
		return "POP3 took " + messages(s.deleted) + " from the server to the device: no other device can get " + it(int(s.deleted)) + " there any more"
	case s.deleted > 0:
		return "POP3 deleted " + messages(s.deleted) + " from the server"
	case s.kept > 0:
		return "POP3 downloaded copies of " + messages(s.kept) + " and left the mail on the server"
	}
	return "POP3 downloaded nothing and deleted nothing"
}

func (s sum) verdictIMAP() string {
	if len(s.boxes) == 0 {
		return "IMAP opened no mailbox"
	}
	text := "IMAP worked on the mail where it is, on the server"
	switch {
	case s.deleted > 0:
		text += ": " + count(s.deleted, "message was", "messages were") + " deleted there, which deletes " + it(int(s.deleted)) + " for every device"
	case s.flagged > 0:
		text += ": nothing was deleted, and its marks (read, flagged) are kept there for every device"
	default:
		text += ": nothing was deleted"
	}
	return text
}
