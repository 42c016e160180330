package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed inflates data in pieces of n octets.
func feed(t *testing.T, x *Inflater, data []byte, n int) (plain []byte, err error) {
	t.Helper()
	for len(data) > 0 && err == nil {
		k := min(n, len(data))
		err = x.Feed(data[:k], func(p []byte) {
			if len(p) == 0 || len(p) > chunk {
				t.Fatalf("a piece of %d octets", len(p))
			}
			plain = append(plain, p...)
		})
		data = data[k:]
	}
	return plain, err
}

// TestFlush compresses lines with a flush behind each, and wants each to be
// whole as soon as the flush's octets are there.
func TestFlush(t *testing.T) {
	for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
		for _, step := range []int{1, 2, 7, 1 << 20} {
			t.Run(fmt.Sprintf("level %d by %d", level, step), func(t *testing.T) {
				var wire bytes.Buffer
				w, err := flate.NewWriter(&wire, level)
				if err != nil {
					t.Fatal(err)
				}
				x := New()
				defer x.Close()
				for i := range 200 {
					line := fmt.Sprintf("* %d FETCH (FLAGS (\\Seen) UID %d)%s\r\n", i, i*i, strings.Repeat("x", i%50*i))
					w.Write([]byte(line))
					w.Flush()
					got, err := feed(t, x, wire.Bytes(), step)
					if err != nil || string(got) != line {
						t.Fatalf("line %d: %q, %v, want %q", i, got, err, line)
					}
					wire.Reset()
				}
			})
		}
	}
}

// TestFlushAtOddPlaces cuts text and chunks at random, and checks the whole.
func TestFlushAtOddPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		text := make([]byte, r.IntN(60000))
		for i := range text {
			text[i] = "abcdefgh \r\n"[r.IntN(11)]
		}
		var wire bytes.Buffer
		w, _ := flate.NewWriter(&wire, 1+r.IntN(9))
		for rest := text; len(rest) > 0; {
			n := min(1+r.IntN(5000), len(rest))
			w.Write(rest[:n])
			if r.IntN(2) == 0 {
				w.Flush()
			}
			rest = rest[n:]
		}
		w.Flush()
		x := New()
		got, err := feed(t, x, wire.Bytes(), 1+r.IntN(2000))
		x.Close()
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d octets of %d, %v", len(got), len(text), err)
		}
	}
}

// TestEnd: a stream may end, as some clients do at LOGOUT; nothing may follow.
func TestEnd(t *testing.T) {
	var wire bytes.Buffer
	w, _ := flate.NewWriter(&wire, 6)
	w.Write([]byte("a LOGOUT\r\n"))
	w.Close()
	x := New()
	defer x.Close()
	got, err := feed(t, x, wire.Bytes(), 3)
	if err != nil || string(got) != "a LOGOUT\r\n" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := x.Feed(nil, nil); err != nil {
		t.Errorf("Feed of nothing: %v", err)
	}
	for range 2 {
		if _, err := feed(t, x, []byte("more"), 4); !errors.Is(err, ErrEnded) {
			t.Errorf("behind the end: %v, want ErrEnded", err)
		}
	}
}

func TestCorrupt(t *testing.T) {
	var wire bytes.Buffer
	w, _ := flate.NewWriter(&wire, 6)
	w.Write([]byte("a NOOP\r\n"))
	w.Flush()
	data := append(wire.Bytes(), 0xff, 0xff, 0xff, 0xff, 0xff)
	for _, step := range []int{1, 100} {
		x := New()
		got, err := feed(t, x, data, step)
		if err == nil || string(got) != "a NOOP\r\n" {
			t.Errorf("by %d: %q, %v", step, got, err)
		}
		if again, err := feed(t, x, wire.Bytes(), 100); err == nil || len(again) > 0 {
			t.Errorf("after the error: %q, %v", again, err)
		}
		x.Close()
	}
}

// TestBomb inflates 256 MiB of zeros out of 256 KiB, and looks at the memory.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	var wire bytes.Buffer
	w, _ := flate.NewWriter(&wire, 9)
	zeros := make([]byte, 1<<20)
	for range 256 {
		w.Write(zeros)
	}
	w.Flush()
	x := New()
	defer x.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var total int
	if err := x.Feed(wire.Bytes(), func(p []byte) { total += len(p) }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if total != 256<<20 {
		t.Errorf("%d octets, want %d", total, 256<<20)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d octets were allocated for %d on the wire", grown, wire.Len())
	}
}

// TestCorpus inflates what real clients and servers sent behind COMPRESS.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and one goroutine: the race detector would see nothing")
	}
	const corpus = "../../../shared/corpus"
	index, err := os.ReadFile(corpus + "/INDEX.tsv")
	if err != nil {
		t.Skip("no recorded sessions at " + corpus)
	}
	found := 0
	for row := range strings.Lines(string(index)) {
		name, _, _ := strings.Cut(row, "\t")
		if !strings.Contains(row, "compress") {
			continue
		}
		for _, dir := range []struct{ file, mark string }{
			{"s2c.bin", "OK Begin compression"},
			{"c2s.bin", "COMPRESS DEFLATE\r\n"},
		} {
			data, err := os.ReadFile(filepath.Join(corpus, name, dir.file))
			if err != nil {
				t.Fatal(err)
			}
			at := bytes.Index(data, []byte(dir.mark))
			if at < 0 {
				continue
			}
			at += bytes.IndexByte(data[at:], '\n') + 1
			found++
			var first []byte
			for _, step := range []int{1 << 20, 1, 3} {
				x := New()
				got, err := feed(t, x, data[at:], step)
				x.Close()
				if err != nil || len(got) == 0 && at < len(data) || !bytes.HasSuffix(got, []byte("\r\n")) {
					t.Errorf("%s/%s by %d: %d octets to %d, %v", name, dir.file, step, len(data)-at, len(got), err)
				}
				if first != nil && !bytes.Equal(first, got) {
					t.Errorf("%s/%s by %d differs", name, dir.file, step)
				}
				first = got
			}
		}
	}
	if found == 0 {
		t.Error("no compressed session was found")
	}
	t.Logf("%d directions", found)
}

// fixedBlock is text as literals of a block with fixed codes that has not ended.
func fixedBlock(text string) []byte {
	var out []byte
	var acc, n uint
	put := func(v, bits uint) {
		acc |= v << n
		for n += bits; n >= 8; n -= 8 {
			out = append(out, byte(acc))
			acc >>= 8
		}
	}
	put(0, 1) // not the last
	put(1, 2)
	for i := range len(text) {
		put(uint(bits.Reverse8(text[i]+0x30)), 8)
	}
	if n > 0 {
		out = append(out, byte(acc))
	}
	return out
}

// TestInsideABlock wants text before its block ends: mbsync 1.4.4 sends
// commands so, and Dovecot answers them.
func TestInsideABlock(t *testing.T) {
	const text = "7 UID FETCH 1 (BODY.PEEK[])\r\n"
	x := New()
	defer x.Close()
	got, err := feed(t, x, fixedBlock(text), 1<<20)
	if err != nil || string(got) != text {
		t.Errorf("%q, %v, want %q", got, err, text)
	}
}

// FuzzAgainstStandard compares with compress/flate: what that reads comes from
// here too, and what that accepts is accepted.
func FuzzAgainstStandard(f *testing.F) {
	for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
		var wire bytes.Buffer
		w, _ := flate.NewWriter(&wire, level)
		w.Write([]byte(strings.Repeat("* 1 FETCH (FLAGS (\\Seen))\r\n", 20)))
		w.Flush()
		f.Add(wire.Bytes())
		w.Close()
		f.Add(wire.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), 4<<20))
		x := New()
		defer x.Close()
		var got []byte
		err := x.Feed(data, func(p []byte) {
			if len(got) < 5<<20 {
				got = append(got, p...)
			}
		})
		if err != nil && strings.Contains(err.Error(), "without a code for its end") {
			return // zlib refuses that too; compress/flate goes on
		}
		if !bytes.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if wantErr == nil && err != nil && !errors.Is(err, ErrEnded) && len(want) < 4<<20 {
			t.Errorf("%v, compress/flate accepts it", err)
		}
		if wantErr != nil && wantErr != io.ErrUnexpectedEOF && err == nil {
			t.Errorf("accepted, compress/flate says %v", wantErr)
		}
	})
}

func FuzzInflate(f *testing.F) {
	var wire bytes.Buffer
	w, _ := flate.NewWriter(&wire, 6)
	w.Write([]byte("a NOOP\r\na NOOP\r\n"))
	w.Flush()
	f.Add(wire.Bytes(), 3)
	f.Add([]byte{0xff, 0x00}, 1)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		if len(data) > 4096 {
			return
		}
		x, y := New(), New()
		defer x.Close()
		defer y.Close()
		one, errOne := feed(t, x, data, 1+max(step, 0)%64)
		all, errAll := feed(t, y, data, len(data)+1)
		if !bytes.Equal(one, all) || (errOne == nil) != (errAll == nil) {
			t.Errorf("in pieces %q, %v; whole %q, %v", one, errOne, all, errAll)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	var wire bytes.Buffer
	w, _ := flate.NewWriter(&wire, 6)
	for i := range 20000 {
		fmt.Fprintf(w, "* %d FETCH (FLAGS (\\Seen) UID %d)\r\n", i, i*7)
	}
	w.Flush()
	var total int
	b.ReportAllocs()
	for b.Loop() {
		x := New()
		total = 0
		x.Feed(wire.Bytes(), func(p []byte) { total += len(p) })
		x.Close()
	}
	b.SetBytes(int64(total))
}
