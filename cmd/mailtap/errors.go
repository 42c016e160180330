package main

import (
	"errors"
	"fmt"
	"strings"

	"mailtap/parse/wire"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1 // at run time
	exitUsage  = 2 // the command line is wrong
	exitNotOK  = 3 // it ran, and its answer is "not as it should be"
)

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

// usagef makes a usage error; it says what would be right.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// asUsage makes err a usage error, if it is one at all.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// notAsItShouldBe is the answer of a command that ran well and found that
// something else is not. Its text may be empty where all was said on stdout.
type notAsItShouldBe struct{ what string }

func (n notAsItShouldBe) Error() string { return n.what }

// exitStatus is the status that goes with an error.
func exitStatus(err error) int {
	var (
		usage usageError
		notOK notAsItShouldBe
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &notOK):
		return exitNotOK
	}
	return exitFailed
}

// errorLine is an error as the one line that users see; "" if there is nothing
// to say. Names from the wire or of files may be in it, so it is escaped.
func errorLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if text == "" {
		return ""
	}
	return "mailtap: " + wire.Escape([]byte(text))
}
