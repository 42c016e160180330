package wire

import (
	"reflect"
	"testing"
	"time"

	"mailtap/parse/event"
)

// octets keeps copies of what it is handed.
type octets struct{ got []Octets }

func (s *octets) Octets(o *Octets) {
	c := *o
	c.Data = append([]byte(nil), o.Data...)
	s.got = append(s.got, c)
}
func (s *octets) Event(*event.Event) {}

// TestPutAndKnown cuts a line with a secret at every octet, and puts together
// what a reader of the record gets.
func TestPutAndKnown(t *testing.T) {
	line := []byte("PASS secret word\r\n")
	secret := Secret{Off: 5, Len: 11, Form: "line", Mech: "USER", Shape: "the rest of the line of 11 bytes, ASCII"}
	masked := Mask(nil, line, []Secret{secret})
	if want := "PASS ***********\r\n"; string(masked) != want {
		t.Fatalf("Mask = %q, want %q", masked, want)
	}
	for cut := 0; cut <= len(line); cut++ {
		var b Buffer
		b.Add(line[:cut], time.Unix(1, 0))
		_, pieces := b.Join(line[cut:], time.Unix(2, 0))
		var sink octets
		Put(&sink, Octets{Side: event.SideClient, Data: masked, Secrets: []Secret{secret}}, pieces)
		var joined []byte
		var k Known
		for _, o := range sink.got {
			k.Add(o.Secrets, len(joined))
			joined = append(joined, o.Data...)
		}
		if string(joined) != string(masked) {
			t.Errorf("cut at %d: %q", cut, joined)
		}
		if got := k.Take(len(joined)); !reflect.DeepEqual(got, []Secret{secret}) {
			t.Errorf("cut at %d: secrets %+v", cut, got)
		}
	}
}

// TestBufferBounds feeds a line octet by octet.
func TestBufferBounds(t *testing.T) {
	var b Buffer
	for i := range 3000 {
		b.Add([]byte("x"), time.Unix(int64(i), 0))
	}
	line, pieces := b.Join([]byte("\n"), time.Unix(5000, 0))
	sum := 0
	for _, p := range pieces {
		sum += p.Len
	}
	if len(line) != 3001 || sum != 3001 || len(pieces) > maxPieces || !pieces[len(pieces)-1].Time.Equal(time.Unix(5000, 0)) {
		t.Errorf("%d octets in %d pieces of %d", len(line), len(pieces), sum)
	}
}
