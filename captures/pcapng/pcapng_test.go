package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"
)

// block is one block in any byte order.
func block(order binary.ByteOrder, kind uint32, body []byte) []byte {
	length := uint32(len(body) + 12)
	b := make([]byte, 8, length)
	order.PutUint32(b, kind)
	order.PutUint32(b[4:], length)
	b = append(b, body...)
	var end [4]byte
	order.PutUint32(end[:], length)
	return append(b, end[:]...)
}

func words(order binary.ByteOrder, list ...uint32) (b []byte) {
	for _, w := range list {
		var word [4]byte
		order.PutUint32(word[:], w)
		b = append(b, word[:]...)
	}
	return b
}

// A section in either byte order, and time stamps in units that others use.
func TestOrdersAndUnits(t *testing.T) {
	want := time.Date(2026, 11, 23, 16, 39, 39, 500_000_000, time.UTC)
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, tt := range []struct {
			resolution byte
			stamp      uint64
		}{
			{6, uint64(want.UnixMicro())}, {9, uint64(want.UnixNano())}, {3, uint64(want.UnixMilli())},
			{0x80 | 10, uint64(want.Unix())<<10 | 512}, {0x80, uint64(want.Unix())},
		} {
			head := words(order, byteOrderMagic, 0, 0xffffffff, 0xffffffff)
			order.PutUint16(head[4:], 1)
			options := make([]byte, 8)
			order.PutUint16(options, optionResolution)
			order.PutUint16(options[2:], 1)
			options[4] = tt.resolution
			link := make([]byte, 8)
			order.PutUint16(link, 1)
			file := block(order, SectionHeader, head)
			file = append(file, block(order, InterfaceDescription, append(link, options...))...)
			file = append(file, block(order, 0x99, []byte("whatever"))...)
			file = append(file, block(order, EnhancedPacket, append(words(order, 0, uint32(tt.stamp>>32), uint32(tt.stamp), 3, 10), "abc\x00"...))...)
			file = append(file, block(order, EnhancedPacket, words(order, 0, 0, 0, 99, 99))...) // more than there is
			file = append(file, block(order, EnhancedPacket, words(order, 7, 0, 0, 0, 0))...)   // no such interface
			file = append(file, block(order, SimplePacket, append(words(order, 2), "xy\x00\x00"...))...)
			s := NewScanner(bytes.NewReader(file))
			var got []Packet
			for {
				b, err := s.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if p, ok := s.Packet(b); ok {
					got = append(got, p)
				}
			}
			if len(got) != 2 || got[0].Link != 1 || got[0].Length != 10 || got[1].Length != 2 {
				t.Fatalf("%v, resolution %#x: packets %+v", order, tt.resolution, got)
			}
			if w := want; !got[0].Time.Equal(w) && !(tt.resolution == 0x80 && got[0].Time.Equal(w.Truncate(time.Second))) {
				t.Errorf("%v, resolution %#x: time %v", order, tt.resolution, got[0].Time)
			}
			if s.Offset() != int64(len(file)) {
				t.Errorf("offset %d of %d", s.Offset(), len(file))
			}
		}
	}
}

// pcapgo reads what is written here.
func TestWrittenForPcapgo(t *testing.T) {
	at := time.Date(2026, 11, 23, 16, 39, 39, 123456789, time.UTC)
	b := AppendInterface(AppendSection(nil, "mailtap 1.0"), LinkRaw, "mailtap")
	for _, n := range []int{0, 1, 2, 3, 4, 1000} {
		start := len(b)
		b = append(BeginPacket(b, at), bytes.Repeat([]byte("x"), n)...)
		b = EndPacket(b, start, 7, []byte("one"), bytes.Repeat([]byte("y"), 70000))
		b = append(b[:0:0], b...)
	}
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	if app := r.SectionInfo().Application; app != "mailtap 1.0" {
		t.Errorf("application %q", app)
	}
	for _, n := range []int{0, 1, 2, 3, 4, 1000} {
		data, ci, options, err := r.ReadPacketDataWithOptions()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) != n || ci.Length != n+7 || !ci.Timestamp.Equal(at) || len(options.Comments) != 2 || len(options.Comments[1]) != MaxOption {
			t.Errorf("%d octets: %+v with %d comments", n, ci, len(options.Comments))
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// What is no block is said to be damaged, and where.
func TestDamaged(t *testing.T) {
	good := AppendSection(nil, "x")
	for _, tail := range [][]byte{
		words(binary.LittleEndian, EnhancedPacket, 4, 0),
		words(binary.LittleEndian, EnhancedPacket, 13, 0, 0),
		words(binary.LittleEndian, EnhancedPacket, 16, 0, 20),
		words(binary.LittleEndian, SectionHeader, 16, 0, 16),
		words(binary.LittleEndian, EnhancedPacket, 0xfffffff0, 0),
	} {
		s := NewScanner(bytes.NewReader(append(bytes.Clone(good), tail...)))
		_, err := s.Next()
		if err == nil {
			_, err = s.Next()
		}
		var damage *DamagedError
		if !errors.As(err, &damage) || damage.Offset != int64(len(good)) || s.Offset() != int64(len(good)) {
			t.Errorf("% x: %v", tail, err)
		}
	}
	if _, err := NewScanner(bytes.NewReader(words(binary.LittleEndian, EnhancedPacket, 12, 12))).Next(); err == nil {
		t.Error("a file without a section header was read")
	}
}
