// Command mailtap is a TLS-terminating man-in-the-middle proxy for POP3 and
// IMAP that shows what clients and servers say to one another.
//
// One file holds one subcommand: flags into a struct of options, and one call.
// A new subcommand is such a file, a line in newRoot, and a testscript in
// testdata that states what it promises.
package main

import (
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// streams are what a command reads from and writes to.
type streams struct {
	in       io.Reader
	out, err io.Writer
}
