package imap

import (
	"mailtap/parse/wire"
)

// given are secrets that a capture tells of, by their offset in the direction.
type given struct {
	secrets []wire.Secret
	at      []int64
	scratch []wire.Secret
}

// add takes the secrets of octets at off. Those that are not masked are left
// to be found again: the capture was made with --show-secrets.
func (g *given) add(off int64, data []byte, secrets []wire.Secret) {
	for _, x := range secrets {
		if x.Off < 0 || x.Len < 0 || x.Off > len(data) || x.Len > len(data)-x.Off {
			continue
		}
		if !isMask(data[x.Off : x.Off+x.Len]) {
			continue
		}
		g.secrets, g.at = append(g.secrets, x), append(g.at, off+int64(x.Off))
	}
}

// take gives those that lie in the n octets at off, relative to it; pieces of
// one are put together.
func (g *given) take(off int64, n int) []wire.Secret {
	if len(g.secrets) == 0 {
		return nil
	}
	g.scratch = g.scratch[:0]
	end, left := off+int64(n), 0
	for i, x := range g.secrets {
		from, to := max(g.at[i], off), min(g.at[i]+int64(x.Len), end)
		if to < g.at[i]+int64(x.Len) {
			g.secrets[left], g.at[left] = x, g.at[i]
			left++
		}
		if from > to || from == to && x.Len > 0 || from >= end {
			continue
		}
		x.Off, x.Len = int(from-off), int(to-from)
		if k := len(g.scratch) - 1; k >= 0 && continues(g.scratch[k], x) {
			g.scratch[k].Len += x.Len
			continue
		}
		g.scratch = append(g.scratch, x)
	}
	g.secrets, g.at = g.secrets[:left], g.at[:left]
	return g.scratch
}

// noted reports whether a secret in the n octets at off has the note.
func (g *given) noted(off int64, n int, note string) bool {
	for i, x := range g.secrets {
		if off <= g.at[i] && g.at[i] < off+int64(n) && x.Note == note {
			return true
		}
	}
	return false
}

// covers reports whether the octet at off is masked.
func (g *given) covers(off int64) bool {
	for i, x := range g.secrets {
		if g.at[i] <= off && off < g.at[i]+int64(x.Len) {
			return true
		}
	}
	return false
}

// continues reports whether next is a later piece of last.
func continues(last, next wire.Secret) bool {
	return last.Off+last.Len == next.Off && last.Form == next.Form && last.Mech == next.Mech &&
		next.Shape == "" && next.User == "" && next.Note == ""
}

func isMask(data []byte) bool {
	for _, c := range data {
		if c != '*' {
			return false
		}
	}
	return true
}
