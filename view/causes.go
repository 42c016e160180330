package view

import (
	"slices"

	"mailtap/parse/event"
	"mailtap/parse/finding"
)

// cause is what one or many findings come from: a wrong password that was tried
// in 38 sessions is one.
type cause struct {
	key   string
	found []*event.Event // the newest ones, a session's newest alone, in order of time
	count int            // how often it was found, with those that are not held
}

const (
	// mostFound is how many findings of one cause are held.
	mostFound = 200

	// mostCauses is how many causes are held.
	mostCauses = 2000
)

// newest is the last finding of c.
func (c *cause) newest() *event.Event { return c.found[len(c.found)-1] }

func (c *cause) severity() event.Severity { return c.newest().Finding.Severity }

func times(f *event.Finding) int { return max(1, f.Count) }

// add takes one more. A finding that comes again within a session replaces the
// one before: its count grew.
func (c *cause) add(e *event.Event) {
	if i := slices.IndexFunc(c.found, func(old *event.Event) bool { return inSession(old) == inSession(e) }); i >= 0 {
		c.count -= times(c.found[i].Finding)
		c.found = slices.Delete(c.found, i, i+1)
	}
	c.count += times(e.Finding)
	if len(c.found) == mostFound {
		c.found = slices.Delete(c.found, 0, 1)
	}
	c.found = append(c.found, e)
}

// inSession is the session that a finding stands in, or "".
func inSession(e *event.Event) string {
	if e.Context == nil {
		return ""
	}
	return e.Session
}

// find puts a finding to its cause. Where there are too many, the one goes that
// matters least: of the lowest severity the one that was not found for longest.
func (m *Model) find(e *event.Event) {
	user, server := "", ""
	if s := m.byID[inSession(e)]; s != nil {
		user, server = s.who(e), s.serverName()
	}
	key := finding.Cause(e.Finding, user, server)
	c := m.byCause[key]
	if c == nil {
		if len(m.causes) == mostCauses {
			m.loseCause()
		}
		c = &cause{key: key}
		m.byCause[key] = c
		m.causes = append(m.causes, c)
	}
	c.add(e)
}

func (m *Model) loseCause() {
	least := slices.MinFunc(m.causes, func(x, y *cause) int {
		if d := int(x.severity()) - int(y.severity()); d != 0 {
			return d
		}
		return x.newest().Time.Compare(y.newest().Time)
	})
	m.unlisted += least.count
	m.drop(func(c *cause) bool { return c == least })
}

// drop takes causes away.
func (m *Model) drop(gone func(*cause) bool) {
	m.causes = slices.DeleteFunc(m.causes, func(c *cause) bool {
		if gone(c) {
			delete(m.byCause, c.key)
			return true
		}
		return false
	})
}

// forgetFound takes away what was found in sessions that are gone.
func (m *Model) forgetFound(gone func(session string) bool) {
	m.drop(func(c *cause) bool {
		c.found = slices.DeleteFunc(c.found, func(e *event.Event) bool {
			if !gone(inSession(e)) {
				return false
			}
			c.count -= times(e.Finding)
			return true
		})
		return len(c.found) == 0
	})
}

// who is the user that a session's finding is about: who logged in, else who
// tried to.
func (s *Session) who(e *event.Event) string {
	if e.User != "" {
		return e.User
	}
	if s.passing != nil && s.passing.Tried != "" {
		return s.passing.Tried
	}
	return s.Tried
}
