package pcapng

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/bits"
	"time"
)

// Scanner reads a file block by block, in memory that does not grow with it.
type Scanner struct {
	r      *bufio.Reader
	order  binary.ByteOrder
	offset int64 // behind the last whole block
	buf    []byte
	block  Block

	sections   int
	app        string
	interfaces []iface
}

// Block is one block of a file.
type Block struct {
	Type   uint32
	Offset int64  // of its first octet
	Body   []byte // between the two lengths, valid until the next block; nil where it is too long to be looked at
}

// Packet is what a block of one of the three packet types holds.
type Packet struct {
	Link    uint16
	Time    time.Time
	Data    []byte // as captured
	Length  int    // as it was on the wire; at least len(Data)
	options []byte
	order   binary.ByteOrder
}

type iface struct {
	link       uint16
	snap       uint32
	resolution byte
	offset     int64 // seconds
}

// maxInterfaces of one section are kept: a hostile file may have no end of them.
const maxInterfaces = 4096

// NewScanner reads from r, of which the first octet is the file's.
func NewScanner(r io.Reader) *Scanner {
	return &Scanner{r: bufio.NewReaderSize(r, 128<<10), order: binary.LittleEndian}
}

// Offset is where the last whole block ended: what a cut file is cut back to.
func (s *Scanner) Offset() int64 { return s.offset }

// Application is what the current section's header says of who wrote it.
func (s *Scanner) Application() string { return s.app }

// Sections is how many section headers were seen.
func (s *Scanner) Sections() int { return s.sections }

// Interfaces is how many the current section has so far.
func (s *Scanner) Interfaces() int { return len(s.interfaces) }

// Skip goes to another place of the file: r has what begins at offset there,
// which is the first octet of a block of the current section.
func (s *Scanner) Skip(r io.Reader, offset int64) {
	s.r.Reset(r)
	s.offset = offset
}

// Next is the next block: io.EOF at the end of a whole file, ErrTruncated
// where it ends inside a block, a *DamagedError where no block stands.
func (s *Scanner) Next() (*Block, error) {
	head, err := s.r.Peek(12)
	if len(head) < 12 {
		return nil, s.ending(len(head), err)
	}
	if s.order.Uint32(head) == SectionHeader {
		if err := s.setOrder(head[8:]); err != nil {
			return nil, err
		}
	} else if s.sections == 0 {
		return nil, s.damaged("no section header")
	}
	length := s.order.Uint32(head[4:])
	if length < 12 || length%4 != 0 {
		return nil, s.damaged(fmt.Sprintf("a block of %d octets", length))
	}
	s.block = Block{Type: s.order.Uint32(head), Offset: s.offset}
	if err := s.readBody(length); err != nil {
		return nil, err
	}
	s.offset += int64(length)
	s.note()
	return &s.block, nil
}

// ending words what Peek says where no block's head could be read.
func (s *Scanner) ending(left int, err error) error {
	switch {
	case left == 0 && err == io.EOF:
		return io.EOF
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrTruncated
	}
	return err
}

func (s *Scanner) damaged(what string) error { return &DamagedError{Offset: s.offset, What: what} }

func (s *Scanner) setOrder(magic []byte) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == byteOrderMagic:
		s.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == byteOrderMagic:
		s.order = binary.BigEndian
	default:
		return s.damaged("a section header without its byte-order magic")
	}
	return nil
}

// readBody reads the block of length octets that the reader stands before.
func (s *Scanner) readBody(length uint32) error {
	if length > maxBlock {
		return s.passOver(length)
	}
	if int(length) > cap(s.buf) {
		s.buf = make([]byte, max(int(length), 64<<10))
	}
	buf := s.buf[:length]
	if _, err := io.ReadFull(s.r, buf); err != nil {
		return s.ending(1, err)
	}
	if again := s.order.Uint32(buf[length-4:]); again != length {
		return s.damaged(fmt.Sprintf("the two lengths of a block differ: %d and %d", length, again))
	}
	s.block.Body = buf[8 : length-4]
	return nil
}

// passOver skips a block that is too long to be held.
func (s *Scanner) passOver(length uint32) error {
	if _, err := io.CopyN(io.Discard, s.r, int64(length)-4); err == io.EOF {
		return s.damaged(fmt.Sprintf("a block of %d octets, which the file does not have", length)) // hardly a cut one
	} else if err != nil {
		return s.ending(1, err)
	}
	var again [4]byte
	if _, err := io.ReadFull(s.r, again[:]); err != nil {
		return s.ending(1, err)
	}
	if s.order.Uint32(again[:]) != length {
		return s.damaged("the two lengths of a block differ")
	}
	return nil
}

// note keeps what later blocks refer to.
func (s *Scanner) note() {
	body := s.block.Body
	switch {
	case s.block.Type == SectionHeader:
		s.sections++
		s.app, s.interfaces = "", s.interfaces[:0]
		if len(body) >= 16 {
			s.app = string(find(body[16:], s.order, optionApplication))
		}
	case s.block.Type == InterfaceDescription && len(body) >= 8 && len(s.interfaces) < maxInterfaces:
		i := iface{link: s.order.Uint16(body), snap: s.order.Uint32(body[4:]), resolution: 6}
		if r := find(body[8:], s.order, optionResolution); len(r) > 0 {
			i.resolution = r[0]
		}
		if o := find(body[8:], s.order, optionOffset); len(o) >= 8 {
			i.offset = int64(s.order.Uint64(o))
		}
		s.interfaces = append(s.interfaces, i)
	}
}

// Packet is what block holds, and false where it is no packet or contradicts itself.
func (s *Scanner) Packet(block *Block) (p Packet, ok bool) {
	body := block.Body
	p.order = s.order
	switch {
	case block.Type == EnhancedPacket && len(body) >= 20:
		return p, s.packet(&p, int(s.order.Uint32(body)), body)
	case block.Type == OldPacket && len(body) >= 20:
		return p, s.packet(&p, int(s.order.Uint16(body)), body)
	case block.Type == SimplePacket && len(body) >= 4 && len(s.interfaces) > 0:
		i := s.interfaces[0]
		p.Link, p.Length, p.Data = i.link, int(s.order.Uint32(body)), body[4:]
		if i.snap > 0 {
			p.Data = p.Data[:min(len(p.Data), int(i.snap))]
		}
		p.Data = p.Data[:min(len(p.Data), p.Length)]
		return p, true
	}
	return p, false
}

// packet fills p from the body of an enhanced (or the old) packet block.
func (s *Scanner) packet(p *Packet, index int, body []byte) bool {
	if index >= len(s.interfaces) {
		return false
	}
	captured := int(s.order.Uint32(body[12:]))
	rest := body[20:]
	if captured > len(rest) {
		return false
	}
	i := s.interfaces[index]
	p.Link = i.link
	p.Time = i.time(uint64(s.order.Uint32(body[4:]))<<32 | uint64(s.order.Uint32(body[8:])))
	p.Data, p.Length = rest[:captured], max(captured, int(s.order.Uint32(body[16:])))
	p.options = rest[min(len(rest), captured+(-captured&3)):]
	return true
}

// time is a stamp in the interface's resolution: 10^-n, or 2^-n with the top bit.
func (i iface) time(stamp uint64) time.Time {
	n := uint(i.resolution & 0x7f)
	var seconds, part uint64 // part/unit of a second
	if i.resolution&0x80 != 0 {
		if n > 63 {
			return time.Time{}
		}
		unit := uint64(1) << n
		seconds, part = stamp>>n, stamp&(unit-1)
		hi, lo := bits.Mul64(part, 1e9)
		part, _ = bits.Div64(hi, lo, unit)
	} else {
		if n > 19 {
			return time.Time{}
		}
		unit := uint64(1)
		for range n {
			unit *= 10
		}
		seconds, part = stamp/unit, stamp%unit
		hi, lo := bits.Mul64(part, 1e9)
		part, _ = bits.Div64(hi, lo, unit)
	}
	return time.Unix(int64(seconds)+i.offset, int64(part)).UTC()
}

// tlsKeyLog is the type of TLS secrets in a Decryption Secrets Block.
const tlsKeyLog = 0x544c534b

// TLSKeys is the key log that block holds, or nil where it is no Decryption
// Secrets Block with TLS's.
func (s *Scanner) TLSKeys(block *Block) []byte {
	body := block.Body
	if block.Type != DecryptionSecrets || len(body) < 8 || s.order.Uint32(body) != tlsKeyLog {
		return nil
	}
	return body[8:min(uint64(len(body)), 8+uint64(s.order.Uint32(body[4:])))]
}

// Comments are the packet's comments, in order.
func (p *Packet) Comments() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for code, value := range options(p.options, p.order) {
			if code == optionComment && !yield(value) {
				return
			}
		}
	}
}

// options goes over a list of options as far as it holds together.
func options(list []byte, order binary.ByteOrder) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(list) >= 4 {
			code, length := order.Uint16(list), int(order.Uint16(list[2:]))
			list = list[4:]
			if code == optionEnd || length > len(list) || !yield(code, list[:length]) {
				return
			}
			list = list[min(len(list), length+(-length&3)):]
		}
	}
}

// find is the value of the first option with that code, or nil.
func find(list []byte, order binary.ByteOrder, want uint16) []byte {
	for code, value := range options(list, order) {
		if code == want {
			return value
		}
	}
	return nil
}
