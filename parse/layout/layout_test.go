package layout

import (
	"slices"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name    string
		text    string
		columns int
		want    []string
	}{
		{"empty", "", 10, []string{""}},
		{"fits", "ten chars!", 10, []string{"ten chars!"}},
		{"at a blank", "one two three", 7, []string{"one two", "three"}},
		{"before a word that does not fit", "one twenty", 8, []string{"one", "twenty"}},
		{"a long word", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"wide characters", "日本語 日本", 6, []string{"日本語", "日本"}},
		{"a character wider than the line", "日本", 1, []string{"日", "本"}},
		{"no columns", "ab", 0, []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Wrap(tt.text, tt.columns); !slices.Equal(got, tt.want) {
				t.Errorf("Wrap(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	tests := []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
	}
	for _, tt := range tests {
		if got := Cut(tt.text, tt.columns); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}

func TestArrange(t *testing.T) {
	const room, column = 60, 30
	long, longer := strings.Repeat("a note ", 6), strings.Repeat("a note ", 12)
	tests := []struct {
		name       string
		text, note string
		want       []string
	}{
		{"no note", "text", "", []string{"text"}},
		{"beside", "text", "note", []string{"text" + strings.Repeat(" ", 26) + "note"}},
		{"beside, two lines", "text", strings.TrimSpace(long), []string{
			"text" + strings.Repeat(" ", 26) + "a note a note a note a note a", strings.Repeat(" ", 30) + "note a note"}},
		{"below, where it has more lines", "text", strings.TrimSpace(longer), []string{
			"text", "  " + strings.TrimSpace(strings.Repeat("a note ", 8)) + " a", "  note a note a note a note"}},
		{"behind a longer text", strings.Repeat("x", 40), "note", []string{strings.Repeat("x", 40) + "  note"}},
		{"below a text that fills the row", strings.Repeat("x", 58), "note", []string{strings.Repeat("x", 58), "  note"}},
		{"below a wrapped text", strings.Repeat("x", 70), "note", []string{strings.Repeat("x", 60), strings.Repeat("x", 10), "  note"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range Arrange(tt.text, tt.note, room, column) {
				got = append(got, r.Text+r.Gap+r.Note)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q,\nwant %q", got, tt.want)
			}
		})
	}
}

// Whatever the text, Wrap loses nothing but blanks and keeps to the width.
func FuzzWrap(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("日本語 text", 3)
	f.Add("e\u0301e\u0301e\u0301", 2)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		if columns < 2 || columns > 200 {
			t.Skip()
		}
		got := Wrap(text, columns)
		if a, b := strings.ReplaceAll(strings.Join(got, ""), " ", ""), strings.ReplaceAll(text, " ", ""); a != b {
			t.Fatalf("Wrap(%q, %d) = %q loses text", text, columns, got)
		}
	})
}
