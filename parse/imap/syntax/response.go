package syntax

import "unicode/utf8"

// responses reads untagged data of each name, from behind the name: RFC 9051 §7.
var responses map[string]func(c *cursor) any

func init() {
	responses = map[string]func(c *cursor) any{
		"CAPABILITY": (*cursor).capabilityData, "ENABLED": (*cursor).enabledData,
		"FLAGS": (*cursor).flagsData, "LIST": (*cursor).listData, "LSUB": (*cursor).listData, "XLIST": (*cursor).listData,
		"SEARCH": (*cursor).searchData, "SORT": (*cursor).searchData, "ESEARCH": (*cursor).esearchData,
		"THREAD": (*cursor).threadData, "STATUS": (*cursor).statusData, "NAMESPACE": (*cursor).namespaceData,
		"VANISHED": (*cursor).vanishedData, "ID": (*cursor).idArgs,
		"QUOTA": (*cursor).quotaData, "QUOTAROOT": (*cursor).quotaRootData,
		"ACL": (*cursor).aclData, "LISTRIGHTS": (*cursor).listRightsData, "MYRIGHTS": (*cursor).myRightsData,
		"METADATA": (*cursor).metadataData, "ANNOTATION": (*cursor).getAnnotationArgs,
		"LANGUAGE": (*cursor).languageData, "COMPARATOR": (*cursor).comparatorData,
		"GENURLAUTH": (*cursor).genURLAuthData, "URLFETCH": (*cursor).urlFetchData,
		"CONVERSION": (*cursor).conversionData, "JMAPACCESS": (*cursor).jmapData,
		"XAPPLEPUSHSERVICE": (*cursor).pushArgs, "UIDBATCHES": (*cursor).uidBatchesData,
		"MAILBOX": (*cursor).mailboxData, "BBOARD": (*cursor).mailboxData,
	}
}

// Response reads one whole response, its line end included or not.
func Response(m Message) Resp {
	c := newCursor(m, "response")
	defer c.done()
	var r Resp
	switch {
	case c.passSecret(): // a client's secret, taken for a tag
		r.Tag = string(c.data[:c.pos])
		c.rule = "response-tagged"
		c.sp()
		c.tagged(&r)
	case c.take('*'):
		r.Tag = "*"
		c.sp()
		c.untagged(&r)
	case c.take('+'):
		r.Tag = "+"
		c.continuation(&r)
	default:
		r.Tag = c.tag()
		c.rule = "response-tagged"
		c.sp()
		c.tagged(&r)
	}
	c.finish()
	r.Err = c.err
	return r
}

// tagged reads resp-cond-state behind a tag.
func (c *cursor) tagged(r *Resp) {
	begin := c.pos
	switch name := c.name(); name {
	case "OK", "NO", "BAD":
		c.status(r, name)
	case "BYE", "PREAUTH":
		c.defectAt(begin, `"OK", "NO" or "BAD"`, "")
		c.status(r, name)
	default:
		c.pos = begin
		c.fail(`"OK", "NO" or "BAD"`)
	}
}

// untagged reads a response behind "* ".
func (c *cursor) untagged(r *Resp) {
	if p := c.peek(); class[p]&digitChar != 0 || p == '-' {
		c.numbered(r)
		return
	}
	outer := c.enter("response-data")
	r.Name = c.name()
	c.leave(outer)
	switch r.Name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		name := r.Name
		r.Name = ""
		c.status(r, name)
		return
	}
	if c.stopped {
		return
	}
	read, known := responses[r.Name]
	if !known {
		r.Data = c.unknownData(r.Name)
		return
	}
	outer = c.enter(rules[r.Name])
	r.Data = read(c)
	c.leave(outer)
}

// rules says under which rule the data of each name is read.
var rules = map[string]string{
	"CAPABILITY": "capability-data", "ENABLED": "enable-data", "FLAGS": "mailbox-data", "LIST": "mailbox-data",
	"LSUB": "mailbox-data", "XLIST": "mailbox-data", "SEARCH": "mailbox-data", "SORT": "sort-data",
	"ESEARCH": "esearch-response", "THREAD": "thread-data", "STATUS": "mailbox-data", "NAMESPACE": "namespace-response",
	"VANISHED": "expunged-resp", "ID": "id-response", "QUOTA": "quota-response", "QUOTAROOT": "quotaroot-response",
	"ACL": "acl-data", "LISTRIGHTS": "listrights-data", "MYRIGHTS": "myrights-data", "METADATA": "metadata-resp",
	"ANNOTATION": "annotation-response", "LANGUAGE": "language-data", "COMPARATOR": "comparator-data",
	"GENURLAUTH": "genurlauth-data", "URLFETCH": "urlfetch-data", "CONVERSION": "conversion-data",
	"JMAPACCESS": "jmapaccess-data", "XAPPLEPUSHSERVICE": "xapplepushservice", "MAILBOX": "mailbox-data", "BBOARD": "mailbox-data", "UIDBATCHES": "uidbatches-response",
}

// unknownData reads data without a rule: nil where there is none. Names that
// want a number before them are a departure.
func (c *cursor) unknownData(name string) any {
	outer := c.enter("response-data")
	defer c.leave(outer)
	switch name {
	case "EXISTS", "RECENT", "EXPUNGE", "FETCH", "UIDFETCH", "CONVERTED":
		c.defectAt(2, "a number before "+name, "")
	}
	if !c.more() {
		return nil
	}
	return c.tree()
}

// NumberData is EXISTS, RECENT and EXPUNGE: RFC 9051 §7.4, §7.5.1.
type NumberData struct {
	Number uint32 `json:"number"`
}

// numbered reads data that begins with a number.
func (c *cursor) numbered(r *Resp) {
	outer := c.enter("message-data")
	defer c.leave(outer)
	begin := c.pos
	n := c.number()
	c.sp()
	nameAt := c.pos
	r.Name = c.name()
	switch r.Name {
	case "EXISTS", "RECENT":
		r.Data = &NumberData{n}
		return
	case "EXPUNGE":
		r.Data = &NumberData{n}
	case "FETCH", "UIDFETCH":
		r.Data = c.fetchData(n, r.Name == "UIDFETCH")
	case "CONVERTED":
		r.Data = c.convertedData(n)
	default:
		if c.stopped {
			return
		}
		if _, known := responses[r.Name]; known {
			c.defectAt(nameAt, `"EXISTS", "RECENT", "EXPUNGE" or "FETCH"`, "")
		}
		r.Data = c.unknownData("")
		return
	}
	if n == 0 {
		c.zeroAt(begin)
	}
}

// zeroAt names a message number 0, which some servers send; the first Error
// of the line stays where it comes before.
func (c *cursor) zeroAt(pos int) {
	if c.err == nil || c.err.Offset > pos {
		c.err = &Error{Offset: pos, Rule: c.rule, Want: "nz-number", Got: `"0"`}
	}
}

// capabilityData reads CAPABILITY behind its name.
// Without any name it is a departure.
func (c *cursor) capabilityData() any {
	d := c.capabilities()
	if len(d.Capabilities) == 0 {
		c.defect("SP capability", "")
	}
	return d
}

func (c *cursor) enabledData() any { return c.capabilities() }

// VanishedData is VANISHED: RFC 7162 §3.2.10.
type VanishedData struct {
	Earlier bool   `json:"earlier,omitempty"` // happened before this session saw it
	UIDs    NumSet `json:"uids"`
}

func (c *cursor) vanishedData() any {
	d := &VanishedData{}
	c.sp()
	if c.take('(') {
		if d.Earlier = c.word("EARLIER"); !d.Earlier {
			c.fail(`"EARLIER"`)
		}
		c.expect(')')
		c.sp()
	}
	d.UIDs = c.uidSet()
	return d
}

// URLData is JMAPACCESS data, and the response code REFERRAL: a URL.
type URLData struct {
	URL string `json:"url"`
}

func (c *cursor) jmapData() any {
	c.sp()
	return &URLData{c.str()}
}

// UIDBatchesData is UIDBATCHES data: RFC 10022.
type UIDBatchesData struct {
	Tag    string `json:"tag,omitempty"`
	Ranges NumSet `json:"ranges,omitzero"`
}

func (c *cursor) uidBatchesData() any {
	d := &UIDBatchesData{}
	if c.peek() == ' ' && c.peekAt(1) == '(' {
		c.sp()
		c.expect('(')
		if !c.word("TAG") {
			c.fail(`"TAG"`)
		}
		c.sp()
		d.Tag = c.str()
		c.expect(')')
	}
	if c.more() {
		d.Ranges = c.uidSet()
	}
	return d
}

// status reads resp-text behind a status.
func (c *cursor) status(r *Resp, name string) {
	outer := c.enter("resp-text")
	defer c.leave(outer)
	r.Status = name
	s := &Status{}
	r.Data = s
	if !c.take(' ') {
		c.missingText()
		return
	}
	c.code(s)
	r.Code = s.Code
	c.text(s)
}

// missingText names a status without the SP that comes before its text. Some
// servers send it.
func (c *cursor) missingText() {
	if c.pos >= len(c.data) {
		c.defect("SP", "no text behind the status")
		return
	}
	c.fail("SP")
}

// continuation reads resp-text or base64 behind "+". Without the space is a known defect.
func (c *cursor) continuation(r *Resp) {
	outer := c.enter("continue-req")
	defer c.leave(outer)
	s := &Status{}
	r.Data = s
	switch {
	case c.take(' '):
	case c.atEnd():
		c.defect("SP", `a bare "+"`)
	default:
		c.defect("SP", "")
	}
	c.code(s)
	r.Code = s.Code
	c.text(s)
}

// text reads the words for people: TEXT-CHAR, or UTF-8 (RFC 9051 §9).
func (c *cursor) text(s *Status) {
	if c.stopped {
		return
	}
	begin := c.pos
	b := c.rest()
	s.Text = string(b)
	for i, o := range b {
		if class[o]&textChar != 0 || o >= 0x80 {
			continue
		}
		c.defectAt(begin+i, "TEXT-CHAR", "")
		break
	}
	if !utf8.Valid(b) {
		c.defectAt(begin, "UTF-8", "8-bit octets that are not UTF-8")
	}
}
