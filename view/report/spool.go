package report

import (
	"io"
	"os"
)

// spool is the temporary file in which rendered lines wait.
type spool struct {
	f       *os.File
	size    int64
	waiting int // octets that sessions hold
}

// chunk is where lines of a session wait.
type chunk struct{ off, len int64 }

const (
	flushAt  = 16 << 10 // a session's lines
	flushAll = 16 << 20 // those of all sessions
)

// newSpool makes the file, for nobody but the user to read.
func newSpool(folder string) (*spool, error) {
	f, err := os.CreateTemp(folder, "mailtap-report-*")
	if err != nil {
		return nil, err
	}
	return &spool{f: f}, nil
}

func (s *spool) close() error {
	err := s.f.Close()
	if gone := os.Remove(s.f.Name()); err == nil {
		err = gone
	}
	return err
}

// add is what was rendered of s.
func (w *Writer) add(s *session, rendered []byte) {
	s.pending = append(s.pending, rendered...)
	w.spool.waiting += len(rendered)
	if len(s.pending) >= flushAt {
		w.flush(s)
	}
	if w.spool.waiting >= flushAll {
		for _, s := range w.order {
			w.flush(s)
		}
	}
}

// flush puts what is pending of s into the file.
func (w *Writer) flush(s *session) {
	if len(s.pending) == 0 || w.err != nil {
		return
	}
	_, w.err = w.spool.f.Write(s.pending)
	n := int64(len(s.pending))
	if last := len(s.chunks) - 1; last >= 0 && s.chunks[last].off+s.chunks[last].len == w.spool.size {
		s.chunks[last].len += n
	} else {
		s.chunks = append(s.chunks, chunk{w.spool.size, n})
	}
	w.spool.size += n
	w.spool.waiting -= len(s.pending)
	s.pending = nil
}

// copy writes the lines of s to out.
func (w *Writer) copy(out io.Writer, s *session) error {
	for _, c := range s.chunks {
		if _, err := io.Copy(out, io.NewSectionReader(w.spool.f, c.off, c.len)); err != nil {
			return err
		}
	}
	return nil
}
