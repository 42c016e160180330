package captures

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"mailtap/captures/pcapng"
)

// maxPacket is the longest packet of a classic pcap file that is believed:
// Wireshark's limit.
const maxPacket = 256 << 10

// scanPcap reads the classic format (draft-ietf-opsawg-pcap): a header, then
// packets that have nothing but a time and two lengths.
func scanPcap(src *source, fn func(p *pcapng.Packet, at place) error) error {
	var head [24]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return cutShort(err)
	}
	order, unit := pcapOrder(head[:4])
	link := uint16(order.Uint32(head[20:]) & 0x0fffffff) // the upper bits tell of frame check sequences
	at := place{offset: 24}
	buf := make([]byte, 0, 64<<10)
	for {
		var record [16]byte
		if _, err := io.ReadFull(src, record[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return cutShort(err)
		}
		captured, length := order.Uint32(record[8:]), order.Uint32(record[12:])
		if captured > maxPacket {
			return &pcapng.DamagedError{Offset: at.offset, What: fmt.Sprintf("a packet of %d octets", captured)}
		}
		if int(captured) > cap(buf) {
			buf = make([]byte, captured)
		}
		buf = buf[:captured]
		if _, err := io.ReadFull(src, buf); err != nil {
			return cutShort(err)
		}
		p := pcapng.Packet{Link: link, Data: buf, Length: int(max(captured, length)),
			Time: time.Unix(int64(order.Uint32(record[:])), int64(order.Uint32(record[4:]))*unit).UTC()}
		switch err := fn(&p, at); err {
		case nil:
		case errStop:
			return nil
		default:
			return err
		}
		at.offset += 16 + int64(captured)
	}
}

// pcapOrder tells a file's byte order and its unit of time from its magic.
func pcapOrder(magic []byte) (order binary.ByteOrder, unit int64) {
	order, unit = binary.LittleEndian, 1000
	if magic[0] == 0xa1 {
		order = binary.BigEndian
	}
	if order.Uint32(magic) == 0xa1b23c4d {
		unit = 1
	}
	return order, unit
}

// cutShort is ErrTruncated where the file ended too early.
func cutShort(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
