package main

import (
	"fmt"
	"io"

	"mailtap/captures"
)

// worthProgress is from which size on reading takes long enough to say how far it is.
const worthProgress = 32 << 20

// progressOn says on a terminal how much of a file was read; nil elsewhere.
func progressOn(w io.Writer) func(read, size int64) {
	if !terminal(w) {
		return nil
	}
	return newMeter(w).at
}

// meter is a line on a terminal that says how much was read.
type meter struct {
	w    io.Writer
	last int64 // percent; -1 where nothing is said
}

func newMeter(w io.Writer) *meter { return &meter{w, -1} }

// at takes how far it is. Behind the end nothing stands there any more.
func (m *meter) at(read, size int64) {
	percent := int64(100)
	if size > 0 {
		percent = min(read*100/size, 100)
	}
	switch {
	case size < worthProgress || percent == m.last:
	case percent == 100:
		m.clear()
	default:
		m.last = percent
		fmt.Fprintf(m.w, "\rmailtap: %3d %% read", percent)
	}
}

// clear takes the line away, so that something else can be said.
func (m *meter) clear() {
	if m.last >= 0 {
		m.last = -1
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}

// watch has m say how far the reading of several captures is, all together.
func (m *meter) watch(readers []*captures.Reader) {
	at, size := make([]int64, len(readers)), int64(0)
	for i, r := range readers {
		n, _ := r.Size()
		size += n
		r.Progress = func(read, _ int64) {
			at[i] = read
			all := int64(0)
			for _, n := range at {
				all += n
			}
			m.at(all, size)
		}
	}
}

// unwatched is a terminal on which no progress is to be said: something else
// is being written there all the time.
type unwatched struct{ io.Writer }

// besides is where progress and warnings go while out is written to.
func besides(std streams) io.Writer {
	if terminal(std.out) {
		return unwatched{std.err}
	}
	return std.err
}
