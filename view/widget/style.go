package widget

import "github.com/gdamore/tcell/v2"

// Palette is how meanings look. Colour never carries a meaning alone: letters,
// words or attributes say the same. The sixteen colours of the terminal's own
// theme are used, so that light and dark terminals both read well.
type Palette struct {
	Plain, Dim, Strong             tcell.Style
	Client, Server, Proxy          tcell.Style // directions
	Good, Warn, Bad, Info          tcell.Style
	Selected, Idle, Header, Status tcell.Style // the cursor's row; the same where the pane has no focus
	Key, Match, Mark               tcell.Style
	Mono                           bool
}

// NewPalette makes the palette for a screen with that many colours; mono
// (NO_COLOR) uses attributes alone.
func NewPalette(colors int, mono bool) *Palette {
	d := tcell.StyleDefault
	if mono || colors < 8 {
		return &Palette{
			Plain: d, Dim: d.Dim(true), Strong: d.Bold(true),
			Client: d, Server: d, Proxy: d.Italic(true),
			Good: d, Warn: d.Underline(true), Bad: d.Bold(true).Underline(true), Info: d,
			Selected: d.Reverse(true), Idle: d.Underline(true), Header: d.Bold(true), Status: d.Reverse(true),
			Key: d.Bold(true), Match: d.Bold(true).Underline(true), Mark: d.Bold(true), Mono: true,
		}
	}
	dim := d.Dim(true)
	if colors >= 16 {
		dim = d.Foreground(tcell.ColorGray)
	}
	return &Palette{
		Plain: d, Dim: dim, Strong: d.Bold(true),
		Client: d.Foreground(tcell.ColorTeal), Server: d, Proxy: d.Foreground(tcell.ColorPurple).Italic(true),
		Good: d.Foreground(tcell.ColorGreen), Warn: d.Foreground(tcell.ColorOlive),
		Bad: d.Foreground(tcell.ColorMaroon).Bold(true), Info: d.Foreground(tcell.ColorTeal),
		Selected: d.Reverse(true), Idle: d.Underline(true),
		Header: d.Bold(true).Underline(true), Status: d.Reverse(true),
		Key: d.Bold(true), Match: d.Foreground(tcell.ColorBlack).Background(tcell.ColorOlive),
		Mark: d.Foreground(tcell.ColorPurple).Bold(true),
	}
}

// Select is how a cell of the cursor's row looks: one bar across the row,
// where only boldness is left of how its parts look.
func (p *Palette) Select(style tcell.Style) tcell.Style {
	if p.Mono {
		return style.Reverse(true)
	}
	_, _, attr := style.Decompose()
	return p.Selected.Bold(attr&tcell.AttrBold != 0)
}
