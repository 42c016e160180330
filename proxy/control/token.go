package control

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// DefaultTokenFile is where the token lives without --control-token: viewers
// of the same user find it there.
func DefaultTokenFile() (string, error) {
	dir, err := RuntimeDir()
	return filepath.Join(dir, "token"), err
}

// MakeToken reads the token of file, and makes one of 130 random bits where
// there is none.
func MakeToken(file string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", fmt.Errorf("making the control token: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ReadToken(file)
	}
	if err != nil {
		return "", fmt.Errorf("making the control token: %w", err)
	}
	token := rand.Text()
	_, err = f.WriteString(token + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", fmt.Errorf("making the control token: %w", err)
	}
	return token, nil
}

// ReadToken reads the token of file, and refuses one that others may read.
func ReadToken(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("reading the control token: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return "", fmt.Errorf("reading the control token %s: others may read it (mode %04o); make another, and keep it at mode 0600", file, mode)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the control token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < 16 || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("reading the control token %s: a token is one word of 16 characters or more; remove the file, and mailtap proxy makes one", file)
	}
	return token, nil
}
