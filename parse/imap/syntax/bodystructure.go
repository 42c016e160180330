package syntax

import (
	"bytes"
	"strconv"
	"strings"
)

// Body is one part of a message's structure: BODY and BODYSTRUCTURE, RFC 9051
// §7.5.2. A multipart has Parts; message/rfc822 has Envelope and Message.
type Body struct {
	Type        string       `json:"type"`    // lower case: "text"
	Subtype     string       `json:"subtype"` // lower case: "plain"
	Params      []BodyParam  `json:"params,omitempty"`
	ID          string       `json:"id,omitempty"`
	Description string       `json:"description,omitempty"`
	Encoding    string       `json:"encoding,omitempty"` // as written
	Size        Num          `json:"size,omitzero"`      // octets, as encoded
	Lines       Num          `json:"lines,omitzero"`
	Envelope    *Envelope    `json:"envelope,omitempty"`
	Message     *Body        `json:"message,omitempty"`
	Parts       []*Body      `json:"parts,omitempty"`
	MD5         string       `json:"md5,omitempty"`
	Disposition *Disposition `json:"disposition,omitempty"`
	Language    []string     `json:"language,omitempty"`
	Location    string       `json:"location,omitempty"`
	Extension   []Node       `json:"extension,omitempty"` // what no RFC defines yet
}

// BodyParam is one parameter of a media type or disposition.
type BodyParam struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Disposition is a part's Content-Disposition.
type Disposition struct {
	Type   string      `json:"type"` // as written
	Params []BodyParam `json:"params,omitempty"`
}

// Param is the value of the media type's parameter name, in any case, or "".
func (b *Body) Param(name string) string { return param(b.Params, name) }

func param(list []BodyParam, name string) string {
	for _, p := range list {
		if equalNames(p.Name, name) {
			return p.Value
		}
	}
	return ""
}

// FileName is what the part is to be called as a file, undecoded, or "".
func (b *Body) FileName() string {
	if b.Disposition != nil {
		if name := param(b.Disposition.Params, "filename"); name != "" {
			return name
		}
	}
	return b.Param("name")
}

// Walk calls f for each part with its number, as a section names it: "1.2".
// The message itself, where it has parts, is "".
func (b *Body) Walk(f func(part string, b *Body)) {
	if b.Parts == nil {
		b.walk("1", f)
		return
	}
	b.walk("", f)
}

func (b *Body) walk(part string, f func(part string, b *Body)) {
	f(part, b)
	parts, prefix := b.Parts, part
	if b.Message != nil {
		if parts = b.Message.Parts; parts == nil {
			parts = []*Body{b.Message}
		}
	}
	if prefix != "" {
		prefix += "."
	}
	for i, p := range parts {
		p.walk(prefix+strconv.Itoa(i+1), f)
	}
}

// body reads "(" (body-type-1part / body-type-mpart) ")"; extended allows the
// extension data of BODYSTRUCTURE.
func (c *cursor) body(extended bool) *Body {
	outer := c.enter("body")
	defer c.leave(outer)
	b := &Body{}
	if c.atNIL() {
		c.defect(`"("`, "NIL")
		return nil
	}
	if !c.open() {
		return b
	}
	switch {
	case c.peek() == '(':
		c.multipart(b, extended)
	case c.noParts():
		c.multipartEnd(b, extended)
	default:
		c.onePart(b, extended)
	}
	c.noSP()
	if c.expect(')') {
		c.depth--
	}
	return b
}

// multipart reads 1*body SP media-subtype [SP body-ext-mpart]. Spaces between
// the parts are a known defect.
func (c *cursor) multipart(b *Body, extended bool) {
	outer := c.enter("body-type-mpart")
	defer c.leave(outer)
	for c.peek() == '(' {
		b.Parts = append(b.Parts, c.body(extended))
		if c.peek() == ' ' && c.peekAt(1) == '(' {
			c.noSP()
		}
	}
	c.sp()
	c.multipartEnd(b, extended)
}

// multipartEnd reads media-subtype [SP body-ext-mpart].
func (c *cursor) multipartEnd(b *Body, extended bool) {
	b.Type = "multipart"
	b.Subtype = c.media()
	if !c.extension(extended) {
		return
	}
	b.Params = c.bodyParams()
	if c.more() {
		c.commonExtension(b)
	}
}

// noParts goes to the subtype of a multipart that has no part, or NIL for it,
// where it stands at the cursor. A message whose boundary never comes is told
// so by some servers, against 1*body (RFC 9051 §9).
func (c *cursor) noParts() bool {
	begin := c.pos
	if c.atNIL() {
		if c.take(' ') && c.peek() == '"' {
			c.defectAt(begin, "body", "a multipart without parts")
			return true
		}
		c.pos = begin
		return false
	}
	rest := c.data[c.pos:]
	if c.peek() != '"' {
		return false
	}
	i := bytes.IndexByte(rest[1:], '"')
	if i < 0 {
		return false
	}
	switch rest = rest[i+2:]; {
	case bytes.HasPrefix(rest, []byte(")")), bytes.HasPrefix(rest, []byte(" (")), bytes.HasPrefix(rest, []byte(" NIL")):
		c.defect("body", "a multipart without parts")
		return true
	}
	return false
}

// extension goes past SP, where extension data follows. BODY has none: there
// it is a known defect.
func (c *cursor) extension(extended bool) bool {
	if c.peek() != ' ' || c.peekAt(1) == ')' {
		return false
	}
	if !extended {
		c.defect(`")"`, "extension data, which only BODYSTRUCTURE has")
	}
	return c.sp()
}

// media reads a media type's or subtype's string, as lower case.
func (c *cursor) media() string {
	if p := c.peek(); p != '"' && !c.atLiteral() {
		c.fail("string")
		return ""
	}
	return strings.ToLower(c.str())
}

// onePart reads body-type-basic, body-type-msg or body-type-text, each with
// its extension data.
func (c *cursor) onePart(b *Body, extended bool) {
	outer := c.enter("body-type-1part")
	defer c.leave(outer)
	b.Type = c.media()
	c.sp()
	b.Subtype = c.media()
	c.sp()
	c.bodyFields(b)
	switch {
	case b.Type == "text":
		c.rule = "body-type-text"
		c.sp()
		b.Lines = c.num()
	case b.Type == "message" && (b.Subtype == "rfc822" || b.Subtype == "global"):
		c.rule = "body-type-msg"
		c.messagePart(b, extended)
	}
	c.rule = "body-ext-1part"
	if !c.extension(extended) {
		return
	}
	b.MD5 = c.nstringOrEmpty()
	if c.more() {
		c.commonExtension(b)
	}
}

// bodyFields reads body-fields: parameters, id, description, encoding, octets.
func (c *cursor) bodyFields(b *Body) {
	outer := c.enter("body-fields")
	defer c.leave(outer)
	b.Params = c.bodyParams()
	c.sp()
	b.ID = c.nstringOrEmpty()
	c.sp()
	b.Description = c.nstringOrEmpty()
	c.sp()
	if p := c.peek(); p != '"' && !c.atLiteral() {
		c.nilEncoding()
	} else {
		b.Encoding = c.str()
	}
	c.sp()
	b.Size = c.num()
}

// nilEncoding lets NIL pass for an encoding: a known defect.
func (c *cursor) nilEncoding() {
	begin := c.pos
	if !c.atNIL() {
		c.fail("string")
		return
	}
	c.defectAt(begin, "string", "NIL")
}

// messagePart reads SP envelope SP body SP body-fld-lines. Servers that treat
// the message as any attachment leave all three out: a known defect.
func (c *cursor) messagePart(b *Body, extended bool) {
	if c.peek() != ' ' || c.peekAt(1) != '(' {
		if b.Subtype == "rfc822" {
			c.defect("SP envelope", "a message/rfc822 part without its envelope")
		}
		return
	}
	c.sp()
	b.Envelope = c.envelope()
	c.sp()
	b.Message = c.body(extended)
	c.sp()
	b.Lines = c.num()
}

// bodyParams reads "(" string SP string *(SP string SP string) ")" or NIL.
func (c *cursor) bodyParams() (list []BodyParam) {
	outer := c.enter("body-fld-param")
	defer c.leave(outer)
	if c.atNIL() {
		return nil
	}
	begin := c.pos
	c.list(func() {
		p := BodyParam{Name: c.stringOnly()}
		c.sp()
		p.Value = c.stringOnly()
		list = append(list, p)
	})
	if len(list) == 0 {
		c.defectAt(begin, "string or NIL", "an empty list")
	}
	return list
}

// stringOnly reads a string. NIL in its place is a known defect.
func (c *cursor) stringOnly() string {
	begin := c.pos
	if c.atNIL() {
		c.defectAt(begin, "string", "NIL")
		return ""
	}
	if p := c.peek(); p != '"' && !c.atLiteral() {
		c.fail("string")
	}
	return c.str()
}

// commonExtension reads body-fld-dsp [SP body-fld-lang [SP body-fld-loc
// *(SP body-extension)]].
func (c *cursor) commonExtension(b *Body) {
	outer := c.enter("body-fld-dsp")
	defer c.leave(outer)
	b.Disposition = c.disposition()
	if !c.more() {
		return
	}
	c.rule = "body-fld-lang"
	b.Language = c.languages()
	if !c.more() {
		return
	}
	c.rule = "body-fld-loc"
	b.Location = c.nstringOrEmpty()
	c.rule = "body-extension"
	for c.more() {
		if c.peek() == ')' {
			break
		}
		b.Extension = append(b.Extension, c.bodyExtension())
	}
}

func (c *cursor) disposition() *Disposition {
	if c.atNIL() {
		return nil
	}
	d := &Disposition{}
	if c.peek() == '"' {
		c.defect(`"(" or NIL`, "a string")
		d.Type = c.str()
		return d
	}
	c.expect('(')
	d.Type = c.stringOnly()
	c.sp()
	d.Params = c.bodyParams()
	c.expect(')')
	return d
}

// languages reads nstring, or "(" string *(SP string) ")".
func (c *cursor) languages() (list []string) {
	if c.peek() != '(' {
		if s, ok := c.nstring(); ok {
			list = append(list, s)
		}
		return list
	}
	begin := c.pos
	c.list(func() { list = append(list, c.stringOnly()) })
	if len(list) == 0 {
		c.defectAt(begin, "string", "an empty list")
	}
	return list
}

// bodyExtension reads nstring, a number, or a list of them.
func (c *cursor) bodyExtension() Node {
	switch p := c.peek(); {
	case p == '(':
		n := Node{Kind: KindList}
		c.list(func() { n.List = append(n.List, c.bodyExtension()) })
		if len(n.List) == 0 {
			c.defect("body-extension", "an empty list")
		}
		return n
	case class[p]&digitChar != 0:
		begin := c.pos
		c.number64()
		return Node{Text: string(c.data[begin:c.pos])}
	case c.atNIL():
		return Node{Kind: KindNIL}
	case p == '"', c.atLiteral():
		return c.node()
	}
	c.fail("body-extension")
	return Node{}
}
