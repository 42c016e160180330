package syntax

// QuotaRootArgs is GETQUOTA: RFC 9208 §4.1.1.
type QuotaRootArgs struct {
	Root string `json:"root"`
}

func (c *cursor) quotaRootArgs() any {
	c.sp()
	return &QuotaRootArgs{c.astring()}
}

// SetQuotaArgs is SETQUOTA: RFC 9208 §4.1.3.
type SetQuotaArgs struct {
	Root   string       `json:"root"`
	Limits []QuotaLimit `json:"limits"`
}

// QuotaLimit is a resource, upper case, and its limit.
type QuotaLimit struct {
	Resource string `json:"resource"`
	Limit    uint64 `json:"limit"`
}

func (c *cursor) setQuotaArgs() any {
	a := &SetQuotaArgs{Limits: []QuotaLimit{}}
	c.sp()
	a.Root = c.astring()
	c.sp()
	outer := c.enter("setquota-list")
	c.list(func() {
		l := QuotaLimit{Resource: c.name()}
		c.sp()
		l.Limit = c.number64()
		a.Limits = append(a.Limits, l)
	})
	c.leave(outer)
	return a
}

// QuotaData is QUOTA data: RFC 9208 §4.2.1.
type QuotaData struct {
	Root      string          `json:"root"`
	Resources []QuotaResource `json:"resources"`
}

// QuotaResource is how much of a resource is used, and may be: STORAGE and
// ANNOTATION-STORAGE in units of 1024 octets.
type QuotaResource struct {
	Resource string `json:"resource"` // upper case
	Usage    uint64 `json:"usage"`
	Limit    uint64 `json:"limit"`
}

func (c *cursor) quotaData() any {
	d := &QuotaData{Resources: []QuotaResource{}}
	c.sp()
	d.Root = c.astring()
	c.sp()
	outer := c.enter("quota-resource")
	c.list(func() {
		r := QuotaResource{Resource: c.name()}
		c.sp()
		r.Usage = c.number64()
		c.sp()
		r.Limit = c.number64()
		d.Resources = append(d.Resources, r)
	})
	c.leave(outer)
	return d
}

// QuotaRootData is QUOTAROOT data: RFC 9208 §4.2.2.
type QuotaRootData struct {
	Mailbox Mailbox  `json:"mailbox"`
	Roots   []string `json:"roots"`
}

func (c *cursor) quotaRootData() any {
	d := &QuotaRootData{Roots: []string{}}
	c.sp()
	d.Mailbox = c.mailbox()
	for c.more() {
		d.Roots = append(d.Roots, c.astring())
	}
	return d
}
