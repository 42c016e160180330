package view

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	expr "mailtap/parse/filter"
	"mailtap/view/widget"
)

// prompt is a question that is answered by a line of text.
type prompt struct {
	*widget.Input
	done func(text string)
}

// ask begins a prompt. Each kind of question keeps a history of its own.
func (a *App) ask(kind, label, text string, done func(string)) *widget.Input {
	in := a.prompts[kind]
	if in == nil {
		in = &widget.Input{}
		a.prompts[kind] = in
	}
	in.Start(label, text)
	a.input = &prompt{in, done}
	return in
}

func (p *prompt) key(a *App, ev *tcell.EventKey) {
	switch ev.Key() {
	case tcell.KeyEscape, tcell.KeyCtrlC:
		a.input = nil
		a.screen.HideCursor()
	case tcell.KeyEnter:
		if p.Check != nil {
			if wrong, _ := p.Check(p.Text); wrong != "" { // which it says: the line stays, to be mended
				return
			}
		}
		a.input = nil
		a.screen.HideCursor()
		p.Keep()
		p.done(p.Text)
	default:
		p.Key(ev)
	}
}

func (a *App) askSearch() {
	a.ask("search", "/", "", func(text string) {
		a.setSearch(text)
		if text != "" {
			a.next(1)
		}
	})
}

func (a *App) askFilter() {
	in := a.ask("filter", "filter: ", a.filter.text, a.setFilter)
	in.Complete = func(before, word string) []string {
		if strings.Count(before, `"`)%2 == 1 || strings.Count(before, "'")%2 == 1 {
			return nil // inside a text
		}
		return beginning(word, fieldNames())
	}
	in.Check = func(text string) (wrong string, column int) {
		if strings.TrimSpace(text) == "" {
			return "", 0
		}
		_, err := expr.Compile(text)
		if err == nil {
			return "", 0
		}
		fmt.Sscanf(err.Error(), "column %d", &column)
		wrong = err.Error()
		if oneWord(text) {
			wrong += "; / looks for text"
		}
		return wrong, column
	}
}

// oneWord reports whether text is one word: what somebody types who wants to see
// the lines that have it.
func oneWord(text string) bool {
	return strings.IndexFunc(strings.TrimSpace(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.@-", r)
	}) < 0
}

func fieldNames() []string {
	var names []string
	for _, f := range expr.Fields() {
		names = append(names, f.Name)
	}
	return names
}

func beginning(word string, names []string) []string {
	var found []string
	for _, name := range names {
		if strings.HasPrefix(name, word) {
			found = append(found, name)
		}
	}
	return found
}

func (a *App) mark() {
	if p, ok := a.top().(*sessions); ok {
		p.toggleMark(a)
		return
	}
	s, i, ok := a.row()
	if !ok {
		return
	}
	e := s.Rows[i].Event
	if e.ID() == "" {
		a.say("only lines of the session can be marked")
		return
	}
	text := event.MarkAlone
	if _, marked := a.model.Marked(e.ID()); marked {
		text = ""
	}
	a.setMark(e, text)
}

// setMark puts a mark on e, or with no text takes it away, here and where the
// session is kept.
func (a *App) setMark(e *event.Event, text string) {
	a.model.Mark(e.ID(), text)
	if s := a.model.Session(inSession(e)); s != nil && a.filter.compiled != nil {
		a.model.again(s, e, a.filter.compiled)
	}
	if a.options.Actions.Mark == nil {
		return
	}
	told := ""
	a.beside("keeping the mark", func() (err error) {
		told, err = a.options.Actions.Mark(e, text)
		return err
	}, func(err error) {
		a.message = ""
		switch {
		case err != nil:
			a.fail(fmt.Errorf("the mark stays in this viewer alone: %w", err))
		case text != "" && told != "":
			a.say("%s", told)
		}
	})
}

func (a *App) askComment() {
	s, i, ok := a.row()
	if !ok || s.Rows[i].Event.ID() == "" {
		return
	}
	e := s.Rows[i].Event
	comment, _ := a.model.Marked(e.ID())
	a.ask("comment", "comment: ", comment, func(text string) { a.setMark(e, strings.TrimSpace(text)) })
}

// askSave saves what is shown: in the list of sessions the session as a
// capture, in a transcript the lines, in a detail its octets.
func (a *App) askSave() {
	s := a.session()
	if s == nil {
		return
	}
	switch p := a.top().(type) {
	case *detail:
		data, whole := s.Octets(s.Rows[p.row])
		if len(data) == 0 {
			a.say("the octets of this line are no longer held")
			return
		}
		name := fmt.Sprintf("%s-%d.txt", s.ID, s.Rows[p.row].Event.Seq)
		a.ask("save", "save these octets as: ", name, func(path string) { a.writeFile(path, data, !whole) })
	case *transcript:
		a.ask("save", "save this transcript as: ", s.ID+".txt", func(path string) {
			a.finish()
			a.writeFile(path, []byte(a.transcriptText(s)), false)
		})
	default:
		if a.options.Actions.Save == nil {
			a.say("open the session with enter to save its transcript")
			return
		}
		a.ask("save", "save this session as: ", s.ID+".pcapng", func(path string) {
			a.beside("saving", func() error { return a.options.Actions.Save(s.ID, expand(path)) }, func(err error) { a.report(path, err) })
		})
	}
}

// writeFile writes a file that nobody else can read, and never over another one.
func (a *App) writeFile(path string, data []byte, part bool) {
	path = expand(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(data)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}
	if errors.Is(err, fs.ErrExist) {
		err = errors.New(path + " is there already; name another file")
	}
	a.report(path, err)
	if err == nil && part {
		a.say("saved %s; its beginning or end was no longer held", path)
	}
}

func (a *App) report(path string, err error) {
	if err != nil {
		a.fail(fmt.Errorf("saving: %w", err))
		return
	}
	a.say("saved %s", path)
}

// expand puts the home directory in place of a leading ~.
func expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

func (a *App) askExport() {
	s := a.session()
	exports := a.options.Actions.Exports
	if s == nil {
		return
	}
	if len(exports) == 0 {
		a.say("nothing to export to from here")
		return
	}
	menu := &menu{title: "export session " + s.ID}
	for _, e := range exports {
		menu.add(e.Key, e.Title, func() {
			a.ask("save", e.Title+" as: ", strings.ReplaceAll(e.Name, "%s", s.ID), func(path string) {
				a.beside("exporting", func() error { return e.Do([]string{s.ID}, expand(path)) }, func(err error) { a.report(path, err) })
			})
		})
	}
	a.popup = menu
}

func (a *App) copyLine() {
	text, what := "", "the line"
	switch p := a.top().(type) {
	case *findings:
		if f := p.current(a); f != nil {
			text = f.Finding.ID + ": " + f.Finding.Title + "\n" + f.Finding.Advice
		}
	case *sessions:
		if text = p.welcome.text(); len(a.model.Sessions) > 0 {
			text, what = "", "the session's name"
			if s := p.current(a); s != nil {
				text = s.ID
			}
		}
	default:
		if s, i, ok := a.row(); ok {
			text = s.Rows[i].Event.Text
		}
	}
	a.copy(text, what)
}

func (a *App) copyAll() {
	if s := a.session(); s != nil {
		a.finish()
		a.copy(a.transcriptText(s), "the transcript")
	}
}

func (a *App) copy(text, what string) {
	if text == "" {
		return
	}
	const most = 1 << 20 // what terminals take in one OSC 52
	if len(text) > most {
		a.say("%s is too long to copy (%s); w saves it", what, size(int64(len(text))))
		return
	}
	a.screen.SetClipboard([]byte(text))
	a.say("copied %s (where the terminal allows it)", what)
}

func (a *App) compare() {
	p, ok := a.top().(*sessions)
	if !ok || a.options.Actions.Compare == nil {
		a.say("nothing to compare with here")
		return
	}
	s := p.current(a)
	if p.marked == "" || s == nil || p.marked == s.ID {
		a.say("mark a session with m, go to another one, and press c")
		return
	}
	from, to, text := p.marked, s.ID, ""
	a.beside("comparing", func() (err error) {
		text, err = a.options.Actions.Compare(from, to)
		return err
	}, func(err error) {
		if err != nil {
			a.fail(err)
			return
		}
		a.message = ""
		a.open(newPager("compare "+from+" "+to, text))
	})
}

// endSession ends an open session, or takes one that has ended off the list.
func (a *App) endSession() {
	s := a.session()
	switch {
	case s == nil:
	case !s.Ended.IsZero() || !a.options.Live:
		a.confirm("take session "+s.ID+" off this list?", func() {
			a.model.Forget(func(one *Session) bool { return one == s })
		})
	case a.options.Actions.End == nil:
		a.say("sessions cannot be ended from here")
	default:
		a.confirm("end session "+s.ID+"?", func() {
			a.beside("ending the session", func() error { return a.options.Actions.End(s.ID) }, func(err error) {
				a.message = ""
				if err != nil {
					a.fail(err)
				}
			})
		})
	}
}

func (a *App) clear() {
	a.confirm("clear the sessions that have ended?", func() {
		a.over = nil
		a.model.Forget(func(s *Session) bool { return !s.Ended.IsZero() })
	})
}

// transcriptText is what is shown of a session, as text.
func (a *App) transcriptText(s *Session) string {
	var b strings.Builder
	for i := range a.visible(s) {
		e := s.Rows[a.nth(s, i)].Event
		b.WriteString(e.Time.UTC().Format("15:04:05.000000 "))
		b.WriteString(arrow(e))
		b.WriteString("  ")
		b.WriteString(headline(e))
		b.WriteByte('\n')
		if n := note(e); n != "" {
			b.WriteString("                      # " + n + "\n")
		}
	}
	return b.String()
}
