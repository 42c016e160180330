package pcapng

import (
	"encoding/binary"
	"runtime"
	"time"
)

var little = binary.LittleEndian

// AppendSection appends a section header: application is who wrote it.
func AppendSection(dst []byte, application string) []byte {
	start := len(dst)
	dst = begin(dst, SectionHeader)
	dst = little.AppendUint32(dst, byteOrderMagic)
	dst = little.AppendUint16(dst, 1) // version 1.0
	dst = little.AppendUint16(dst, 0)
	dst = little.AppendUint64(dst, ^uint64(0)) // the section's length is not said
	dst = appendOption(dst, optionOS, []byte(runtime.GOOS))
	dst = appendOption(dst, optionApplication, []byte(application))
	dst = little.AppendUint32(dst, optionEnd)
	return finish(dst, start)
}

// AppendInterface appends an interface with time stamps in nanoseconds and no
// limit on the length of packets.
func AppendInterface(dst []byte, link uint16, name string) []byte {
	start := len(dst)
	dst = begin(dst, InterfaceDescription)
	dst = little.AppendUint16(dst, link)
	dst = little.AppendUint16(dst, 0)
	dst = little.AppendUint32(dst, 0)
	dst = appendOption(dst, optionName, []byte(name))
	dst = appendOption(dst, optionResolution, []byte{9})
	dst = little.AppendUint32(dst, optionEnd)
	return finish(dst, start)
}

// PacketHeader is how many octets BeginPacket appends.
const PacketHeader = 28

// BeginPacket appends the head of an enhanced packet of the section's first
// interface; the caller appends the packet itself and calls EndPacket.
func BeginPacket(dst []byte, t time.Time) []byte {
	ns := uint64(t.UnixNano())
	dst = begin(dst, EnhancedPacket)
	dst = little.AppendUint32(dst, 0)
	dst = little.AppendUint32(dst, uint32(ns>>32))
	dst = little.AppendUint32(dst, uint32(ns))
	return little.AppendUint64(dst, 0) // the lengths, when they are known
}

// EndPacket ends the packet that was begun at dst[start]. omitted is how many
// octets of the original packet are left out at its end. A comment longer than
// MaxOption is cut.
func EndPacket(dst []byte, start, omitted int, comments ...[]byte) []byte {
	captured := len(dst) - start - PacketHeader
	little.PutUint32(dst[start+20:], uint32(captured))
	little.PutUint32(dst[start+24:], uint32(captured+omitted))
	dst = pad(dst, captured)
	for _, c := range comments {
		dst = appendOption(dst, optionComment, c[:min(len(c), MaxOption)])
	}
	if len(comments) > 0 {
		dst = little.AppendUint32(dst, optionEnd)
	}
	return finish(dst, start)
}

func begin(dst []byte, kind uint32) []byte {
	dst = little.AppendUint32(dst, kind)
	return little.AppendUint32(dst, 0)
}

func finish(dst []byte, start int) []byte {
	length := uint32(len(dst) - start + 4)
	little.PutUint32(dst[start+4:], length)
	return little.AppendUint32(dst, length)
}

func appendOption(dst []byte, code uint16, value []byte) []byte {
	dst = little.AppendUint16(dst, code)
	dst = little.AppendUint16(dst, uint16(len(value)))
	return pad(append(dst, value...), len(value))
}

// pad appends what n octets lack to a multiple of four.
func pad(dst []byte, n int) []byte {
	return append(dst, "\x00\x00\x00"[:-n&3]...)
}
