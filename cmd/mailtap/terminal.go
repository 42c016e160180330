package main

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"
)

// newScreen opens this terminal. One that this machine does not describe is
// taken for the one that its name begins with ("xterm-16color", "xterm-ghostty"),
// as those are made to be.
func newScreen(term string) (tcell.Screen, error) {
	tcell.SetEncodingFallback(tcell.EncodingFallbackASCII) // of a locale that is neither UTF-8 nor ASCII
	if info, err := tcell.LookupTerminfo(term); err == nil && patient(info) {
		return tcell.NewTerminfoScreenFromTtyTerminfo(nil, info)
	}
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
		patient(info)
		if found, nope := tcell.NewTerminfoScreenFromTtyTerminfo(nil, info); nope == nil {
			return found, nil
		}
	}
	return screen, err
}

// padding asks for a pause behind a control sequence, of 5 ms in "$<5>".
var padding = regexp.MustCompile(`\$<[0-9.]+[*/]*>`)

// patient takes out of info the pauses that a terminal of its kind needed when
// it was a machine, and reports whether there were any. What emulates one today
// needs none, and on a vt100 each move of the cursor would cost 5 ms.
func patient(info *terminfo.Terminfo) bool {
	found := false
	fields := reflect.ValueOf(info).Elem()
	for i := range fields.NumField() {
		if f := fields.Field(i); f.Kind() == reflect.String && f.CanSet() {
			without := padding.ReplaceAllString(f.String(), "")
			found = found || without != f.String()
			f.SetString(without)
		}
	}
	return found
}
