// Package view is mailtap's terminal viewer: what clients and servers say, as
// it comes or from captures, on one screen.
//
//	Source --Batch--> Model (what came) --> pane.draw --> tcell.Screen
//	keys, mouse --> bindings --> App (where the user looks) --^
//
// One goroutine owns the model and the screen; sources and signals only send
// to it. It takes everything that waits, then draws once. What takes longer
// than a frame (filtering, searching a million events) is a job that runs
// between frames and says how far it is.
//
// Every key stands in one table (keys.go): what it does, where, and what ?
// and the status line say of it. A new view is a pane (see pane), a new key a
// row of that table.
package view

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view/widget"
)

// Batch is what a Source has: items in their order, and what it had to leave out.
type Batch struct {
	Items    []wire.Item
	Outlines []Outline // of a library's sessions
	Passing  bool      // the items are a library's: they are looked at, and not held
	Left     Left
	Say      string  // a message for the user
	Done     float64 // how much of a capture has been read, 0 to 1; 0 where nobody knows
}

// Source is where events come from: a proxy in this process, a control
// endpoint, captures. Next waits for more; io.EOF says that nothing more will
// come, and any other error is shown.
type Source interface {
	Next(ctx context.Context) (Batch, error)
}

// Export is one way to write sessions to a file.
type Export struct {
	Key   rune
	Title string
	Name  string // of the file, as a suggestion; %s is the session's id
	Do    func(sessions []string, path string) error
}

// Actions are what the viewer can ask of its surroundings. A nil one is not offered.
type Actions struct {
	Save func(session, path string) error // a session as a capture
	// Mark keeps a user's mark on an event where the session is kept: text is
	// the comment or event.MarkAlone, and "" takes the mark away. It gives what
	// the user should know of that, or nothing.
	Mark    func(on *event.Event, text string) (told string, err error)
	Compare func(a, b string) (string, error)
	End     func(session string) error
	Exports []Export
}

// Options are what a viewer needs.
type Options struct {
	Source  Source
	Library Library  // what the source cannot give whole, or of a live one lets go of; nil where nothing has it
	Title   string   // what is looked at: "proxy", a capture's name
	Live    bool     // events come as they happen
	CAFile  string   // the CA's certificate, for the lines that tell how to try it
	Trust   []string // the command that has this machine trust it; nil where none does
	Filter  string   // the filter to begin with
	Mono    bool     // NO_COLOR
	Parting string   // what leaving ends, for the question before it; "" asks nothing
	Keep    int64    // octets to hold for opening; 0 takes 64 MiB
	Lines   int64    // octets that lines may take in a live viewer; 0 takes 256 MiB
	Actions Actions
	Now     func() time.Time // nil: time.Now
}

// App is a running viewer: where the user looks, and what is being asked.
type App struct {
	options Options
	screen  tcell.Screen
	palette *widget.Palette
	model   *Model
	now     func() time.Time

	tab      tab
	tabsAt   [tabs][2]int // where their names stand in the first row
	panes    [tabs]pane
	over     []pane // what was opened above the tab: transcript, detail; the last is on top
	popup    popup
	held     bool // the mouse's button is
	input    *prompt
	prompts  map[string]*widget.Input
	message  string
	bad      bool // the message is about a failure
	filter   filter
	search   search
	job      *job
	reading  *reading
	shelf    []*Session // that were loaded, the last used one first
	sifting  *sifting
	ctx      context.Context // ends with the viewer
	leave    context.CancelFunc
	calls    chan func() // what ended beside, to be finished here
	busy     int         // how many things run beside
	progress float64
	bounded  bool  // the user was told that not all is held
	ended    error // why the source stopped; nil while it runs
	quit     bool
}

// New makes a viewer on a screen that was initialised. It draws nothing yet.
func New(screen tcell.Screen, o Options) *App {
	if o.Keep == 0 {
		o.Keep = 64 << 20
	}
	if o.Lines == 0 {
		o.Lines = 256 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &App{
		options: o, screen: screen, now: o.Now,
		palette: widget.NewPalette(screen.Colors(), o.Mono),
		model:   NewModel(o.Keep),
		prompts: map[string]*widget.Input{},
		calls:   make(chan func(), 16),
	}
	a.ctx, a.leave = context.WithCancel(context.Background())
	a.panes = [tabs]pane{newSessions(), newFindings(), newAccounts(), newTLS(), newLog()}
	if o.Filter != "" {
		a.setFilter(o.Filter)
	}
	return a
}

// Run shows events until the user leaves, ctx ends, or the screen goes away.
// The terminal is put back whatever happens; a panic is given as an error.
func Run(ctx context.Context, screen tcell.Screen, o Options) (err error) {
	if err := screen.Init(); err != nil {
		return fmt.Errorf("opening the terminal: %w", err)
	}
	defer screen.Fini()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the viewer stopped over a mistake of its own: %v", r)
		}
	}()
	screen.EnableMouse(tcell.MouseButtonEvents)
	screen.EnablePaste()
	for r, plain := range fallbacks {
		screen.RegisterRuneFallback(r, plain)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := New(screen, o)
	defer a.leave()
	return a.loop(ctx, keys(ctx, screen), feed(ctx, o.Source))
}

// fallbacks stand for characters that the terminal's character set lacks.
var fallbacks = map[rune]string{'…': "~", '·': ".", '→': ">", '↑': "^", '↓': "v", '─': "-", '│': "|", '┌': "+", '┐': "+", '└': "+", '┘': "+", '●': "*", '✗': "x", 'µ': "u", '▸': ">", '▾': "v"}

// keys sends what the terminal has to say. It ends with the screen.
func keys(ctx context.Context, screen tcell.Screen) <-chan tcell.Event {
	ch := make(chan tcell.Event, 64)
	go func() {
		defer close(ch)
		for {
			ev := screen.PollEvent()
			if ev == nil {
				return
			}
			select {
			case ch <- ev:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch
}

type fed struct {
	Batch
	err error
}

// feed sends what the source has. It ends with the source or ctx.
func feed(ctx context.Context, source Source) <-chan fed {
	ch := make(chan fed, 16)
	if source == nil {
		return ch
	}
	go func() {
		for {
			var batch Batch
			err := guarded(func() (err error) {
				batch, err = source.Next(ctx)
				return err
			})
			select {
			case ch <- fed{batch, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return ch
}

// loop takes everything that waits, does a slice of the job, draws once.
func (a *App) loop(ctx context.Context, keys <-chan tcell.Event, fed <-chan fed) error {
	clock := time.NewTicker(time.Second) // durations of open sessions
	defer clock.Stop()
	a.Draw()
	for !a.quit {
		if a.job == nil {
			select {
			case ev, ok := <-keys:
				if !ok {
					return nil
				}
				a.Handle(ev)
			case b := <-fed:
				a.take(b)
			case call := <-a.calls:
				call()
			case <-clock.C:
			case <-ctx.Done():
				return nil
			}
		}
		a.drain(keys, fed)
		if a.quit { // there may be no terminal to draw on any more
			break
		}
		a.work(sliceOfWork)
		a.Draw()
	}
	return nil
}

// drain takes what else waits, for a frame's time at the most.
func (a *App) drain(keys <-chan tcell.Event, fed <-chan fed) {
	for end := time.Now().Add(frame); !a.quit && time.Now().Before(end); {
		select {
		case ev, ok := <-keys:
			if !ok {
				a.quit = true
				return
			}
			a.Handle(ev)
		case b := <-fed:
			a.take(b)
		case call := <-a.calls:
			call()
		default:
			return
		}
	}
}

const (
	frame       = 30 * time.Millisecond
	sliceOfWork = 15 * time.Millisecond
)

func (a *App) take(b fed) {
	a.Add(b.Batch)
	if b.err != nil {
		a.model.surveyed()
	}
	switch {
	case b.err == io.EOF:
		a.ended, a.progress = io.EOF, 0
		if a.options.Live {
			a.say("the proxy has ended; what came is still here")
		}
	case b.err != nil:
		a.ended, a.progress = b.err, 0
		a.fail(b.err)
	}
}

// Add takes a batch into the model.
func (a *App) Add(b Batch) {
	for i := range b.Outlines {
		a.model.outline(&b.Outlines[i])
	}
	if b.Passing {
		a.model.Survey(b.Items)
	} else {
		a.model.Add(b.Items)
	}
	a.model.less(b.Left)
	a.bound()
	if b.Say != "" {
		a.say("%s", b.Say)
	}
	a.progress = b.Done
	if a.filter.compiled != nil && a.job == nil && len(b.Items) > 0 && !b.Passing {
		a.startFilter()
	}
}

func (a *App) say(format string, args ...any) {
	a.message, a.bad = fmt.Sprintf(format, args...), false
}

func (a *App) fail(err error) { a.message, a.bad = err.Error(), true }
