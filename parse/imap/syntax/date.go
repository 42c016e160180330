package syntax

import (
	"fmt"
	"strings"
	"time"
)

const months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"

// dateTime reads a date-time in its DQUOTEs: " 7-Feb-1994 21:52:25 -0800".
func (c *cursor) dateTime() time.Time {
	outer := c.enter("date-time")
	defer c.leave(outer)
	if !c.expect('"') {
		return time.Time{}
	}
	begin := c.pos
	var day int
	if c.take(' ') {
		day = c.two(1)
	} else {
		day = c.dayFixed()
	}
	year, month := c.monthYear()
	c.expect(' ')
	hour := c.two(2)
	c.expect(':')
	minute := c.two(2)
	c.expect(':')
	second := c.two(2)
	c.expect(' ')
	zone := c.zone()
	c.expect('"')
	if c.stopped {
		return time.Time{}
	}
	if t := time.Date(year, month, day, hour, minute, second, 0, zone); t.Day() == day && t.Year() <= 9999 {
		return t
	}
	c.defectAt(begin, "a date and time that exists", "")
	return time.Time{}
}

// dayFixed reads two digits. One alone, which the grammar wants behind a
// space, is a known defect.
func (c *cursor) dayFixed() int {
	if class[c.peekAt(1)]&digitChar == 0 && c.peekAt(1) == '-' {
		c.defect("date-day-fixed", "one digit without the space")
		return c.two(1)
	}
	return c.two(2)
}

// monthYear reads "-" date-month "-" date-year.
func (c *cursor) monthYear() (year int, month time.Month) {
	c.expect('-')
	month = c.month()
	c.expect('-')
	year = c.two(4)
	return year, month
}

// two reads a number of exactly n digits.
func (c *cursor) two(n int) (v int) {
	for range n {
		if class[c.peek()]&digitChar == 0 {
			c.fail("digit")
			return 0
		}
		v = v*10 + int(c.peek()-'0')
		c.pos++
	}
	return v
}

func (c *cursor) month() time.Month {
	if c.stopped || len(c.data)-c.pos < 3 {
		c.fail("date-month")
		return 0
	}
	i := strings.Index(months, strings.ToUpper(string(c.data[c.pos:c.pos+3])))
	if i < 0 || i%3 != 0 {
		c.fail("date-month")
		return 0
	}
	c.pos += 3
	return time.Month(i/3 + 1)
}

// zone reads ("+" / "-") 4DIGIT.
func (c *cursor) zone() *time.Location {
	sign := 1
	if c.take('-') {
		sign = -1
	} else if !c.expect('+') {
		return time.UTC
	}
	begin := c.pos
	hours, minutes := c.two(2), c.two(2)
	if hours > 23 || minutes > 59 {
		c.defectAt(begin, "a zone of hours and minutes", "")
		return time.UTC
	}
	if offset := sign * (hours*3600 + minutes*60); offset != 0 {
		return time.FixedZone("", offset)
	}
	return time.UTC
}

// date reads a date of a search key, "1-Feb-1994", with DQUOTEs or without,
// and gives it as 1994-02-01.
func (c *cursor) date() string {
	outer := c.enter("date")
	defer c.leave(outer)
	quoted := c.take('"')
	n := 1
	if class[c.peekAt(1)]&digitChar != 0 {
		n = 2
	}
	begin := c.pos
	day := c.two(n)
	year, month := c.monthYear()
	if quoted {
		c.expect('"')
	}
	if c.stopped {
		return ""
	}
	if time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Day() != day {
		c.defectAt(begin, "a day of the month", "")
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}
