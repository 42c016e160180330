//go:build !unix

package peertest

import (
	"os"
	"os/exec"
	"time"
)

// Without process groups and SIGTERM a process is ended alone, and at once. No
// mail server of the tests runs on such a system.

func stopProcess(pid int, _ time.Duration) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return nil
	}
	return p.Kill()
}

func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func asUser(*exec.Cmd, int, int) {}
