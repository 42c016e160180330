// Package export writes what a capture holds in other forms.
//
// Each form takes the items of captures.Reader.Walk (or of any other Source)
// and needs memory for one item at a time. Files are made with mode 0600.
package export

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Source hands out the record of sessions: captures.Reader does.
type Source interface {
	Walk(fn func(wire.Item) error) error
}

// RawResult is what Raw wrote.
type RawResult struct {
	Files    []string
	Sessions int
	Missing  int64 // octets that the recording left out: stand-ins are in their place
}

// Raw writes both directions of the client's leg, octet for octet, to
// PATH.client and PATH.server. Where the source has several sessions each has
// its own, PATH.SESSION.client and so on. What was written before an error
// (such as captures.ErrTruncated) stays, and is told.
func Raw(source Source, path string) (RawResult, error) {
	return directions(source, &raw{path: path, ends: [2]string{".client", ".server"}})
}

// Rawlog writes both directions as Dovecot's rawlog does: PATH.in and PATH.out,
// each line behind the time at which it began. Sessions are told apart as by Raw.
func Rawlog(source Source, path string) (RawResult, error) {
	return directions(source, &raw{path: path, ends: [2]string{".in", ".out"}, stamped: true})
}

// directions runs one export.
func directions(source Source, r *raw) (RawResult, error) {
	if err := r.folder(); err != nil {
		return r.result, err
	}
	r.sessions = map[string]*streams{}
	err := source.Walk(r.item)
	err = errors.Join(err, r.close())
	if len(r.order) == 0 && err == nil {
		err = errors.New("the capture has no session to export")
	}
	for _, s := range r.order {
		r.result.Files = append(r.result.Files, s.name+r.ends[0], s.name+r.ends[1])
	}
	r.result.Sessions = len(r.order)
	return r.result, err
}

// raw is one export under way.
type raw struct {
	path     string
	ends     [2]string // of the files' names
	stamped  bool      // lines begin with their time
	sessions map[string]*streams
	order    []*streams
	open     []*streams // whose files are open, the oldest first
	result   RawResult
}

// streams are the two files of one session.
type streams struct {
	name    string
	files   [2]*os.File
	writers [2]*bufio.Writer
	begun   bool
	inLine  [2]bool // a line goes on
}

// folder makes the directory that a PATH with a slash at its end names, and
// puts files into it whose names are none's beginning: raw.client.
func (r *raw) folder() error {
	if !os.IsPathSeparator(r.path[max(0, len(r.path)-1)]) {
		return nil
	}
	r.path += "session"
	return os.MkdirAll(filepath.Dir(r.path), 0o700)
}

// maxFiles is how many sessions have their files open at once.
const maxFiles = 64

func (r *raw) item(item wire.Item) error {
	s := r.sessions[item.Session]
	if s == nil && (item.Octets != nil || item.Event.Kind == event.KindSessionOpen) {
		var err error
		if s, err = r.add(item.Session); err != nil {
			return err
		}
	}
	if item.Octets == nil || len(item.Octets.Data) == 0 {
		return nil
	}
	o := item.Octets
	if o.Cut {
		r.result.Missing += int64(len(o.Data))
	}
	if err := r.ready(s); err != nil {
		return err
	}
	d := 0
	if o.Side == event.SideServer {
		d = 1
	}
	if !r.stamped {
		_, err := s.writers[d].Write(o.Data)
		return err
	}
	for line := range bytes.Lines(o.Data) {
		if !s.inLine[d] {
			fmt.Fprintf(s.writers[d], "%d.%06d ", o.Time.Unix(), o.Time.Nanosecond()/1000)
		}
		s.inLine[d] = line[len(line)-1] != '\n'
		if _, err := s.writers[d].Write(line); err != nil {
			return err
		}
	}
	return nil
}

// add begins a session. The second one shows that the first needs a name too.
func (r *raw) add(id string) (*streams, error) {
	s := &streams{name: r.path}
	if len(r.order) == 1 {
		if err := r.rename(); err != nil {
			return nil, err
		}
	}
	if len(r.order) > 0 {
		s.name = r.path + "." + id
	}
	r.sessions[id] = s
	r.order = append(r.order, s)
	return s, r.ready(s)
}

// rename gives the first session its name.
func (r *raw) rename() error {
	for id, s := range r.sessions {
		old := s.name
		s.name = r.path + "." + id
		for _, end := range r.ends {
			if err := os.Rename(old+end, s.name+end); err != nil {
				return err
			}
		}
	}
	return nil
}

// ready opens the files of s.
func (r *raw) ready(s *streams) error {
	if s.files[0] != nil {
		return nil
	}
	if len(r.open) >= maxFiles {
		oldest := r.open[0]
		r.open = r.open[1:]
		if err := oldest.close(); err != nil {
			return err
		}
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if s.begun {
		mode = os.O_WRONLY | os.O_APPEND
	}
	s.begun = true
	for d := range s.files {
		f, err := os.OpenFile(s.name+r.ends[d], mode, 0o600)
		if err != nil {
			return fmt.Errorf("exporting: %w", err)
		}
		if err := f.Chmod(0o600); err != nil { // it may have been there, for all to read
			return fmt.Errorf("exporting: %w", err)
		}
		s.files[d], s.writers[d] = f, bufio.NewWriterSize(f, 64<<10)
	}
	r.open = append(r.open, s)
	return nil
}

func (r *raw) close() error {
	var errs []error
	for _, s := range r.open {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

func (s *streams) close() error {
	var errs []error
	for d, f := range s.files {
		if f != nil {
			errs = append(errs, s.writers[d].Flush(), f.Close())
		}
		s.files[d], s.writers[d] = nil, nil
	}
	return errors.Join(errs...)
}
