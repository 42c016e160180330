// Package pcapng reads and writes the blocks of a pcapng file
// (draft-ietf-opsawg-pcapng). It knows nothing of what the packets hold.
//
// Pcapgo's NgWriter and NgReader were looked at first. The writer takes a
// buffer of its own for as long as a file is open, where a file a session
// means thousands of them; it copies each packet once more; and it writes a
// long comment's length modulo 64 KiB. The reader does not tell where the last
// whole block ended, which is what a file that was cut has to be cut back to.
//
// Package captures calls both halves; captures/tcp reads foreign files by it.
package pcapng

import (
	"errors"
	"fmt"
)

// The types of blocks that mailtap writes or looks into.
const (
	SectionHeader        = 0x0a0d0d0a
	InterfaceDescription = 1
	OldPacket            = 2
	SimplePacket         = 3
	EnhancedPacket       = 6
	DecryptionSecrets    = 10
)

// LinkRaw is LINKTYPE_RAW: packets begin with their IPv4 or IPv6 header.
const LinkRaw = 101

const (
	byteOrderMagic = 0x1a2b3c4d

	optionEnd         = 0
	optionComment     = 1
	optionOS          = 3
	optionApplication = 4
	optionName        = 2  // of an interface
	optionResolution  = 9  // of an interface
	optionOffset      = 14 // of an interface

	// maxBlock is the longest block that is read into memory; Wireshark's
	// limit. Longer ones are passed over.
	maxBlock = 16 << 20

	// MaxOption is the longest comment: its length has 16 bits.
	MaxOption = 65535
)

// ErrTruncated says that a file ends inside a block.
var ErrTruncated = errors.New("the file ends inside a block")

// DamagedError says that what stands at Offset is no block.
type DamagedError struct {
	Offset int64
	What   string
}

// Error is one line: where, and what is wrong.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("damaged at octet %d: %s", e.Offset, e.What)
}
