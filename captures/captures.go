// Package captures keeps sessions on record as pcapng files, and reads them
// back: CONTRACT section 4.
//
// A capture holds the octets of the client's leg as TCP segments that any
// other tool can read, and in packet comments what only mailtap knows. The
// Reader feeds both to parse's sessions, in the order of the file, and out
// come the events that the live session had, under the same numbers.
//
//	wire.Item -> Writer -> recorder (sessions to packets) -> blocks -> file
//	file -> pcapng.Scanner -> Reader (packets to sessions) -> wire.Item
//
// The package opens no socket and prints nothing. The command plugs the
// Writer in behind the proxy's queue, and the Reader behind the viewer and
// every command that takes a CAPTURE.
package captures

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Text is how much of the messages' text is recorded (--record-text).
type Text uint8

// The amounts. What is not recorded still has its length in the capture.
const (
	TextAll Text = iota
	TextHeaders
	TextNone
)

// ParseText takes all, headers or none.
func ParseText(text string) (Text, error) {
	switch text {
	case "all":
		return TextAll, nil
	case "headers":
		return TextHeaders, nil
	case "none":
		return TextNone, nil
	}
	return TextAll, fmt.Errorf("%q is not an amount of text to record: all, headers or none", text)
}

// Options say how to record.
type Options struct {
	Version     string // of mailtap: the section's application is "mailtap VERSION"
	Text        Text
	Max         int64 // octets, 0 without limit: of the file, or of all files of the directory
	PerSession  bool  // the path is a directory, with a file a session
	ShowSecrets bool  // the octets are not masked, and the capture says so
}

// PerSession reports whether path asks for a directory with a file a session:
// it is one, or ends in a slash.
func PerSession(path string) bool {
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(os.PathSeparator)) {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

var (
	// ErrTruncated says that a capture was cut: everything up to its last whole
	// block was read. It is a warning, not a failure.
	ErrTruncated = errors.New("the capture was cut; it was read up to its last whole block")

	// ErrFull says that a recording ended since it reached its size limit.
	ErrFull = errors.New("the recording reached its size limit and ended")

	// ErrBusy says that another process writes the file.
	ErrBusy = errors.New("it is being written by another process; choose another name")

	// ErrNotPcapng says that an existing file cannot be continued.
	ErrNotPcapng = errors.New("the file exists and is no pcapng capture, so it cannot be continued; choose another name")

	// ErrCompressed says that an existing file is compressed.
	ErrCompressed = errors.New("the file exists and is compressed, so it cannot be continued; unpack it first, or choose another name")
)

// ParseName splits CAPTURE#SESSION. A file that really has such a name comes first.
func ParseName(name string) (path, session string) {
	i := strings.LastIndexByte(name, '#')
	if i < 0 {
		return name, ""
	}
	if _, err := os.Lstat(name); err == nil {
		return name, ""
	}
	return name[:i], name[i+1:]
}
