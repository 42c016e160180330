package captures

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"

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

// progress counts what is read of a file.
type progress struct {
	io.Reader
	read, told, size int64
	tell             func(read, size int64)
}

// Read tells of every 4 MiB.
func (p *progress) Read(buf []byte) (int, error) {
	n, err := p.Reader.Read(buf)
	if p.read += int64(n); p.tell != nil && (p.read-p.told >= 4<<20 || err == io.EOF) {
		p.told = p.read
		p.tell(p.read, p.size)
	}
	return n, err
}

// from is what stands in the file from an offset on.
func (r *Reader) from(offset int64) io.Reader {
	p := &progress{Reader: r.f, read: offset, told: offset, size: r.size, tell: r.Progress}
	if r.seekable {
		p.Reader = io.NewSectionReader(r.f, offset, math.MaxInt64-offset)
	}
	return p
}

// open begins to read the file once more.
func (r *Reader) open() (*source, error) {
	if r.used && !r.seekable {
		return nil, errors.New("it is a pipe, and can be read only once")
	}
	r.used = true
	s := &source{Reader: bufio.NewReaderSize(r.from(0), 64<<10), done: func() {}}
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
	s.Reader, s.packed, s.done = bufio.NewReaderSize(lastWords{z}, 64<<10), true, z.Close
	return nil
}

// lastWords reads what the decoder has behind its first error: of a cut frame
// it reports the cut before it gives what it could unpack.
type lastWords struct{ *zstd.Decoder }

func (l lastWords) Read(buf []byte) (int, error) {
	n, err := l.Decoder.Read(buf)
	if n == 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		n, err = l.Decoder.Read(buf)
	}
	return n, err
}
