package view

import (
	"context"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// givenBack counts how often a screen gives the terminal back.
type givenBack struct {
	tcell.SimulationScreen
	times int
}

func (s *givenBack) Fini() {
	s.times++
	s.SimulationScreen.Fini()
}

// broken is a screen on which drawing goes wrong.
type broken struct{ *givenBack }

func (broken) ShowCursor(int, int) { panic("drawing") }
func (broken) HideCursor()         { panic("drawing") }

// TestPanicRestoresTerminal: a mistake of the viewer's own gives the terminal
// back and is told.
func TestPanicRestoresTerminal(t *testing.T) {
	s := broken{&givenBack{SimulationScreen: tcell.NewSimulationScreen("UTF-8")}}
	err := Run(context.Background(), s, Options{})
	if err == nil || !strings.Contains(err.Error(), "drawing") {
		t.Errorf("Run = %v, want the panic", err)
	}
	if s.times == 0 {
		t.Error("the terminal was not given back")
	}
}

// panics is a source that goes wrong.
type panics struct{}

func (panics) Next(context.Context) (Batch, error) { panic("reading") }

// TestPanicBeside: what goes wrong beside the screen is shown on it.
func TestPanicBeside(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if got := <-feed(ctx, panics{}); got.err == nil || !strings.Contains(got.err.Error(), "reading") {
		t.Errorf("a source that panics gives %v", got.err)
	}
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	a.beside("exporting", func() error { panic("writing") }, func(err error) {
		if err != nil {
			a.fail(err)
		}
	})
	a.finish()
	a.Draw()
	if got := text(s); !strings.Contains(got, "writing") {
		t.Errorf("the screen does not say what went wrong:\n%s", got)
	}
}
