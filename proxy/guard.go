package proxy

import (
	"fmt"
	"runtime"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/finding"
)

// guard calls parse under the session's lock and queues what it had to say.
func (s *session) guard(call func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.broken {
		s.guarded(call)
	}
}

// guarded is guard for callers that have the lock, and reports whether parse
// is whole. A parser that panics is not asked again: it costs the session's
// transcript, not the mail.
func (s *session) guarded(call func()) (whole bool) {
	defer func() {
		if r := recover(); r != nil {
			s.sink.discard()
			s.breaks(r)
		}
		s.sink.flush()
	}()
	call()
	return true
}

// breaks notes that parse has panicked. Nothing more of the session goes on
// record but sums: without a parser nothing can be masked.
func (s *session) breaks(panicked any) {
	s.broken = true
	s.last.Context.Session, s.last.Context.Proto = s.id, s.proto
	func() {
		defer func() { _ = recover() }() // asked once more, for what it knew
		s.last = s.parse.Info()
	}()
	e := finding.New("mailtap.panic", where(panicked))
	e.Time = clock()
	s.unnumbered(e)
}

// unnumbered puts an event on record that parse can no longer number.
func (s *session) unnumbered(e *event.Event) {
	context := s.last.Context
	context.Session, context.Proto = s.id, s.proto
	e.Context = &context
	s.sink.Event(e)
}

const internalError = "an internal error; this session cannot go on"

// panicked is for a mistake outside of parse: the session ends.
func (s *session) panicked(value any) {
	s.fail("mailtap.panic", where(value), internalError)
}

// where says what a panic was without a word of what the session carries: the
// runtime's own texts are free of that, others may not be.
func where(value any) string {
	text := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		text = err.Error()
	}
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	behind := false
	for {
		f, more := frames.Next()
		if behind && strings.HasPrefix(f.Function, "mailtap/") {
			return fmt.Sprintf("%s in %s, line %d", text, f.Function, f.Line)
		}
		behind = behind || f.Function == "runtime.gopanic"
		if !more {
			return text
		}
	}
}

// findLocked is find for callers that have the lock.
func (s *session) findLocked(id, detail string) {
	e := finding.New(id, detail)
	e.Time = clock()
	s.emitLocked(e)
}
