//go:build unix

package peertest

import (
	"errors"
	"fmt"
	"os/exec"
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

// ownGroup gives cmd a process group of its own, so that all of it can be ended
// and it ends nobody else.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends cmd, begun in a group of its own, and what it started.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// asUser has cmd, begun in a group of its own, run as another user.
func asUser(cmd *exec.Cmd, uid, gid int) {
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
