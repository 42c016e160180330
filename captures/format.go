package captures

import "bytes"

// format is what a file is by its first four octets.
type format uint8

const (
	formatNone format = iota
	formatPcapng
	formatPcap // with its four magic numbers
	formatGzip
	formatZstd
)

// sniff tells the format of a file from its first octets.
func sniff(magic []byte) format {
	switch {
	case bytes.Equal(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a}):
		return formatPcapng
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return formatGzip
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return formatZstd
	case bytes.Equal(magic, []byte{0xd4, 0xc3, 0xb2, 0xa1}), bytes.Equal(magic, []byte{0xa1, 0xb2, 0xc3, 0xd4}),
		bytes.Equal(magic, []byte{0x4d, 0x3c, 0xb2, 0xa1}), bytes.Equal(magic, []byte{0xa1, 0xb2, 0x3c, 0x4d}):
		return formatPcap
	}
	return formatNone
}
