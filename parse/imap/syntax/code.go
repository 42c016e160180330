package syntax

import (
	"bytes"
	"strings"
)

// codes reads the arguments of each response code, from behind its name. nil:
// it has none. RFC 9051 §7.1. What is not here keeps its text.
var codes map[string]func(c *cursor) any

func init() {
	codes = map[string]func(c *cursor) any{
		"ALERT": nil, "ALREADYEXISTS": nil, "AUTHENTICATIONFAILED": nil, "AUTHORIZATIONFAILED": nil, "CANNOT": nil,
		"CLIENTBUG": nil, "CLOSED": nil, "COMPRESSIONACTIVE": nil, "CONTACTADMIN": nil, "CORRUPTION": nil,
		"EXPIRED": nil, "EXPUNGEISSUED": nil, "HASCHILDREN": nil, "INUSE": nil, "LIMIT": nil, "NOMODSEQ": nil,
		"NONEXISTENT": nil, "NOPERM": nil, "NOTSAVED": nil, "OVERQUOTA": nil, "PARSE": nil, "PRIVACYREQUIRED": nil,
		"READ-ONLY": nil, "READ-WRITE": nil, "SERVERBUG": nil, "TEMPFAIL": nil, "TRYCREATE": nil, "UIDNOTSTICKY": nil,
		"UNAVAILABLE": nil, "UNKNOWN-CTE": nil, "USEATTR": nil, "UIDREQUIRED": nil, "TOOFEW": nil, "TOOBIG": nil,
		"NOTIFICATIONOVERFLOW": nil, "THROTTLED": nil,

		"UIDVALIDITY": (*cursor).nzCode, "UIDNEXT": (*cursor).uidNextCode, "UNSEEN": (*cursor).numberCode,
		"HIGHESTMODSEQ": (*cursor).modSeqCode, "MAXCONVERTMESSAGES": (*cursor).nzCode, "MAXCONVERTPARTS": (*cursor).nzCode,
		"PERMANENTFLAGS": (*cursor).permanentFlagsCode, "CAPABILITY": (*cursor).capabilityData,
		"BADCHARSET": (*cursor).charsetsCode, "BADCOMPARATOR": (*cursor).unknownCode,
		"APPENDUID": (*cursor).appendUIDCode, "COPYUID": (*cursor).copyUIDCode,
		"MODIFIED": (*cursor).setCode, "NOUPDATE": (*cursor).tagCode, "UNDEFINED-FILTER": (*cursor).filterCode,
		"METADATA": (*cursor).metadataCode, "ANNOTATE": (*cursor).wordCode, "ANNOTATIONS": (*cursor).annotationsCode,
		"MAILBOXID": (*cursor).mailboxIDCode, "INPROGRESS": (*cursor).inProgressCode,
		"MESSAGELIMIT": (*cursor).messageLimitCode, "BADEVENT": (*cursor).eventsCode, "URLMECH": (*cursor).mechsCode,
		"REFERRAL": (*cursor).urlCode, "BADURL": (*cursor).urlCode, "WEBALERT": (*cursor).urlCode,
		"NEWNAME": (*cursor).newNameCode, "DOWNGRADED": (*cursor).setCode,
	}
}

// code reads "[" resp-text-code "]" SP, if it stands at the cursor. Whatever
// is wrong inside the brackets, what follows them is the text.
func (c *cursor) code(s *Status) {
	if c.peek() != '[' {
		return
	}
	begin := c.pos
	if bytes.IndexByte(c.data[begin:], ']') < 0 {
		c.defect(`a response code with its "]"`, "")
		return
	}
	outer := c.enter("resp-text-code")
	c.pos++
	c.codeAndArgs(s)
	if c.stopped {
		c.stopped = false
		c.depth = 0
		if i := bytes.IndexByte(c.data[c.pos:], ']'); i >= 0 {
			c.pos += i + 1
		} else {
			c.pos = begin + bytes.IndexByte(c.data[begin:], ']') + 1
		}
	}
	c.rule = outer
	c.afterCode()
}

// codeAndArgs reads the atom, its arguments, and "]".
func (c *cursor) codeAndArgs(s *Status) {
	s.Code = c.codeName()
	read, known := codes[s.Code]
	switch {
	case c.peek() == '"': // Exchange: [Error="…" Proxy=…]
		c.defect(`SP or "]"`, "")
		s.Args = c.textToBracket()
	case !known:
		s.Args = c.unknownCode()
	case read != nil:
		s.Args = read(c)
	}
	if c.peek() == ' ' && known {
		c.defect(`"]"`, "")
		c.unknownCode()
	}
	c.expect(']')
}

// codeName reads the atom of a response code. Control characters in it are a
// departure, and are left out.
func (c *cursor) codeName() string {
	begin := c.pos
	for c.peek() != 0 && c.peek() < ' ' {
		c.defectAt(begin, "atom", "")
		c.pos++
	}
	return c.name()
}

// unknownCode reads SP 1*<any TEXT-CHAR except "]">, as text.
func (c *cursor) unknownCode() any {
	if !c.take(' ') {
		return nil
	}
	return c.textToBracket()
}

// textToBracket is all up to the next "]".
func (c *cursor) textToBracket() any {
	i := bytes.IndexByte(c.data[c.pos:], ']')
	if i < 0 {
		c.fail(`"]"`)
		return nil
	}
	b := c.data[c.pos : c.pos+i]
	c.pos += i
	return string(b)
}

// afterCode reads the SP behind "]": without text behind it servers often
// leave it out.
func (c *cursor) afterCode() {
	if c.take(' ') {
		return
	}
	got := ""
	if c.pos >= len(c.data) {
		got = "no text behind the response code"
	}
	c.defect("SP", got)
}

// NumberCode is a response code's number: UIDVALIDITY, UIDNEXT, UNSEEN, HIGHESTMODSEQ.
type NumberCode struct {
	Number uint64 `json:"number"`
}

func (c *cursor) nzCode() any {
	c.sp()
	return &NumberCode{uint64(c.nzNumber())}
}

// uidNextCode lets 2^32 pass, which follows the largest UID.
func (c *cursor) uidNextCode() any {
	c.sp()
	begin := c.pos
	n := c.number64()
	if n == 0 || n > 1<<32 {
		c.defectAt(begin, "nz-number", "")
	}
	return &NumberCode{n}
}

func (c *cursor) numberCode() any {
	c.sp()
	return &NumberCode{uint64(c.nzNumber())}
}

func (c *cursor) modSeqCode() any {
	c.sp()
	return &NumberCode{c.number64()}
}

func (c *cursor) permanentFlagsCode() any {
	c.sp()
	return &FlagsData{c.flagList(true)}
}

// NamesCode is a response code's list of names: BADCHARSET, BADEVENT, URLMECH.
type NamesCode struct {
	Names []string `json:"names"`
}

func (c *cursor) charsetsCode() any {
	d := &NamesCode{Names: []string{}}
	if c.more() {
		c.list(func() { d.Names = append(d.Names, c.astringOfCode()) })
	}
	return d
}

// astringOfCode reads an astring that ends before "]".
func (c *cursor) astringOfCode() string {
	if c.peek() == '"' || c.atLiteral() {
		return c.str()
	}
	return c.atom()
}

// eventsCode reads SP "(" events ")": RFC 5465 §8. Mailbox filters may be
// among them.
func (c *cursor) eventsCode() any {
	d := &NamesCode{Names: []string{}}
	if c.sp() {
		c.list(func() { d.Names = append(d.Names, c.astringOfCode()) })
	}
	return d
}

// mechsCode reads *(SP mechanism ["=" base64]): RFC 4467 §9.
func (c *cursor) mechsCode() any {
	d := &NamesCode{Names: []string{}}
	for c.more() {
		d.Names = append(d.Names, c.atom())
	}
	return d
}

// AppendUIDCode is APPENDUID: RFC 9051 §7.1, RFC 4315.
type AppendUIDCode struct {
	UIDValidity uint32 `json:"uidvalidity"`
	UIDs        NumSet `json:"uids"`
}

func (c *cursor) appendUIDCode() any {
	d := &AppendUIDCode{}
	c.sp()
	d.UIDValidity = c.nzNumber()
	c.sp()
	d.UIDs = c.uidSet()
	return d
}

// CopyUIDCode is COPYUID: the messages of From became those of To, in order.
type CopyUIDCode struct {
	UIDValidity uint32 `json:"uidvalidity"`
	From        NumSet `json:"from"`
	To          NumSet `json:"to"`
}

func (c *cursor) copyUIDCode() any {
	d := &CopyUIDCode{}
	c.sp()
	d.UIDValidity = c.nzNumber()
	c.sp()
	d.From = c.uidSet()
	c.sp()
	d.To = c.uidSet()
	return d
}

// SetCode is MODIFIED: RFC 7162 §3.1.3.
type SetCode struct {
	Set NumSet `json:"set"`
}

func (c *cursor) setCode() any {
	c.sp()
	return &SetCode{c.sequenceSet()}
}

// NameCode is a response code's one word: NOUPDATE's tag, UNDEFINED-FILTER's
// filter, ANNOTATE's TOOBIG, MAILBOXID's id.
type NameCode struct {
	Name string `json:"name"`
}

func (c *cursor) tagCode() any {
	c.sp()
	return &NameCode{c.str()}
}

func (c *cursor) filterCode() any {
	c.sp()
	return &NameCode{c.astringOfCode()}
}

func (c *cursor) wordCode() any {
	c.sp()
	return &NameCode{c.name()}
}

func (c *cursor) mailboxIDCode() any {
	c.sp()
	return &NameCode{c.objectID()}
}

// MetadataCode is METADATA: LONGENTRIES n, MAXSIZE n, TOOMANY, NOPRIVATE: RFC 5464 §4.2.1.
type MetadataCode struct {
	Reason string `json:"reason"`
	Size   Num    `json:"size,omitzero"` // octets
}

func (c *cursor) metadataCode() any {
	d := &MetadataCode{}
	c.sp()
	begin := c.pos
	switch d.Reason = c.name(); d.Reason {
	case "LONGENTRIES", "MAXSIZE":
		c.sp()
		d.Size = c.num()
	case "TOOMANY", "NOPRIVATE":
	default:
		c.defectAt(begin, `"LONGENTRIES", "MAXSIZE", "TOOMANY" or "NOPRIVATE"`, "")
	}
	return d
}

// annotationsCode reads NONE, READ-ONLY or a size: RFC 5257 §4.1.
func (c *cursor) annotationsCode() any {
	d := &MetadataCode{}
	c.sp()
	if class[c.peek()]&digitChar != 0 {
		d.Size = c.num()
		if c.more() {
			d.Reason = c.name()
		}
		return d
	}
	d.Reason = c.name()
	return d
}

// InProgressCode is INPROGRESS: RFC 9585. Absent numbers: not known.
type InProgressCode struct {
	Tag      string `json:"tag,omitempty"`
	Progress Num    `json:"progress,omitzero"`
	Goal     Num    `json:"goal,omitzero"`
}

func (c *cursor) inProgressCode() any {
	d := &InProgressCode{}
	if !c.more() {
		return d
	}
	c.expect('(')
	d.Tag = c.nstringOrEmpty()
	c.sp()
	d.Progress = c.nilOr(c.num)
	c.sp()
	d.Goal = c.nilOr(c.num)
	c.expect(')')
	return d
}

// MessageLimitCode is MESSAGELIMIT: RFC 9738.
type MessageLimitCode struct {
	Limit   uint32 `json:"limit"`
	LastUID uint32 `json:"last_uid,omitempty"` // the lowest UID that was processed
}

func (c *cursor) messageLimitCode() any {
	d := &MessageLimitCode{}
	c.sp()
	d.Limit = c.nzNumber()
	if c.more() {
		d.LastUID = c.nzNumber()
	}
	return d
}

// urlCode reads SP and a URL up to "]".
func (c *cursor) urlCode() any {
	text, _ := c.unknownCode().(string)
	if text == "" {
		c.defect("SP url", "")
	}
	return &URLData{strings.Trim(text, `"`)}
}

func (c *cursor) newNameCode() any {
	d := &RenameArgs{}
	c.sp()
	d.From = c.mailbox()
	c.sp()
	d.To = NewMailbox(c.astringOfCode())
	return d
}
