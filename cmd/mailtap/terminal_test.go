package main

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// A vt100 of today is not waited for.
func TestNoPadding(t *testing.T) {
	info, err := tcell.LookupTerminfo("vt100")
	if err != nil {
		t.Fatal(err)
	}
	vt100 := *info
	vt100.SetCursor = "\x1b[%i%p1%d;%p2%dH$<5>" // as it is, should another test have been here
	if !patient(&vt100) || vt100.SetCursor != "\x1b[%i%p1%d;%p2%dH" || strings.Contains(vt100.Clear, "$<") {
		t.Errorf("SetCursor is %q, Clear %q", vt100.SetCursor, vt100.Clear)
	}
	if patient(&vt100) {
		t.Error("pauses are found where there are none")
	}
}
