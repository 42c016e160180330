package export

import (
	"errors"
	"io"
	"os"
)

// spool is the temporary file in which message text waits until it is known
// what it belongs to. It is empty again whenever nothing waits.
type spool struct {
	f     *os.File
	end   int64
	texts int // that wait
}

// newSpool makes the file, for nobody but the user to read.
func newSpool(folder string) (*spool, error) {
	f, err := os.CreateTemp(folder, ".mailtap-export-*")
	if err != nil {
		return nil, err
	}
	return &spool{f: f}, nil
}

func (s *spool) close() error {
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}

// text is a row of octets in the spool.
type text struct {
	spool  *spool
	pieces []extent
	size   int64
	cut    int64 // octets of it that the recording left out
	lost   int64 // octets of it that the recording lacks: POP3, where no size tells

	announced int64 // as how many octets it was announced, as a literal; -1: not known
}

// missing is how many of the announced octets never came.
func (t *text) missing() int64 { return max(0, t.announced-t.size) }

type extent struct{ off, len int64 }

func (s *spool) newText() *text {
	s.texts++
	return &text{spool: s, announced: -1}
}

// add appends octets.
func (t *text) add(data []byte) error {
	s := t.spool
	if _, err := s.f.WriteAt(data, s.end); err != nil {
		return err
	}
	n := int64(len(data))
	if last := len(t.pieces) - 1; last >= 0 && t.pieces[last].off+t.pieces[last].len == s.end {
		t.pieces[last].len += n
	} else {
		t.pieces = append(t.pieces, extent{s.end, n})
	}
	s.end += n
	t.size += n
	return nil
}

// append takes what other has from an offset on; other is not to be used again.
func (t *text) append(other *text, from int64) {
	t.cut += other.cut
	for _, p := range other.pieces {
		skip := min(from, p.len)
		from -= skip
		if p.off, p.len = p.off+skip, p.len-skip; p.len > 0 {
			t.pieces = append(t.pieces, p)
			t.size += p.len
		}
	}
	t.spool.texts--
}

// drop forgets the text.
func (t *text) drop() {
	if t == nil {
		return
	}
	s := t.spool
	if s.texts--; s.texts == 0 {
		s.end = 0
	}
}

// reader reads the text from its beginning.
func (t *text) reader() io.Reader {
	parts := make([]io.Reader, len(t.pieces))
	for i, p := range t.pieces {
		parts[i] = io.NewSectionReader(t.spool.f, p.off, p.len)
	}
	return io.MultiReader(parts...)
}

// head is the first octets of the text.
func (t *text) head(n int) ([]byte, error) {
	return io.ReadAll(io.LimitReader(t.reader(), int64(n)))
}
