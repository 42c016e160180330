package captures

import (
	"fmt"
	"io"

	"mailtap/captures/pcapng"
	"mailtap/parse/wire"
)

// Stream records sessions to a writer that is no file: one pcapng section, as
// it grows. It is for one goroutine.
type Stream struct {
	*recorder
	w io.Writer
}

// NewStream begins to record to w. Of o, Max and PerSession mean nothing here.
func NewStream(w io.Writer, o Options) *Stream {
	s := &Stream{recorder: newRecorder(o), w: w}
	s.buf = pcapng.AppendSection(s.buf, "mailtap "+o.Version)
	s.buf = pcapng.AppendInterface(s.buf, pcapng.LinkRaw, "mailtap")
	return s
}

// Write records items in their order, and writes once much has gathered.
func (s *Stream) Write(batch []wire.Item) error {
	for i := range batch {
		s.record(&batch[i])
		if len(s.buf) < flushAt {
			continue
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// Flush writes what was recorded so far, in whole blocks.
func (s *Stream) Flush() error {
	s.probe()
	return s.flush()
}

func (s *Stream) flush() error {
	s.end(0, 0)
	if len(s.buf) == 0 {
		return nil
	}
	_, err := s.w.Write(s.buf)
	s.reset()
	if err != nil {
		return fmt.Errorf("writing the capture: %w", err)
	}
	return nil
}
