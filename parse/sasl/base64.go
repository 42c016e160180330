package sasl

import (
	"encoding/base64"
	"fmt"
)

// decode reads a line of base64 (RFC 4648 §4). What it can read in spite of a
// fault it gives with the fault; nil is what nobody can read. The fault names
// offsets, never octets: a line that is not base64 may be a password.
func decode(line []byte) (msg []byte, fault string) {
	data := line
	for len(data) > 0 && data[len(data)-1] == '=' {
		data = data[:len(data)-1]
	}
	for i, c := range data {
		if !isBase64(c) {
			return nil, fmt.Sprintf("in base64: octet at offset %d is none of its alphabet", i)
		}
	}
	if len(data)%4 == 1 {
		return nil, fmt.Sprintf("in base64: %d characters cannot stand for whole octets", len(data))
	}
	want := (4 - len(data)%4) % 4
	if got := len(line) - len(data); got != want {
		fault = fmt.Sprintf("in base64: expected %s, got %d", count(want, "padding character"), got)
	}
	msg = make([]byte, base64.RawStdEncoding.DecodedLen(len(data)))
	n, err := base64.RawStdEncoding.Decode(msg, data)
	if err != nil {
		return nil, "in base64: it cannot be decoded"
	}
	return msg[:n], fault
}

func isBase64(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}
