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
	Complete func(word string) []string // what may stand in place of the word before the cursor
	Check    func(text string) string   // what is wrong with it so far, or ""

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
		in.start = strings.LastIndexAny(in.Text[:in.at], " ()!&|=<>,:\"'") + 1
		in.choices = in.Complete(in.Text[in.start:in.at])
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

// Draw shows the line on the first row of c with the cursor in sight, what is
// wrong with it at the right end.
func (in *Input) Draw(c Canvas, p *Palette) {
	c.Fill(p.Plain)
	x := c.Put(0, 0, in.Prompt, p.Key)
	room := max(1, c.W-x-1)
	head := in.Text[:in.at]
	hidden := max(0, Width(head)-room)
	shown := Skip(in.Text, hidden)
	end := c.Put(x, 0, shown, p.Plain)
	if len(in.choices) > 1 {
		end = c.Put(end+2, 0, strings.Join(in.choices, " "), p.Dim)
	}
	if in.Check != nil {
		if wrong := in.Check(in.Text); wrong != "" && end+3 < c.W {
			c.Put(end+2, 0, Cut(wrong, c.W-end-2), p.Bad)
		}
	}
	c.Cursor(x+Width(head)-hidden, 0)
}
