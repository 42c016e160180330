//go:build unix

package view

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// notStopped is how long a stop may be in coming: a process group that has no
// shell to bring it back is not stopped at all.
const notStopped = 300 * time.Millisecond

// suspend stops mailtap until the user says fg. Where a proxy runs in this
// process and has sessions, those would hang: that is asked first.
func (a *App) suspend() {
	if a.options.Parting != "" && a.model.open() > 0 {
		a.confirm("suspend? the proxy stops with it, and its sessions wait", a.stop)
		return
	}
	a.stop()
}

// stop gives the terminal back to the shell until the user says fg. The
// terminal may be taken again only after that: kill returns before the stop.
func (a *App) stop() {
	if err := a.screen.Suspend(); err != nil {
		a.fail(err)
		return
	}
	back := make(chan os.Signal, 1)
	signal.Notify(back, syscall.SIGCONT)
	defer signal.Stop(back)
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		a.fail(err)
	}
	select {
	case <-back:
	case <-time.After(notStopped): // a stopped process finds this expired, and both say the same
	}
	if err := a.screen.Resume(); err != nil { // the terminal is gone, and drawing on it would never end
		a.quit = true
		return
	}
	a.screen.Sync()
}
