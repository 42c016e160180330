package captures

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mailtap/captures/pcapng"
	"mailtap/captures/tcp"
	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Reader reads a capture, as often as it is asked to, in memory that does not
// grow with the capture's size.
type Reader struct {
	// ShowSecrets leaves credentials readable, where the capture has them.
	ShowSecrets bool

	// Progress is told now and then how much of the file was read, in octets.
	// The size of a pipe is 0.
	Progress func(read, size int64)

	// Found is told by Sessions of each session when it begins and when it has
	// closed, or at the end of the capture. What it gets changes later.
	Found func(*Session)

	// KeyLog has TLS secrets that sessions of others may be read with, by
	// others; nil is none.
	KeyLog *KeyLog

	path     string
	session  string // the only one that was asked for, or ""
	f        *os.File
	size     int64
	seekable bool
	packed   bool
	format   format
	used     bool
	index    map[string]*Session // what Sessions found
	listed   []string
	shared   bool    // the file is another Reader's
	rawlog   *rawlog // the pair of files that it is; nil for a capture
	mail     bool    // a session was found
	passed   tcp.Passed
	newParse func(event.Proto, wire.Options) wire.Session
}

// Open opens CAPTURE or CAPTURE#SESSION. The error is one line for people.
func Open(name string) (*Reader, error) {
	path, session := ParseName(name)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading capture %s: %w", path, cause(err))
	}
	r := &Reader{path: path, session: session, f: f, newParse: parse.New}
	if r.rawlog, err = openRawlog(path); err == nil && r.rawlog == nil {
		err = r.check()
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading capture %s: %w", path, err)
	}
	return r, nil
}

// check says at once that a file is none that Walk could read.
func (r *Reader) check() error {
	info, err := r.f.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory; name the captures in it")
	case !info.Mode().IsRegular():
		return nil
	}
	r.seekable, r.size = true, info.Size()
	src, err := r.open()
	if err != nil {
		return err
	}
	defer src.done()
	r.packed, r.format = src.packed, src.format
	return src.known()
}

// known is nil for a format that can be read.
func (s *source) known() error {
	switch s.format {
	case formatPcapng, formatPcap:
		return nil
	}
	magic, err := s.Peek(4)
	switch {
	case len(magic) == 0 && err == io.EOF:
		return errors.New("it is empty")
	case len(magic) < 4 && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)):
		return ErrTruncated
	case err != nil:
		return err
	}
	return errors.New("it is neither pcapng nor pcap, nor one of them packed with gzip or zstd")
}

// Path is the capture's, without the session.
func (r *Reader) Path() string { return r.path }

// Session is the one that was asked for, or "".
func (r *Reader) Session() string { return r.session }

// Size is the file's in octets, and whether that is the size of something
// packed; 0 for a pipe.
func (r *Reader) Size() (octets int64, packed bool) { return r.size, r.packed }

// Again is a Reader of the same file with the same index, for use at the same
// time as r and until r is closed. A pipe has none: it can be read only once.
func (r *Reader) Again() *Reader {
	return &Reader{ShowSecrets: r.ShowSecrets, KeyLog: r.KeyLog, path: r.path, session: r.session, f: r.f, size: r.size, seekable: r.seekable,
		packed: r.packed, format: r.format, used: r.used, index: r.index, listed: r.listed, rawlog: r.rawlog, shared: true, newParse: r.newParse}
}

// Listed are the sessions that Sessions found.
func (r *Reader) Listed() []string { return r.listed }

// Close ends the reading.
func (r *Reader) Close() error {
	if r.shared {
		return nil
	}
	return r.f.Close()
}

// Walk hands fn the record of every session (or of the one that was asked
// for) in the order of the file: octets, masked, and events as the live
// session had them. Octets.Data is valid until fn returns. An error of fn ends
// the walk and is returned as it is; a capture that was cut gives everything
// up to its last whole block, and then an error that is ErrTruncated.
func (r *Reader) Walk(fn func(wire.Item) error) error { return r.WalkSession(r.session, fn) }

// WalkSession is Walk for one session ("" for all). After Sessions it reads no
// more of an unpacked pcapng file than the part where the session is.
func (r *Reader) WalkSession(id string, fn func(wire.Item) error) error {
	if r.rawlog != nil {
		return r.rawlog.walk(r, id, fn)
	}
	w := newWalk(r, id, fn)
	err := r.scan(r.index[id], w.packet)
	w.close()
	r.mail, r.passed = r.mail || w.found, w.others.Passed()
	if w.failure != nil {
		return w.failure
	}
	if err == nil && id != "" && !w.found {
		err = fmt.Errorf("it has no session %q", id)
	}
	if err != nil {
		return fmt.Errorf("reading capture %s: %w", r.path, err)
	}
	return nil
}

// NoMail says, behind a walk, why it has shown nothing: the capture has no
// session. "" is that it has one.
func (r *Reader) NoMail() string {
	if r.mail || r.rawlog != nil {
		return ""
	}
	text := "it has no IMAP or POP3 session in the clear"
	p := r.passed
	if other := p.Connections - p.TLS; other > 0 {
		text += fmt.Sprintf("; %s of another protocol", connections(other))
	}
	if p.Unread > 0 {
		text += fmt.Sprintf("; %d of its packets are on a link of type %d, which mailtap does not read", p.Unread, p.Link)
	}
	if p.TLS > 0 {
		text += fmt.Sprintf("; %s inside TLS (to %s), which may be mail and cannot be read: record with mailtap proxy, or decrypt with the client's SSLKEYLOGFILE in Wireshark",
			connections(p.TLS), wire.Escape([]byte(strings.Join(p.Servers, ", "))))
	}
	return text
}

func connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}

// errStop ends a scan early, and is no error.
var errStop = errors.New("enough")

// place is where a packet stands in its file.
type place struct {
	offset  int64 // of its block
	section int64 // of its section's header
	keys    keys  // that stand in the file before it
	seek    bool  // what stands before the section's first packet is all that is needed to begin here
}

// scan hands each packet of the file to fn, or where only one session is
// wanted those from its first to its last one.
func (r *Reader) scan(only *Session, fn func(p *pcapng.Packet, at place) error) error {
	if only != nil && only.first > 0 {
		return r.scanPart(only, fn)
	}
	src, err := r.open()
	if err != nil {
		return err
	}
	defer src.done()
	if err := src.known(); err != nil {
		return err
	}
	if src.format == formatPcap {
		return scanPcap(src, fn)
	}
	return scanPcapng(pcapng.NewScanner(src), fn)
}

// scanPart reads the head of the section where the session begins, and then
// what stands between its first and its last packet.
func (r *Reader) scanPart(only *Session, fn func(p *pcapng.Packet, at place) error) error {
	s := pcapng.NewScanner(r.from(only.section))
	return scanPcapng(s, func(p *pcapng.Packet, at place) error {
		at.offset += only.section
		switch {
		case at.offset < only.first:
			s.Skip(r.from(only.first), only.first-only.section)
			return nil
		case at.offset > only.last:
			return errStop
		}
		return fn(p, at)
	})
}

func scanPcapng(s *pcapng.Scanner, fn func(p *pcapng.Packet, at place) error) error {
	var at place
	before := -1 // interfaces, at the section's first packet
	for {
		block, err := s.Next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, pcapng.ErrTruncated):
			return ErrTruncated
		case err != nil:
			return err
		}
		at.offset = block.Offset
		if block.Type == pcapng.SectionHeader {
			at.section, before = block.Offset, -1
			continue
		}
		if secrets := s.TLSKeys(block); secrets != nil {
			if at.keys == nil {
				at.keys = keys{}
			}
			at.keys.read(bytes.NewReader(secrets))
			continue
		}
		p, ok := s.Packet(block)
		if !ok {
			continue
		}
		if before < 0 {
			before = s.Interfaces()
		}
		at.seek = s.Interfaces() == before
		switch err := fn(&p, at); err {
		case nil:
		case errStop:
			return nil
		default:
			return err
		}
	}
}
