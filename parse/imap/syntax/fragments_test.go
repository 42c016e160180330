package syntax

import "testing"

// fragments is how a fragment of imap-codec is read: by the rule of its name,
// at the beginning of what is given.
var fragments = map[string]func(c *cursor){
	"AuthMechanism":           func(c *cursor) { c.name() },
	"BodyStructure":           func(c *cursor) { c.body(true) },
	"DateTime":                func(c *cursor) { c.dateTime() },
	"MessageDataItem":         func(c *cursor) { c.fetchDatum(&FetchData{}) },
	"MessageDataItemName":     func(c *cursor) { c.fetchItem() },
	"SearchKey":               func(c *cursor) { c.searchKey() },
	"StatusDataItemName":      func(c *cursor) { c.name() },
	"address":                 func(c *cursor) { c.address() },
	"atom":                    func(c *cursor) { c.atom() },
	"auth_type":               func(c *cursor) { c.name() },
	"body_fld_octets":         func(c *cursor) { c.number() },
	"date":                    func(c *cursor) { c.date() },
	"date_day_fixed":          func(c *cursor) { c.take(' '); c.two(1) },
	"date_month":              func(c *cursor) { c.month() },
	"date_text":               func(c *cursor) { c.date() },
	"date_time":               func(c *cursor) { c.dateTime() },
	"date_year":               func(c *cursor) { c.two(4) },
	"literal":                 func(c *cursor) { c.str() },
	"mailbox":                 func(c *cursor) { c.mailbox() },
	"media_basic":             func(c *cursor) { c.media(); c.sp(); c.media() },
	"media_message":           func(c *cursor) { c.media(); c.sp(); c.media() },
	"media_text":              func(c *cursor) { c.media(); c.sp(); c.media() },
	"number":                  func(c *cursor) { c.number() },
	"nz_number":               func(c *cursor) { c.nzNumber() },
	"quoted":                  func(c *cursor) { c.quotedBytes() },
	"quoted_utf8":             func(c *cursor) { c.msg.UTF8 = true; c.quotedBytes() },
	"resp_text":               func(c *cursor) { s := &Status{}; c.code(s); c.text(s) },
	"seq_number":              func(c *cursor) { c.seqNumber() },
	"seq_range":               func(c *cursor) { c.sequenceSet() },
	"sequence_set":            func(c *cursor) { c.sequenceSet() },
	"test_uid_set":            func(c *cursor) { c.uidSet() },
	"zone":                    func(c *cursor) { c.zone() },
	"SinglePartExtensionData": func(c *cursor) { c.nstringOrEmpty(); c.sp(); c.commonExtension(&Body{}) },
}

// notOurs is fragments whose verdict we do not share, and why.
var notOurs = map[string]string{
	"mailbox aaa":                "incomplete only while more may come",
	"resp_text [IMAP4rev1] \r\n": "RFC 9051 §9 resp-text: the text may be empty",
}

// TestFragments reads imap-codec's fragments by the rules of their names.
func TestFragments(t *testing.T) {
	read := 0
	for _, c := range readSuite(t, "imap-codec/fragment.jsonl") {
		rule, ok := fragments[c.Production]
		if !ok || notOurs[c.Production+" "+string(c.Bytes)] != "" {
			continue
		}
		m, _, _ := message(c.Bytes)
		m.Cut = false
		cur := newCursor(m, c.Production)
		rule(cur)
		if valid := c.Validity == "valid"; valid != (cur.err == nil) {
			t.Errorf("%s %q, %s: %v", c.Production, c.Bytes, c.Validity, cur.err)
		}
		cur.done()
		read++
	}
	t.Logf("%d fragments", read)
}
