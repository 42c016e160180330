package syntax

// GenURLAuthArgs is GENURLAUTH: RFC 4467 §7.
type GenURLAuthArgs struct {
	Rumps []URLRump `json:"rumps"`
}

// URLRump is a URL to be authorised, and how.
type URLRump struct {
	URL       string `json:"url"`
	Mechanism string `json:"mechanism"`
}

func (c *cursor) genURLAuthArgs() any {
	a := &GenURLAuthArgs{Rumps: []URLRump{}}
	c.sp()
	for {
		r := URLRump{URL: c.url()}
		c.sp()
		r.Mechanism = c.name()
		a.Rumps = append(a.Rumps, r)
		if !c.more() {
			return a
		}
	}
}

// ResetKeyArgs is RESETKEY: RFC 4467 §7.
type ResetKeyArgs struct {
	Mailbox    *Mailbox `json:"mailbox,omitempty"` // nil: all
	Mechanisms []string `json:"mechanisms,omitempty"`
}

func (c *cursor) resetKeyArgs() any {
	a := &ResetKeyArgs{}
	if !c.more() {
		return a
	}
	m := c.mailbox()
	a.Mailbox = &m
	for c.more() {
		a.Mechanisms = append(a.Mechanisms, c.name())
	}
	return a
}

// URLFetchArgs is URLFETCH: RFC 4467 §7, RFC 5524.
type URLFetchArgs struct {
	URLs []URLFetch `json:"urls"`
}

// URLFetch is one URL, and what is wanted of it: BODY, BODYPARTSTRUCTURE, BINARY.
type URLFetch struct {
	URL    string   `json:"url"`
	Params []string `json:"params,omitempty"`
}

func (c *cursor) urlFetchArgs() any {
	a := &URLFetchArgs{URLs: []URLFetch{}}
	c.sp()
	for {
		a.URLs = append(a.URLs, c.urlFetch())
		if !c.more() {
			return a
		}
	}
}

func (c *cursor) urlFetch() (u URLFetch) {
	if c.peek() != '(' {
		u.URL = c.url()
		return u
	}
	c.pos++
	u.URL = c.url()
	for c.more() {
		u.Params = append(u.Params, c.name())
	}
	c.expect(')')
	return u
}

// URLsData is GENURLAUTH data: the authorised URLs.
type URLsData struct {
	URLs []string `json:"urls"`
}

func (c *cursor) genURLAuthData() any {
	d := &URLsData{URLs: []string{}}
	for c.more() {
		d.URLs = append(d.URLs, c.url())
	}
	if len(d.URLs) == 0 {
		c.defect("SP url-full", "")
	}
	return d
}

// URLFetchData is URLFETCH data.
type URLFetchData struct {
	URLs []FetchedURL `json:"urls"`
}

// FetchedURL is a URL and the size of what it named; absent: it cannot be had.
type FetchedURL struct {
	URL    string   `json:"url"`
	Size   Num      `json:"size,omitzero"`
	Params []Option `json:"params,omitempty"` // RFC 5524: BODY, BINARY, BODYPARTSTRUCTURE
}

func (c *cursor) urlFetchData() any {
	d := &URLFetchData{URLs: []FetchedURL{}}
	for c.more() {
		u := FetchedURL{URL: c.url()}
		if c.peek() == ' ' && c.peekAt(1) == '(' {
			for c.peek() == ' ' && c.peekAt(1) == '(' {
				c.sp()
				u.Params = append(u.Params, c.urlParam(&u))
			}
		} else {
			c.sp()
			n, ok := c.size()
			u.Size = Num{uint64(n), ok}
		}
		d.URLs = append(d.URLs, u)
	}
	if len(d.URLs) == 0 {
		c.defect("SP url-full", "")
	}
	return d
}

// urlParam reads "(" name [SP value] ")" of RFC 5524: of text the size.
func (c *cursor) urlParam(u *FetchedURL) Option {
	c.expect('(')
	o := Option{Name: c.name()}
	if c.more() {
		if o.Name == "BODYPARTSTRUCTURE" {
			n := c.node()
			o.Value = &n
		} else {
			n, ok := c.size()
			u.Size = Num{uint64(n), ok}
		}
	}
	c.expect(')')
	return o
}
