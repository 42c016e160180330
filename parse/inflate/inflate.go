// Package inflate undoes COMPRESS=DEFLATE (RFC 4978) as the octets come: all
// that can be told from them is there at once, in the middle of a block too.
//
// The latter is why the decoder is our own. Those of compress/flate and
// klauspost/compress give a block's text when the block ends, with partial
// flushes allowed for; but mbsync writes out whole commands in a block that it
// ends later, and Dovecot answers them before. As zlib does, this one gives
// what it has before it waits.
//
// The decoder reads where it would rather be fed, so it runs as a coroutine
// (iter.Pull): only inside Feed, and no longer than until Close. parse/imap
// has one a direction, with a window of 32 KiB each.
package inflate

import (
	"errors"
	"fmt"
	"iter"
)

// ErrEnded is octets behind the end of the compressed stream.
var ErrEnded = errors.New("octets behind the end of the compressed stream")

// chunk is the most plain text that is handed on at once. A chunk that
// inflates to a thousand times its length costs no more memory than this.
const chunk = 8 << 10

// Inflater undoes the compression of one direction.
type Inflater struct {
	in    []byte // of the chunk that Feed is at
	fed   int64  // octets so far, the chunk's included
	text  int64  // octets that became text
	ended bool
	err   error
	next  func() ([]byte, bool)
	stop  func()
}

// New starts a direction. Close must follow.
func New() *Inflater {
	x := &Inflater{}
	x.next, x.stop = iter.Pull(x.run)
	return x
}

// Feed hands what data inflates to to emit, in pieces that are valid during
// it. After an error, which every later call repeats, nothing comes any more.
func (x *Inflater) Feed(data []byte, emit func(plain []byte)) error {
	x.in = data
	x.fed += int64(len(data))
	defer func() { x.in = nil }()
	for x.err == nil && (len(x.in) > 0 || !x.ended) {
		if x.ended {
			x.err = ErrEnded
			break
		}
		plain, ok := x.next()
		if !ok {
			x.ended = true
			continue
		}
		if plain == nil { // all of data is taken
			return nil
		}
		emit(plain)
	}
	if x.err != nil {
		return fmt.Errorf("inflating: %w", x.err)
	}
	return nil
}

// Rest is what of data, which Feed failed at, did not become text: from where
// that went wrong.
func (x *Inflater) Rest(data []byte) []byte {
	n := min(x.fed-x.text, int64(len(data)))
	return data[int64(len(data))-n:]
}

// Close ends the coroutine. Feed may not follow.
func (x *Inflater) Close() { x.stop() }

// run is the coroutine: it yields plain text, or nil where it needs octets.
func (x *Inflater) run(yield func([]byte) bool) {
	d := &decoder{x: x, yield: yield}
	if err := d.run(); err != nil && err != errStopped {
		x.err = err
		d.give() // what came before the error
	}
}
