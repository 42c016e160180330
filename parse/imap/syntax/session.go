package syntax

import "github.com/emersion/go-imap/v2"

// LoginArgs is LOGIN without the password: RFC 9051 §6.2.3.
type LoginArgs struct {
	User string `json:"user"`
}

func (c *cursor) loginArgs() any {
	a := &LoginArgs{}
	c.sp()
	a.User = c.astring()
	c.sp()
	outer := c.enter("password")
	c.passPassword()
	c.leave(outer)
	return a
}

// passPassword goes past an astring and copies nothing.
func (c *cursor) passPassword() {
	c.astringBytes()
}

// AuthenticateArgs is AUTHENTICATE: RFC 9051 §6.2.2, RFC 4959.
type AuthenticateArgs struct {
	Mechanism string `json:"mechanism"`         // upper case
	Initial   bool   `json:"initial,omitempty"` // an initial response follows, "=" too
}

func (c *cursor) authenticateArgs() any {
	a := &AuthenticateArgs{}
	c.sp()
	a.Mechanism = c.name()
	if c.more() {
		a.Initial = true
		c.base64("initial-resp")
	}
	return a
}

// base64 goes past a secret, "=", or base64: RFC 4648 §4.
func (c *cursor) base64(rule string) {
	outer := c.enter(rule)
	defer c.leave(outer)
	if c.passSecret() || c.take('=') && c.atEnd() {
		return
	}
	begin := c.pos
	for b := c.peek(); b == '+' || b == '/' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'; b = c.peek() {
		c.pos++
	}
	for c.peek() == '=' {
		c.pos++
	}
	if c.pos == begin || (c.pos-begin)%4 != 0 {
		c.fail("base64")
	}
}

// EnableArgs is ENABLE: RFC 9051 §6.3.1.
type EnableArgs struct {
	Capabilities []imap.Cap `json:"capabilities"`
}

func (c *cursor) enableArgs() any {
	a := &EnableArgs{Capabilities: []imap.Cap{}}
	c.sp()
	for !c.stopped {
		if name := c.atom(); name != "" {
			a.Capabilities = append(a.Capabilities, imap.Cap(name))
		}
		if !c.more() {
			break
		}
	}
	return a
}

// CompressArgs is COMPRESS: RFC 4978.
type CompressArgs struct {
	Algorithm string `json:"algorithm"` // upper case
}

func (c *cursor) compressArgs() any {
	c.sp()
	return &CompressArgs{c.name()}
}

// ProxyAuthArgs is PROXYAUTH: act as another user.
type ProxyAuthArgs struct {
	User string `json:"user"`
}

func (c *cursor) proxyAuthArgs() any {
	c.sp()
	return &ProxyAuthArgs{c.astring()}
}

// ID is the command and the response ID: RFC 2971. Null where NIL was said.
type ID struct {
	Params []Param `json:"params"`
}

// Param is a name and its value; NIL is null.
type Param struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

// Get is the value of the parameter name, in any case, or "".
func (d *ID) Get(name string) string {
	for _, p := range d.Params {
		if p.Value != nil && equalNames(p.Name, name) {
			return *p.Value
		}
	}
	return ""
}

func (c *cursor) idArgs() any {
	outer := c.enter("id-params-list")
	defer c.leave(outer)
	d := &ID{}
	c.sp()
	if c.atNIL() {
		return d
	}
	d.Params = []Param{}
	c.list(func() {
		p := Param{Name: c.str()}
		c.sp()
		p.Value = c.optional()
		d.Params = append(d.Params, p)
	})
	return d
}

// LanguageArgs is LANGUAGE, the command and the response: RFC 5255 §3.
type LanguageArgs struct {
	Ranges []string `json:"languages"`
}

func (c *cursor) languageArgs() any {
	a := &LanguageArgs{Ranges: []string{}}
	for c.more() {
		a.Ranges = append(a.Ranges, c.astring())
	}
	return a
}

func (c *cursor) languageData() any {
	a := &LanguageArgs{Ranges: []string{}}
	c.sp()
	c.list(func() { a.Ranges = append(a.Ranges, c.astring()) })
	if len(a.Ranges) == 0 {
		c.defect("lang-tag-quoted", "an empty list")
	}
	return a
}

// ComparatorArgs is COMPARATOR, the command and the response: RFC 5255 §4.
type ComparatorArgs struct {
	Active  string   `json:"active,omitempty"` // of the response
	Choices []string `json:"choices,omitempty"`
}

func (c *cursor) comparatorArgs() any {
	a := &ComparatorArgs{}
	for c.more() {
		a.Choices = append(a.Choices, c.astring())
	}
	return a
}

func (c *cursor) comparatorData() any {
	a := &ComparatorArgs{}
	c.sp()
	a.Active = c.astring()
	if c.more() {
		c.list(func() { a.Choices = append(a.Choices, c.astring()) })
	}
	return a
}
