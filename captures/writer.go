package captures

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// flushEvery is how long what was recorded may wait for being written: half of
// what a kill may cost (contract §4).
const flushEvery = 500 * time.Millisecond

// Writer records sessions: to one file, or to a file a session.
// Its methods may be called by several goroutines.
type Writer struct {
	options Options
	path    string

	mu     sync.Mutex
	single *file
	dir    *directory
	timer  *time.Timer
	armed  bool
	failed error // of a flush behind the caller's back: the next Write tells
	closed bool
}

// Create begins to record to path. A file that exists is continued with a new
// section; see CutBack. The error is one line for people, and wraps ErrBusy,
// ErrNotPcapng, ErrCompressed or ErrFull where it is one of those.
func Create(path string, o Options) (*Writer, error) {
	w := &Writer{options: o, path: path}
	var err error
	if o.PerSession {
		w.dir, err = newDirectory(path, o)
	} else {
		w.single, err = createFile(path, o)
	}
	if err != nil {
		return nil, err
	}
	w.timer = time.AfterFunc(time.Hour, w.tick)
	w.timer.Stop()
	return w, nil
}

// CutBack is how many octets of a broken block were cut off the file before it
// was continued: the user is told.
func (w *Writer) CutBack() int64 {
	if w.single == nil {
		return 0
	}
	return w.single.cut
}

// Write records items in their order. Each way for a recording to end is
// returned once, and what comes later for that file is dropped: ErrFull where
// the limit of size was reached, else what went wrong with the file.
func (w *Writer) Write(batch []wire.Item) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fmt.Errorf("recording to %s: %w", w.path, os.ErrClosed)
	}
	errs := []error{w.failed}
	w.failed = nil
	for i := range batch {
		errs = append(errs, w.item(&batch[i]))
	}
	w.arm()
	return errors.Join(errs...)
}

// item records one item, and writes what was gathered if that is much.
func (w *Writer) item(item *wire.Item) error {
	f, err := w.single, error(nil)
	if w.dir != nil {
		f, err = w.dir.file(item)
	}
	if f == nil || f.err != nil {
		return err
	}
	f.room()
	f.record(item)
	if w.dir != nil && closes(item) {
		return w.dir.close(item.Session)
	}
	if f.pending() < flushAt {
		return nil
	}
	return w.flush(f)
}

// closes reports whether item is the last of its session but for late findings.
func closes(item *wire.Item) bool {
	return item.Event != nil && item.Event.Kind == event.KindSessionClose
}

// flush writes what f has gathered, and ends it where it is full.
func (w *Writer) flush(f *file) error {
	if f.err != nil {
		return nil
	}
	before := f.size
	if w.dir == nil && f.over(w.options.Max) {
		return f.full(w.options.Max)
	}
	if err := f.flush(); err != nil {
		return err
	}
	if w.dir != nil {
		w.dir.spare -= f.size - before
		return w.dir.limit(f)
	}
	return nil
}

// arm sets the timer, if anything waits to be written.
func (w *Writer) arm() {
	if !w.armed {
		w.armed = true
		w.timer.Reset(flushEvery)
	}
}

// tick writes what has waited long enough.
func (w *Writer) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	if w.closed {
		return
	}
	if err := w.flushAll(); err != nil {
		w.failed = errors.Join(w.failed, err)
	}
}

// Flush writes everything that was recorded so far.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushAll()
}

func (w *Writer) flushAll() error {
	var errs []error
	for _, f := range w.files() {
		if f.err == nil && len(f.waiting) > 0 {
			f.room()
			f.probe()
		}
		errs = append(errs, w.flush(f))
	}
	return errors.Join(errs...)
}

func (w *Writer) files() []*file {
	if w.single != nil {
		return []*file{w.single}
	}
	return w.dir.all()
}

// Close writes what is left and closes every file. A recording that ended
// before is not reported again.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	errs := []error{w.failed, w.flushAll()}
	w.closed = true
	w.timer.Stop()
	if w.single != nil {
		w.single.f.Sync() // not a file a session: that would hold up everybody at each close
	}
	for _, f := range w.files() {
		ended := f.err != nil
		if err := f.close(); !ended {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
