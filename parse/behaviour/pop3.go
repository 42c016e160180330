package behaviour

import (
	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// POP3 is what a session did with a maildrop (RFC 1939).
type POP3 struct {
	Known      bool   `json:"known"`    // the server said how many messages there are
	Messages   int64  `json:"messages"` // in the maildrop at the beginning
	Octets     int64  `json:"octets"`
	Listed     bool   `json:"listed,omitempty"`     // LIST
	UniqueIDs  bool   `json:"unique_ids,omitempty"` // UIDL: the client remembers what it has
	Downloaded int    `json:"downloaded"`           // distinct messages, whole: RETR
	Got        int64  `json:"downloaded_octets"`
	Looked     int    `json:"looked"`  // distinct messages, their beginnings: TOP
	Deleted    int    `json:"deleted"` // marked: DELE, not taken back by RSET
	Quit       bool   `json:"quit"`
	Policy     Policy `json:"policy"`

	whole, looked, marked map[int64]bool
	uids                  map[int64]string
	asked                 map[int64]int64 // message-numbers of commands, by seq
}

// Policy is what a POP3 client makes of the maildrop.
type Policy string

// The policies.
const (
	PolicyNone   Policy = "nothing downloaded"
	PolicyLook   Policy = "look only"
	PolicyKeep   Policy = "download and keep"
	PolicyDelete Policy = "download and delete"
	PolicyClean  Policy = "delete only"
)

// Effective tells whether the deletions took effect: only QUIT begins the
// UPDATE state in which the server deletes (RFC 1939 §6).
func (p *POP3) Effective() bool { return p.Quit && p.Deleted > 0 }

// UIDs are the unique-ids that UIDL gave, by message-number.
func (p *POP3) UIDs() map[int64]string { return p.uids }

// Gone are the unique-ids of the messages that QUIT deleted, as far as known.
func (p *POP3) Gone() []string {
	var gone []string
	if p.Quit {
		for n := range p.marked {
			if id := p.uids[n]; id != "" {
				gone = append(gone, id)
			}
		}
	}
	return gone
}

func (p *POP3) see(e *event.Event) {
	if a, ok := e.Data.(*pop3.Arguments); ok && e.Kind == event.KindCommand && a.Message != nil {
		if p.asked == nil {
			p.asked = map[int64]int64{}
		}
		p.asked[e.Seq] = *a.Message
	}
	if !e.Completes || e.Status != "+OK" {
		return
	}
	switch e.For {
	case "STAT":
		if d, ok := e.Data.(*pop3.Stat); ok && !p.Known {
			p.Known, p.Messages, p.Octets = true, d.Messages, d.Octets
		}
	case "LIST", "UIDL":
		p.listing(e)
	case "RETR", "TOP":
		p.text(e)
	case "DELE":
		p.mark(e)
	case "RSET":
		p.marked = nil
	case "QUIT":
		p.Quit = true
	}
	p.Deleted = len(p.marked)
	p.Policy = p.policy()
}

func (p *POP3) listing(e *event.Event) {
	d, ok := e.Data.(*pop3.Listing)
	if !ok {
		return
	}
	if e.For == "UIDL" {
		p.UniqueIDs = true
		if p.uids == nil {
			p.uids = map[int64]string{}
		}
		for _, s := range d.List {
			p.uids[s.Message] = s.UID
		}
	} else {
		p.Listed = true
	}
	if _, one := p.asked[e.Cmd]; !one && !p.Known && len(p.marked) == 0 {
		p.Known, p.Messages, p.Octets = true, d.Count, d.Octets
	}
}

func (p *POP3) text(e *event.Event) {
	d, ok := e.Data.(*pop3.Message)
	if !ok {
		return
	}
	if e.For == "TOP" {
		if p.looked == nil {
			p.looked = map[int64]bool{}
		}
		p.looked[d.Message] = true
		p.Looked = len(p.looked)
		return
	}
	if p.whole == nil {
		p.whole = map[int64]bool{}
	}
	p.whole[d.Message] = true
	p.Downloaded = len(p.whole)
	p.Got += d.Octets
}

func (p *POP3) mark(e *event.Event) {
	if p.marked == nil {
		p.marked = map[int64]bool{}
	}
	p.marked[p.asked[e.Cmd]] = true
	delete(p.asked, e.Cmd)
}

func (p *POP3) policy() Policy {
	switch {
	case p.Downloaded > 0 && p.Deleted > 0:
		return PolicyDelete
	case p.Downloaded > 0:
		return PolicyKeep
	case p.Deleted > 0:
		return PolicyClean
	case p.Looked > 0 || p.Listed || p.UniqueIDs:
		return PolicyLook
	}
	return PolicyNone
}

// Summary words it, with what it means for other devices.
func (p *POP3) Summary() string {
	has := ""
	if p.Known {
		has = "the maildrop has " + messages(p.Messages) + "; "
	}
	switch {
	case p.Downloaded > 0 && p.Deleted > 0 && p.Quit:
		return has + "downloaded " + messages(p.Downloaded) + " (" + octets(p.Got) + ") and deleted " + p.those() + " from the server: other devices no longer find " + p.them()
	case p.Deleted > 0 && !p.Quit:
		return has + p.got() + "marked " + messages(p.Deleted) + " for deletion and left without QUIT: nothing was deleted"
	case p.Deleted > 0:
		return has + "deleted " + messages(p.Deleted) + " from the server without downloading"
	case p.Downloaded > 0:
		return has + "downloaded " + messages(p.Downloaded) + " (" + octets(p.Got) + ") and left " + p.them() + " on the server: other devices still find " + p.them() + p.remembers()
	case p.Looked > 0:
		return has + "looked at the beginning of " + messages(p.Looked) + ", downloaded nothing"
	case p.Known && p.Messages == 0:
		return "the maildrop is empty: nothing to download"
	}
	return has + "downloaded nothing"
}

func (p *POP3) got() string {
	if p.Downloaded == 0 {
		return ""
	}
	return "downloaded " + messages(p.Downloaded) + " (" + octets(p.Got) + "), "
}

// those is how many of the downloaded messages were deleted.
func (p *POP3) those() string {
	switch {
	case p.Deleted != p.Downloaded:
		return count(p.Deleted, "of them", "of them")
	case p.Deleted == 1:
		return "it"
	}
	return "them all"
}

func (p *POP3) them() string {
	if p.Downloaded == 1 && p.Deleted <= 1 {
		return "it"
	}
	return "them"
}

func (p *POP3) remembers() string {
	if p.UniqueIDs {
		return " (by UIDL the client knows which it has)"
	}
	return ""
}
