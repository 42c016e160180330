package view

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestPictures draws the README's pictures from the same screens as the golden
// files, so that they stay true: go test ./view -update draws them anew.
func TestPictures(t *testing.T) {
	for _, p := range []struct {
		name string
		w, h int
		keys []string
	}{
		{"sessions", 110, 14, []string{"g", "j"}},
		{"transcript", 110, 32, []string{"g", "j", "j", "Enter", "g", "j", "j", "j"}},
		{"detail", 110, 30, []string{"g", "j", "j", "j", "j", "Enter", "/", "u", "n", "s", "e", "l", "Enter", "/", "Enter", "Enter"}},
		{"findings", 110, 22, []string{"2"}},
		{"accounts", 110, 22, []string{"3"}},
	} {
		t.Run(p.name, func(t *testing.T) {
			a, s := newApp(t, p.w, p.h, recorded(t))
			press(a, p.keys...)
			path := filepath.Join("pictures", p.name+".svg")
			got := picture(s)
			if *update {
				if err := os.MkdirAll("pictures", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the viewer shows; go test ./view -update draws it anew", path)
			}
		})
	}
}

const (
	cellWidth  = 8.4
	cellHeight = 18
)

// The terminal's colours as a common dark theme has them.
var colours = map[tcell.Color]string{
	tcell.ColorMaroon: "#f07178", tcell.ColorGreen: "#a5d46a", tcell.ColorOlive: "#e6c07b", tcell.ColorTeal: "#6fc3df",
	tcell.ColorPurple: "#c792ea", tcell.ColorGray: "#8a929c", tcell.ColorBlack: "#1c2128",
}

const (
	paper = "#1c2128"
	ink   = "#d5dbe3"
)

// picture is the screen as SVG: a run of cells of one style is a piece of text.
func picture(s tcell.SimulationScreen) []byte {
	w, h := s.Size()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.1f %d" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`+"\n", float64(w)*cellWidth+16, h*cellHeight+16)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="6" fill="%s"/>`+"\n", paper)
	for y := range h {
		for x := 0; x < w; {
			text, style, width := cellAt(s, x, y)
			from := x
			x += width
			for x < w {
				next, other, n := cellAt(s, x, y)
				if other != style {
					break
				}
				text += next
				x += n
			}
			run(&b, from, x, y, text, style)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func cellAt(s tcell.SimulationScreen, x, y int) (string, tcell.Style, int) {
	text, style, width := s.Get(x, y)
	if text == "" {
		text = " "
	}
	return text, style, max(1, width)
}

func run(b *bytes.Buffer, from, to, y int, text string, style tcell.Style) {
	fg, bg, attr := style.Decompose()
	front, back := ink, ""
	if c, ok := colours[fg]; ok {
		front = c
	}
	if c, ok := colours[bg]; ok {
		back = c
	}
	if attr&tcell.AttrReverse != 0 {
		front, back = paper, front
	}
	px, py := 8+float64(from)*cellWidth, 8+y*cellHeight
	if back != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" shape-rendering="crispEdges"/>`+"\n", px, py, float64(to-from)*cellWidth, cellHeight, back)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	extra := ""
	if attr&tcell.AttrBold != 0 {
		extra += ` font-weight="bold"`
	}
	if attr&tcell.AttrItalic != 0 {
		extra += ` font-style="italic"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve"%s>%s</text>`+"\n", px, py+13, front, float64(to-from)*cellWidth, extra, html.EscapeString(text))
}
