//go:build !unix

package view

// suspend says that this system has no job control.
func (a *App) suspend() { a.say("this system cannot suspend a program") }
