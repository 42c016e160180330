// Package eventlog writes events as a log: JSON, one object a line, for
// programs, and pretty for people. The live log of the proxy and
// `show --format json` are both made here, so that they cannot differ.
//
// It keeps nothing, masks nothing (events come masked) and decides nothing:
// which events are written is the filter's work, given as Options.Accept.
package eventlog

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Format is how events are written.
type Format string

// The formats, as the flag --log-format names them.
const (
	Pretty Format = "pretty"
	JSON   Format = "json"
)

// Options say how a Log writes.
type Options struct {
	Format Format
	Accept func(*event.Event) bool // which events; nil is all

	// For Pretty only.
	Colour   bool           // escape sequences for colours
	Width    int            // columns of the terminal; 0 is 120
	Location *time.Location // of the times shown; nil is local
}

// A Log writes events to one writer. It may be used by several goroutines: a
// batch is written with one Write.
type Log struct {
	mu     sync.Mutex
	w      io.Writer
	accept func(*event.Event) bool
	buf    bytes.Buffer
	line   func(e *event.Event) // appends to buf
}

// New makes a log on w.
func New(w io.Writer, o Options) *Log {
	l := &Log{w: w, accept: o.Accept}
	if o.Format == Pretty {
		p := newPretty(o)
		l.line = func(e *event.Event) { p.write(&l.buf, e) }
		return l
	}
	z := zerolog.New(&l.buf)
	l.line = func(e *event.Event) { fill(z.Log(), e).Send() }
	return l
}

// maxBuffer is the largest buffer that is kept from one batch to the next.
const maxBuffer = 256 << 10

// Write writes the events of a batch; octets are no part of a log.
func (l *Log) Write(batch []wire.Item) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range batch {
		if e := batch[i].Event; e != nil && (l.accept == nil || l.accept(e)) {
			l.line(e)
		}
		if l.buf.Len() > maxBuffer {
			if err := l.flush(); err != nil {
				return err
			}
		}
	}
	return l.flush()
}

// Event writes one event.
func (l *Log) Event(e *event.Event) error {
	return l.Write([]wire.Item{{Event: e}})
}

func (l *Log) flush() error {
	if l.buf.Len() == 0 {
		return nil
	}
	_, err := l.w.Write(l.buf.Bytes())
	if l.buf.Cap() > maxBuffer {
		l.buf = bytes.Buffer{}
	}
	l.buf.Reset()
	if err != nil {
		return fmt.Errorf("writing the event log: %w", err)
	}
	return nil
}
