package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// keyLogs are the variables that name a file for TLS secrets in NSS's format:
// the one that every program knows, and one for mailtap alone.
var keyLogs = []string{"SSLKEYLOGFILE", "MAILTAP_SSLKEYLOGFILE"}

// keyLog is where the secrets of TLS connections go, for Wireshark.
type keyLog struct {
	io.Writer // nil for nowhere
	files     []*os.File
}

func openKeyLog() (*keyLog, error) {
	k := &keyLog{}
	var writers []io.Writer
	seen := map[string]bool{}
	for _, name := range keyLogs {
		path := os.Getenv(name)
		if path == "" || seen[path] {
			continue
		}
		seen[path] = true
		f, err := appendTo(path)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), k.close())
		}
		k.files = append(k.files, f)
		writers = append(writers, f)
	}
	if len(writers) > 0 {
		k.Writer = io.MultiWriter(writers...)
	}
	return k, nil
}

func (k *keyLog) close() error {
	var errs []error
	for _, f := range k.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
