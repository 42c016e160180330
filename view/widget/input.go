package widget

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// Input is a line of text that is being typed.
type Input struct {
	Prompt   string
	Text     string
	Complete func(before, word string) []string           // what may stand in place of the word before the cursor
	Check    func(text string) (wrong string, column int) // what is wrong with it so far, or "", and where from 1; 0 is unknown

	at      int // the cursor, in bytes
	history []string
	back    int // how far back in the history; 0 is the line itself
	kept    string
	choices []string // the completions that tab goes through
	choice  int
	start   int // where the completed word begins
}

// Start begins a new line with text in it.
func (in *Input) Start(prompt, text string) {
	in.Prompt, in.Text, in.at, in.back, in.choices = prompt, text, len(text), 0, nil
}

// Keep adds the line to the history.
func (in *Input) Keep() {
	if in.Text != "" && (len(in.history) == 0 || in.history[len(in.history)-1] != in.Text) {
		in.history = append(in.history, in.Text)
	}
}

// Key changes the line as a key says; it is false for keys that are not for editing.
func (in *Input) Key(ev *tcell.EventKey) bool {
	if ev.Key() != tcell.KeyTab && ev.Key() != tcell.KeyBacktab {
		in.choices = nil
	}
	switch ev.Key() {
	case tcell.KeyRune:
		in.insert(string(ev.Rune()))
	case tcell.KeyLeft, tcell.KeyCtrlB:
		in.at -= in.before()
	case tcell.KeyRight, tcell.KeyCtrlF:
		in.at += in.behind()
	case tcell.KeyHome, tcell.KeyCtrlA:
		in.at = 0
	case tcell.KeyEnd, tcell.KeyCtrlE:
		in.at = len(in.Text)
	case tcell.KeyBackspace, tcell.KeyBackspace2:
		n := in.before()
		in.Text = in.Text[:in.at-n] + in.Text[in.at:]
		in.at -= n
	case tcell.KeyDelete, tcell.KeyCtrlD:
		in.Text = in.Text[:in.at] + in.Text[in.at+in.behind():]
	case tcell.KeyCtrlU:
		in.Text, in.at = in.Text[in.at:], 0
	case tcell.KeyCtrlK:
		in.Text = in.Text[:in.at]
	case tcell.KeyCtrlW:
		from := strings.LastIndexByte(strings.TrimRight(in.Text[:in.at], " "), ' ') + 1
		in.Text, in.at = in.Text[:from]+in.Text[in.at:], from
	case tcell.KeyUp, tcell.KeyCtrlP:
		in.recall(1)
	case tcell.KeyDown, tcell.KeyCtrlN:
		in.recall(-1)
	case tcell.KeyTab:
		in.completeNext(1)
	case tcell.KeyBacktab:
		in.completeNext(-1)
	default:
		return false
	}
	return true
}

func (in *Input) insert(text string) {
	in.Text = in.Text[:in.at] + text + in.Text[in.at:]
	in.at += len(text)
}

// before is the length of the character before the cursor, in bytes.
func (in *Input) before() int {
	last, rest, state := 0, in.Text[:in.at], -1
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		last = len(cluster)
	}
	return last
}

// behind is the length of the character at the cursor, in bytes.
func (in *Input) behind() int {
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(in.Text[in.at:], -1)
	return len(cluster)
}

func (in *Input) recall(step int) {
	next := in.back + step
	if next < 0 || next > len(in.history) {
		return
	}
	if in.back == 0 {
		in.kept = in.Text
	}
	in.back = next
	in.Text = in.kept
	if next > 0 {
		in.Text = in.history[len(in.history)-next]
	}
	in.at = len(in.Text)
}

// completeNext puts the next completion in place of the word before the cursor.
func (in *Input) completeNext(step int) {
	if in.Complete == nil {
		return
	}
	if in.choices == nil {
		in.choices = in.offer()
		in.choice = -1
		if step < 0 {
			in.choice = 0
		}
	}
	if len(in.choices) == 0 {
		in.choices = nil
		return
	}
	in.choice = (in.choice + step + len(in.choices)) % len(in.choices)
	word := in.choices[in.choice]
	in.Text = in.Text[:in.start] + word + in.Text[in.at:]
	in.at = in.start + len(word)
}

// offer is what may stand in place of the word before the cursor, which begins at start.
func (in *Input) offer() []string {
	in.start = strings.LastIndexAny(in.Text[:in.at], " ()!&|=<>,:\"'") + 1
	return in.Complete(in.Text[:in.start], in.Text[in.start:in.at])
}

// Draw shows the line on the last row of c with the cursor in sight. A row
// above it has room for what the word may become and what is wrong.
func (in *Input) Draw(c Canvas, p *Palette) {
	c.Fill(p.Plain)
	wrong, column := "", 0
	if in.Check != nil {
		wrong, column = in.Check(in.Text)
	}
	if c.H > 1 {
		in.drawHint(c.Row(0), p, wrong)
	}
	c = c.Row(c.H - 1)
	x := c.Put(0, 0, in.Prompt, p.Key)
	room := max(1, c.W-x-1)
	head := in.Text[:in.at]
	hidden := max(0, Width(head)-room)
	c.Put(x, 0, Skip(in.Text, hidden), p.Plain)
	if column > 0 {
		at := x - hidden + Width(string([]rune(in.Text + " ")[:min(column-1, len([]rune(in.Text)))]))
		c.Restyle(max(at, x), 0, 1, func(tcell.Style) tcell.Style { return p.Bad.Reverse(true) })
	}
	c.Cursor(x+Width(head)-hidden, 0)
}

// drawHint shows the completions, the chosen one in sight, and at the right
// what is wrong.
func (in *Input) drawHint(c Canvas, p *Palette, wrong string) {
	c.Fill(p.Status)
	choices, from := in.choices, 0
	if choices == nil && in.Complete != nil && in.at > 0 {
		choices = in.offer()
	}
	end := c.W - 1
	if wrong != "" {
		room := c.W - 2
		if len(choices) > 0 {
			room /= 2
		}
		end = c.PutRight(end, 0, Cut(wrong, room), p.Status.Bold(true)) - 2
	}
	if in.choices != nil {
		from = max(0, in.choice-2)
	}
	x := 1
	for i, choice := range choices[min(from, len(choices)):] {
		style := p.Status
		if in.choices != nil && from+i == in.choice {
			style = p.Plain.Bold(true)
		}
		if x+Width(choice) > end {
			break
		}
		x = c.Put(x, 0, choice, style) + 2
	}
}
