package peertest

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// stopProcess asks a process to end, waits for that, and kills it if it takes too long.
func stopProcess(pid int, patience time.Duration) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	return fmt.Errorf("process %d did not end within %v, and was killed", pid, patience)
}
