//go:build unix

package view

import "syscall"

// suspend gives the terminal back to the shell until the user says fg.
func (a *App) suspend() {
	if err := a.screen.Suspend(); err != nil {
		a.fail(err)
		return
	}
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		a.fail(err)
	}
	if err := a.screen.Resume(); err != nil {
		a.quit = true
	}
	a.screen.Sync()
}
