package behaviour

import (
	"mailtap/parse/event"
	"mailtap/parse/layout"
	"mailtap/parse/pop3"
)

// POP3 is what a session did with a maildrop (RFC 1939).
type POP3 struct {
	Known      bool   `json:"known"`    // the server said how many messages there are
	Messages   int64  `json:"messages"` // in the maildrop at the beginning
	Octets     int64  `json:"octets"`
	Listed     bool   `json:"listed,omitempty"`     // LIST
	UniqueIDs  bool   `json:"unique_ids,omitempty"` // UIDL: the client can remember what it has
	Downloaded int    `json:"downloaded"`           // distinct messages, whole: RETR
	Got        int64  `json:"downloaded_octets"`
	Looked     int    `json:"looked"`       // distinct messages, their beginnings: TOP
	Deleted    int    `json:"deleted"`      // marked: DELE, not taken back by RSET
	Unread     int    `json:"unread"`       // of these, without a download in this session
	Quit       bool   `json:"quit"`         // the server took QUIT: what is marked is gone
	Kept       bool   `json:"quit_refused"` // the server could not delete what is marked
	Policy     Policy `json:"policy"`

	whole, looked, marked numbers
	asked                 map[int64]int64 // message-numbers of open commands, by seq
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

func (p *POP3) see(e *event.Event, acts *[]act) {
	if a, ok := e.Data.(*pop3.Arguments); ok && e.Kind == event.KindCommand && a.Message != nil {
		if p.asked == nil {
			p.asked = map[int64]int64{}
		}
		p.asked[e.Seq] = *a.Message
	}
	if !e.Completes {
		return
	}
	number, one := p.asked[e.Cmd]
	delete(p.asked, e.Cmd)
	if e.Status != "+OK" {
		p.Kept = p.Kept || e.For == "QUIT" && p.Deleted > 0
		return
	}
	switch e.For {
	case "STAT":
		if d, ok := e.Data.(*pop3.Stat); ok {
			p.found(d.Messages, d.Octets, acts)
		}
	case "LIST", "UIDL":
		p.listing(e, one, acts)
	case "RETR", "TOP":
		p.text(e)
	case "DELE":
		p.marked.add(uint32(number))
	case "RSET":
		p.marked = numbers{}
	case "QUIT":
		p.quit(acts)
	default:
		return
	}
	p.Downloaded, p.Looked, p.Deleted = p.whole.n, p.looked.n, p.marked.n
	p.Unread = p.Deleted - p.marked.both(&p.whole)
	p.Policy = p.policy()
}

// found takes the first word about the whole maildrop. What is marked already
// counts no more for the server (RFC 1939 §5).
func (p *POP3) found(messages, octets int64, acts *[]act) {
	if p.Known {
		return
	}
	messages += int64(p.marked.n)
	p.Known, p.Messages, p.Octets = true, messages, octets
	*acts = append(*acts, act{kind: actFound, mailbox: inbox, n: messages})
}

func (p *POP3) listing(e *event.Event, one bool, acts *[]act) {
	d, ok := e.Data.(*pop3.Listing)
	if !ok {
		return
	}
	p.UniqueIDs = p.UniqueIDs || e.For == "UIDL"
	p.Listed = p.Listed || e.For == "LIST"
	if !one {
		p.found(d.Count, d.Octets, acts)
	}
}

func (p *POP3) text(e *event.Event) {
	d, ok := e.Data.(*pop3.Message)
	if !ok {
		return
	}
	if e.For == "TOP" {
		p.looked.add(uint32(d.Message))
		return
	}
	p.whole.add(uint32(d.Message))
	p.Got += d.Octets
}

// quit is the end that counts: the server deletes what is marked.
func (p *POP3) quit(acts *[]act) {
	p.Quit = true
	switch {
	case p.marked.n > 0:
		*acts = append(*acts, act{kind: actGone, mailbox: inbox, n: int64(p.marked.n)})
	case p.whole.n > 0:
		*acts = append(*acts, act{kind: actKept, mailbox: inbox, n: int64(p.whole.n)})
	}
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

func (p *POP3) rest() { p.whole, p.looked, p.marked, p.asked = numbers{}, numbers{}, numbers{}, nil }

// Summary words it, with what it means for other devices.
func (p *POP3) Summary() string {
	if p.Known && p.Messages == 0 && p.Downloaded == 0 {
		return "the maildrop is empty: nothing to download"
	}
	text := ""
	if p.Known {
		text = "the maildrop has " + messages(p.Messages) + "; "
	}
	var parts []string
	if p.Looked > 0 {
		parts = append(parts, "looked at the beginning of "+messages(p.Looked)+" (TOP)")
	}
	if p.Downloaded > 0 {
		parts = append(parts, "downloaded "+p.share(p.Downloaded)+" ("+layout.Size(p.Got)+")")
	} else {
		parts = append(parts, "downloaded nothing")
	}
	return text + listed(append(parts, p.after())) + p.meaning()
}

// share is n messages, or "all of them".
func (p *POP3) share(n int) string {
	if p.Known && p.Messages > 1 && int64(n) == p.Messages {
		return "all of them"
	}
	return messages(n)
}

// after is what became of the mail on the server.
func (p *POP3) after() string {
	switch {
	case p.Deleted > 0 && !p.Quit:
		return "marked " + messages(p.Deleted) + " for deletion"
	case p.Deleted > 0:
		return "deleted " + p.those()
	case p.Downloaded > 0:
		return "left " + it(p.Downloaded) + " on the server"
	}
	return "left everything on the server"
}

// meaning is what that means for other devices, or for the next session.
func (p *POP3) meaning() string {
	switch {
	case p.Deleted > 0 && p.Kept:
		return "; the server refused QUIT, and may have kept " + it(p.Deleted)
	case p.Deleted > 0 && !p.Quit:
		return ", but left without QUIT: nothing was deleted"
	case p.Deleted > 0:
		return ": no other device finds " + it(p.Deleted) + " there any more"
	case p.Downloaded > 0 && p.UniqueIDs:
		return ": other devices still find " + it(p.Downloaded) + " there; by UIDL the client knows which it has"
	case p.Downloaded > 0:
		return ": other devices still find " + it(p.Downloaded) + " there"
	case p.UniqueIDs:
		return "; by UIDL the client sees whether there is something new"
	}
	return ""
}

// those are the messages that were deleted, against those that were downloaded.
func (p *POP3) those() string {
	const from = " from the server"
	switch {
	case p.Unread == p.Deleted && p.Downloaded == 0:
		return messages(p.Deleted) + from + " without downloading " + it(p.Deleted)
	case p.Unread == p.Deleted:
		return count(p.Deleted, "other message", "other messages") + from
	case p.Unread > 0:
		return messages(p.Deleted) + from + " (" + count(p.Unread, "of them was", "of them were") + " not downloaded now)"
	case p.Deleted < p.Downloaded:
		return count(p.Deleted, "of them", "of them") + from
	}
	return it(p.Deleted) + from
}

// it stands for n messages.
func it(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}
