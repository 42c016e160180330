package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"mailtap/parse/wire"
)

// passwordVariable is where a password may stand that is neither in a file nor
// typed. On the command line every user of the machine could read it.
const passwordVariable = "MAILTAP_PASSWORD"

// tokenVariable is where an OAuth2 access token may stand.
const tokenVariable = "MAILTAP_TOKEN"

// readPassword takes the password of user from a file, the environment, or a
// terminal, the first of these that there is.
func readPassword(user, file string, std streams) (string, error) {
	if file != "" {
		return secretIn("password-file", file)
	}
	if text, ok := os.LookupEnv(passwordVariable); ok {
		return text, nil
	}
	in, ok := std.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", usagef("--user needs a password: give --password-file FILE, set %s, or run it on a terminal", passwordVariable)
	}
	fmt.Fprintf(std.err, "password of %s: ", wire.Escape([]byte(user)))
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(std.err)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(text), nil
}

// secretIn is the first line of the file that a flag names.
func secretIn(flag, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return "", fmt.Errorf("--%s: %w", flag, err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
		return "", fmt.Errorf("--%s %s: its first line is empty", flag, path)
	}
	return string(line), nil
}
