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
