package main

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// newScreen opens this terminal. One that this machine does not describe is
// taken for the one that its name begins with ("xterm-16color", "xterm-ghostty"),
// as those are made to be.
func newScreen(term string) (tcell.Screen, error) {
	screen, err := tcell.NewScreen()
	for name := term; err != nil; {
		i := strings.LastIndexAny(name, "-.+")
		if i <= 0 {
			break
		}
		name = name[:i]
		info, unknown := tcell.LookupTerminfo(name)
		if unknown != nil {
			continue
		}
		if found, nope := tcell.NewTerminfoScreenFromTtyTerminfo(nil, info); nope == nil {
			return found, nil
		}
	}
	return screen, err
}
