package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mailtap/parse/event"
	expr "mailtap/parse/filter"
)

// job is work that takes longer than a frame: it is done in slices between
// frames. step does some of it and says whether more is left.
type job struct {
	title   string
	started time.Time
	step    func() (more bool)
	far     func() (done, total int)
}

// work gives the job at most d.
func (a *App) work(d time.Duration) {
	if a.job == nil {
		return
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
		if !a.job.step() {
			a.job = nil
			return
		}
	}
}

// finish does all of the job, and waits for what runs beside: tests and saving
// cannot wait.
func (a *App) finish() {
	for a.job != nil || a.busy > 0 {
		if a.job == nil {
			(<-a.calls)()
			continue
		}
		a.work(time.Second)
	}
}

// beside does something that may take long, reading and writing files, without
// holding up the screen; done gets its error in the viewer's own goroutine.
func (a *App) beside(title string, do func() error, done func(error)) {
	a.busy++
	a.say("%s …", title)
	go func() {
		err := guarded(do)
		a.call(func() {
			a.busy--
			done(err)
		})
	}()
}

// guarded does something beside the screen. A panic there would leave the
// terminal as it is; as an error it is shown.
func guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("this went wrong over a mistake of mailtap's own: %v", r)
		}
	}()
	return do()
}

// filter is which events are shown, and sessions that have one.
type filter struct {
	text     string
	compiled *expr.Filter
}

// matches is a session's part of the filter's work: the rows that match among
// those that were looked at.
type matches struct {
	scanned int
	rows    []int32
}

// setFilter takes a new filter; "" shows everything. What is wrong with it is told.
func (a *App) setFilter(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		a.filter = filter{}
		a.stopSifting()
		if a.job != nil && a.job.title == "filtering" {
			a.job = nil
		}
		return
	}
	compiled, err := expr.Compile(text)
	if err != nil {
		a.fail(err)
		return
	}
	a.filter = filter{text, compiled}
	for _, s := range a.model.Sessions {
		s.matches, s.matched = matches{}, false
	}
	a.startFilter()
	a.sift()
}

const rowsAStep = 512

// startFilter makes the job that brings every session's matches up to date.
func (a *App) startFilter() {
	at := 0
	a.job = &job{title: "filtering", started: time.Now(),
		step: func() bool {
			if at < len(a.model.Sessions) && !a.model.scan(a.model.Sessions[at], a.filter.compiled, rowsAStep) {
				at++
			}
			return at < len(a.model.Sessions)
		},
		far: func() (int, int) { return at, len(a.model.Sessions) },
	}
}

// scan looks at up to n more rows of s and says whether more are left. A mark
// stands with the line that it is on: what shows the mark shows that line.
func (m *Model) scan(s *Session, f *expr.Filter, n int) (more bool) {
	found := &s.matches
	for ; n > 0 && found.scanned < len(s.Rows); n-- {
		if m.matches(s.Rows[found.scanned].Event, f) {
			found.rows = append(found.rows, int32(found.scanned))
		}
		found.scanned++
	}
	return found.scanned < len(s.Rows)
}

// again looks at the row of e once more: a mark on it has changed.
func (m *Model) again(s *Session, e *event.Event, f *expr.Filter) {
	row, ok := s.find(e.Seq)
	found := &s.matches
	if !ok || row >= found.scanned {
		return
	}
	i, was := slices.BinarySearch(found.rows, int32(row))
	switch is := m.matches(e, f); {
	case is && !was:
		found.rows = slices.Insert(found.rows, i, int32(row))
	case was && !is:
		found.rows = slices.Delete(found.rows, i, i+1)
	}
}

// matches reports whether f shows e, or a mark that stands on it.
func (m *Model) matches(e *event.Event, f *expr.Filter) bool {
	if f.Match(e) {
		return true
	}
	if len(m.marks) == 0 {
		return false
	}
	text, ok := m.marks[e.ID()]
	return ok && f.Match(&event.Event{Kind: event.KindMark, Time: e.Time, Context: e.Context, After: e.Seq, Text: text})
}

// visible says how many rows of s are shown, and which the i-th is.
func (a *App) visible(s *Session) int {
	if a.filter.compiled == nil {
		return len(s.Rows)
	}
	return len(s.matches.rows)
}

func (a *App) nth(s *Session, i int) int {
	if a.filter.compiled == nil {
		return i
	}
	return int(s.matches.rows[i])
}

// place is where row stands among those that are shown, or the next one shown.
func (a *App) place(s *Session, row int) int {
	if a.filter.compiled == nil {
		return row
	}
	lo, hi := 0, len(s.matches.rows)
	for lo < hi {
		mid := (lo + hi) / 2
		if int(s.matches.rows[mid]) < row {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// search is what n and N look for.
type search struct {
	text string
	find *regexp.Regexp
	fold string // text in small letters where it is ASCII, no expression, and case does not count: that is found faster
}

// setSearch takes text as a regular expression, or letter by letter where it
// is none; without capitals their case does not count.
func (a *App) setSearch(text string) {
	if text == "" {
		a.search = search{}
		return
	}
	a.search = search{text: text}
	flags := ""
	if strings.ToLower(text) == text {
		flags = "(?i)"
		if regexp.QuoteMeta(text) == text && foldable(text) {
			a.search.fold = text
		}
	}
	re, err := regexp.Compile(flags + text)
	if err != nil {
		re = regexp.MustCompile(flags + regexp.QuoteMeta(text))
	}
	a.search.find = re
}

// foldable reports whether text is ASCII.
func foldable(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// in reports whether text has what is looked for.
func (s *search) in(text string) bool {
	if s.fold != "" {
		return containsFold(text, s.fold)
	}
	return s.find.MatchString(text)
}

// containsFold reports whether text has small in it, where ASCII's capitals
// are as small letters.
func containsFold(text, small string) bool {
	first := small[0]
	other := first
	if first >= 'a' && first <= 'z' {
		other = first - 'a' + 'A'
	}
	for i := 0; i+len(small) <= len(text); i++ {
		if (text[i] == first || text[i] == other) && equalFold(text[i:i+len(small)], small) {
			return true
		}
	}
	return false
}

func equalFold(text, small string) bool {
	for i := range len(small) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

// searchable are rows that can be searched.
type searchable interface {
	Len() int
	text(i int) string
}

// next moves the top pane's cursor to the next row that has the search's text,
// in direction step, around the end.
func (a *App) next(step int) {
	list, rows := a.top().list(a)
	texts, ok := rows.(searchable)
	if a.search.find == nil || list == nil || !ok {
		return
	}
	n, at, left := texts.Len(), list.Cursor, texts.Len()
	a.job = &job{title: "searching", started: time.Now(),
		step: func() bool {
			for range rowsAStep {
				if left == 0 || n == 0 {
					a.say("%q is not here", a.search.text)
					return false
				}
				at = (at + step + n) % n
				left--
				if a.search.in(texts.text(at)) {
					list.Follow = false
					list.Cursor = at
					return false
				}
			}
			return true
		},
		far: func() (int, int) { return n - left, n },
	}
}
