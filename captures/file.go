package captures

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"mailtap/captures/pcapng"
)

// file is one capture file that is appended to, and what is not written yet.
type file struct {
	*recorder
	path    string
	f       *os.File
	size    int64 // of what is written: whole blocks only
	reserve int64 // up to where space is preallocated
	cut     int64 // octets of a broken block that were cut off its end
	err     error // why the recording ended; sticky
}

// buffers holds the space of files that have nothing to write just now:
// thousands of them may be open.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// flushAt is how much is gathered before it is written.
const flushAt = 256 << 10

// createFile opens path for appending: a new file, or one that is continued.
func createFile(path string, o Options) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("recording to %s: %w; make its directory first", path, cause(err))
	}
	if err != nil {
		return nil, fmt.Errorf("recording to %s: %w", path, cause(err))
	}
	c := &file{recorder: newRecorder(o), path: path, f: f}
	if err := c.start(o); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "recording to", Path: path, Err: err}
	}
	return c, nil
}

// start takes the lock, looks at what is there, and writes a section's head.
func (c *file) start(o Options) error {
	info, err := c.f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if err := lock(c.f); err != nil {
		return err
	}
	if err := c.keep(); err != nil {
		return err
	}
	if info.Mode().Perm() != 0o600 {
		if err := c.f.Chmod(0o600); err != nil {
			return err
		}
	}
	if o.Max > 0 && o.Max-c.size < min(maxSegment, o.Max/2) && !o.PerSession { // hardly a segment would fit
		return fmt.Errorf("it has %d octets already, and the limit is %d: %w", c.size, o.Max, ErrFull)
	}
	c.buf = pcapng.AppendSection(c.buf, "mailtap "+o.Version)
	c.buf = pcapng.AppendInterface(c.buf, pcapng.LinkRaw, "mailtap")
	return c.flush()
}

// keep finds the end of the last whole block, and cuts off what follows it.
func (c *file) keep() error {
	whole, size, err := lastWhole(c.f)
	if err != nil {
		return err
	}
	c.size, c.reserve = whole, whole
	if whole == size {
		return nil
	}
	c.cut = size - whole
	return c.f.Truncate(whole)
}

// lastWhole is the end of f's last whole block, and f's size. What is damaged
// rather than cut is not touched, unless nothing but zeros follows: that is
// what a crash of the machine leaves.
func lastWhole(f *os.File) (whole, size int64, err error) {
	if size, err = f.Seek(0, io.SeekEnd); err != nil || size == 0 {
		return 0, size, err
	}
	var magic [4]byte
	n, err := f.ReadAt(magic[:], 0)
	if err != nil && err != io.EOF {
		return 0, size, err
	}
	switch format := sniff(magic[:n]); format {
	case formatPcapng:
	case formatGzip, formatZstd:
		return 0, size, ErrCompressed
	default:
		return 0, size, ErrNotPcapng
	}
	s := pcapng.NewScanner(io.NewSectionReader(f, 0, size))
	for err == nil {
		_, err = s.Next()
	}
	var damage *pcapng.DamagedError
	switch {
	case err == io.EOF, errors.Is(err, pcapng.ErrTruncated):
		return s.Offset(), size, nil
	case errors.As(err, &damage) && damage.Offset == 0:
		return 0, size, ErrNotPcapng
	case errors.As(err, &damage) && zeros(io.NewSectionReader(f, damage.Offset, size-damage.Offset)):
		return damage.Offset, size, nil
	}
	return 0, size, err
}

// zeros reports whether r holds nothing else.
func zeros(r io.Reader) bool {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if len(bytes.TrimLeft(buf[:n], "\x00")) > 0 {
			return false
		}
		if err != nil {
			return err == io.EOF
		}
	}
}

// pending is how many octets wait to be written.
func (c *file) pending() int { return len(c.buf) }

// room gives the file space to gather blocks in, if it has none.
func (c *file) room() {
	if c.buf == nil {
		c.buf = (*buffers.Get().(*[]byte))[:0]
	}
}

// flush writes what was gathered, in whole blocks.
func (c *file) flush() error {
	if c.err != nil {
		return c.err
	}
	c.end(0, 0)
	if len(c.buf) == 0 {
		return nil
	}
	c.preallocate(int64(len(c.buf)))
	n, err := c.f.WriteAt(c.buf, c.size)
	if err != nil {
		c.err = fmt.Errorf("recording to %s: %w", c.path, cause(err))
		if n > 0 {
			c.f.Truncate(c.size) // best effort: a reader copes with half a block
		}
		return c.err
	}
	c.size += int64(len(c.buf))
	c.reset()
	if cap(c.buf) <= 2*flushAt {
		buf := c.buf
		buffers.Put(&buf)
	}
	c.buf = nil
	return nil
}

// cause is the error below a PathError, since the path is said already.
func cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// preallocate asks for space ahead of the file's end: a growing file costs the
// kernel more than the parsing costs us. Small files ask for none.
func (c *file) preallocate(n int64) {
	const ahead = 16 << 20
	if c.size+n < 1<<20 || c.size+n <= c.reserve {
		return
	}
	c.reserve = c.size + n + ahead
	allocate(c.f, c.size, c.reserve-c.size)
}

// close writes what is left, gives unused space back, and closes the file.
func (c *file) close() error {
	err := c.flush()
	if c.reserve > c.size {
		c.f.Truncate(c.size) // frees what was preallocated behind the end
	}
	if e := c.f.Close(); err == nil && e != nil {
		err = fmt.Errorf("recording to %s: %w", c.path, cause(e))
	}
	return err
}
