package layout

import (
	"slices"
	"testing"
)

func TestColumns(t *testing.T) {
	got := Columns([]int{6, 8, 9}, "what", "one two three", "ä")
	want := []string{"what  one two ä", "      three"}
	if !slices.Equal(got, want) {
		t.Errorf("Columns gives %q, want %q", got, want)
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1.0 kB", 7449: "7.4 kB", 31_400_000: "31.4 MB", 2_000_000_000: "2.0 GB"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}
