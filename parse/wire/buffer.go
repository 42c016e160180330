package wire

import "time"

// Piece is how many octets of a line one Read brought, and when.
type Piece struct {
	Len  int
	Time time.Time
}

// maxPieces bounds what is kept of a line that comes octet by octet; more are
// added to the last piece.
const maxPieces = 512

// Buffer keeps a line until its end comes, and how it came. A line that comes
// in one Read is not copied.
type Buffer struct {
	data   []byte
	pieces []Piece
}

// Len is how many octets are kept.
func (b *Buffer) Len() int { return len(b.data) }

// Add keeps data, which a Read brought at t.
func (b *Buffer) Add(data []byte, t time.Time) {
	if len(data) == 0 {
		return
	}
	b.data = append(b.data, data...)
	b.add(len(data), t)
}

func (b *Buffer) add(n int, t time.Time) {
	last := len(b.pieces) - 1
	if last >= 0 && (b.pieces[last].Time.Equal(t) || last+1 >= maxPieces) {
		b.pieces[last].Len += n
		b.pieces[last].Time = t
		return
	}
	b.pieces = append(b.pieces, Piece{Len: n, Time: t})
}

// Join gives what is kept with tail behind it, and forgets it. Both slices are
// valid until the next call; the line may be tail itself.
func (b *Buffer) Join(tail []byte, t time.Time) (line []byte, pieces []Piece) {
	if len(b.data) == 0 {
		b.pieces = append(b.pieces[:0], Piece{Len: len(tail), Time: t})
		pieces, b.pieces = b.pieces, b.pieces[:0]
		return tail, pieces
	}
	b.Add(tail, t)
	line, pieces = b.data, b.pieces
	b.data, b.pieces = b.data[:0], b.pieces[:0]
	if cap(line) > keepLine {
		b.data = nil
	}
	return line, pieces
}

// keepLine is the largest room that a Buffer keeps between lines: an idle
// session shall hold little.
const keepLine = 4 << 10

// Mask appends line to dst with every octet of the secrets as "*".
func Mask(dst, line []byte, secrets []Secret) []byte {
	at := len(dst)
	dst = append(dst, line...)
	for _, s := range secrets {
		for i := max(s.Off, 0); i < s.Off+s.Len && i < len(line); i++ {
			dst[at+i] = '*'
		}
	}
	return dst
}

// Put hands a whole line to sink in the pieces in which it came. o is what all
// of them have in common: its Data is the line, masked, and its Secrets are
// those of the line. A secret that is cut tells what is known of it on its
// first piece; the others say where it goes on.
func Put(sink Sink, o Octets, pieces []Piece) {
	line, secrets := o.Data, o.Secrets
	off := 0
	for i, p := range pieces {
		o.Data, o.Time = line[off:off+p.Len], p.Time
		if i > 0 {
			o.Altered = nil
		}
		o.Secrets = within(secrets, off, p.Len)
		sink.Octets(&o)
		off += p.Len
	}
}

// within gives the parts of secrets in line[off:off+n], with offsets from off.
func within(secrets []Secret, off, n int) []Secret {
	var part []Secret
	for _, s := range secrets {
		from, to := max(s.Off, off), min(s.Off+s.Len, off+n)
		if from >= to {
			continue
		}
		if from > s.Off {
			s = Secret{Form: s.Form, Mech: s.Mech}
		}
		s.Off, s.Len = from-off, to-from
		part = append(part, s)
	}
	return part
}

// Known collects the secrets that a record tells of, until their line is
// whole: the other way round of Put.
type Known struct {
	secrets []Secret // offsets from the beginning of the next line
}

// Add takes the secrets of a piece that begins off octets into the line.
func (k *Known) Add(secrets []Secret, off int) {
	for _, s := range secrets {
		s.Off += off
		if last := len(k.secrets) - 1; last >= 0 && s.Shape == "" && s.User == "" &&
			k.secrets[last].Off+k.secrets[last].Len == s.Off && k.secrets[last].Mech == s.Mech {
			k.secrets[last].Len += s.Len
			continue
		}
		k.secrets = append(k.secrets, s)
	}
}

// Take gives the secrets of a line of n octets, and keeps those behind it.
func (k *Known) Take(n int) []Secret {
	if len(k.secrets) == 0 {
		return nil
	}
	var line, rest []Secret
	for _, s := range k.secrets {
		if s.Off < n {
			line = append(line, s)
			continue
		}
		s.Off -= n
		rest = append(rest, s)
	}
	k.secrets = rest
	return line
}

// Peek is what is kept, valid until the next call.
func (b *Buffer) Peek() []byte { return b.data }
