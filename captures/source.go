package captures

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// source is a capture's octets from their beginning, unpacked.
type source struct {
	*bufio.Reader
	format format // formatPcapng, formatPcap, or neither
	packed bool
	done   func()
}

// maxWindow bounds what a hostile zstd file makes us hold.
const maxWindow = 64 << 20

// open begins to read the file once more.
func (r *Reader) open() (*source, error) {
	if r.seekable {
		if _, err := r.f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	} else if r.used {
		return nil, errors.New("it is a pipe, and can be read only once")
	}
	r.used = true
	s := &source{Reader: bufio.NewReaderSize(r.f, 64<<10), done: func() {}}
	for range 2 { // packed at most once, and a packed file in a packed file is no capture
		magic, err := s.Peek(4)
		if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		s.format = sniff(magic)
		switch {
		case s.packed:
			return s, nil
		case s.format == formatGzip:
			err = s.gzip()
		case s.format == formatZstd:
			err = s.zstd()
		default:
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unpacking: %w", err)
		}
	}
	return s, nil
}

func (s *source) gzip() error {
	z, err := gzip.NewReader(s.Reader)
	if err != nil {
		return err
	}
	s.Reader, s.packed = bufio.NewReaderSize(z, 64<<10), true
	return nil
}

func (s *source) zstd() error {
	z, err := zstd.NewReader(s.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	s.Reader, s.packed, s.done = bufio.NewReaderSize(z, 64<<10), true, z.Close
	return nil
}

// regular reports whether f can be read again from its beginning.
func regular(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}
