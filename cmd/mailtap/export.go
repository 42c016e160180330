package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/captures"
)

const exportExample = `  mailtap export --to eml --out mail/ today.pcapng
  mailtap export --to html --out report.html today.pcapng#AE7QK2M7QA
  mailtap export --to pcapng --filter 'user == "alice"' --out alice.pcapng today.pcapng
  mailtap export --to pcapng --share --out public.pcapng today.pcapng
  mailtap export --to json today.pcapng > today.jsonl`

const exportLong = `Writes what a capture holds in another form:
  json      one event a line, as show --format json
  markdown  the annotated transcript, for an issue or a chat
  html      a report in one file, to read, print or send
  eml       each message that went by as a file of its own in the folder PATH,
            named by date and subject; what is not all of a message is called
            "... (incomplete).eml", and PATH/messages.jsonl says of each where
            it is from and what part of it was seen
  mbox      the same messages in one file (mboxrd)
  pcapng    sessions as a capture again, those that --filter lets through
  raw       both directions, byte for byte: PATH.client and PATH.server
  rawlog    both directions as Dovecot logs them: PATH.in and PATH.out
With --share (json, markdown, html, pcapng) every name of a user, host or
mailbox, every address, subject and message text is replaced by a stand-in of
the same length, so that a session can be posted in public and still be
diagnosed. Times, sizes, flags and what servers say stay: look it over.
raw and rawlog put the session's id behind PATH where there are several, and a
PATH that ends in / is a directory, which is made: PATH/session.client
CAPTURE#SESSION is one session.`

// exportOptions are what `mailtap export` is told.
type exportOptions struct {
	capture     string
	to          string
	out         string
	filter      string
	share       bool
	showSecrets bool
}

// exportForm is one of the forms.
type exportForm struct {
	write    func(o exportOptions, std streams) error
	path     string // what PATH is, where it has to be given
	unfilter string // why there is no --filter
	share    bool   // --share goes with it
}

const everyByte = "is every byte; one session is CAPTURE#SESSION"

var exportForms = map[string]exportForm{
	"json":     {write: exportText, share: true},
	"markdown": {write: exportText, share: true},
	"html":     {write: exportText, share: true},
	"eml":      {write: exportEML, path: "makes a file a message: say in which folder"},
	"mbox":     {write: exportMbox},
	"pcapng":   {write: exportPcapng, path: "writes a capture: say where", share: true},
	"raw":      {write: exportRaw, path: "writes two files: say where", unfilter: everyByte},
	"rawlog":   {write: exportRaw, path: "writes two files: say where", unfilter: everyByte},
}

var exportNames = []string{"json", "markdown", "html", "eml", "mbox", "pcapng", "raw", "rawlog"}

func newExport(std streams) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:     "export [flags] CAPTURE",
		Short:   "Write a recording in another form",
		Long:    exportLong,
		Example: exportExample,
		GroupID: groupRead,
		Args:    exactly(1, "CAPTURE", "mailtap export --to raw --out session today.pcapng"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.capture = args[0]
			return runExport(o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", strings.Join(exportNames, ", "))
	completeWords(cmd, "to", exportNames...)
	f.StringVar(&o.out, "out", "", "write to `PATH` (default stdout, where the form is one text)")
	addFilter(cmd, &o.filter)
	f.BoolVar(&o.share, "share", false, "put stand-ins for names, addresses, mailboxes and message text, to show it in public")
	f.BoolVar(&o.showSecrets, "show-secrets", false, "keep passwords readable, where they were recorded so")
	return cmd
}

func runExport(o exportOptions, std streams) error {
	form, ok := exportForms[o.to]
	switch {
	case o.to == "":
		return usagef("mailtap export needs --to, as in: mailtap export --to raw --out session %s", o.capture)
	case !ok:
		return usagef("--to %q: it is one of %s", o.to, strings.Join(exportNames, ", "))
	case form.path != "" && o.out == "":
		return usagef("--to %s %s with --out PATH", o.to, form.path)
	case form.unfilter != "" && o.filter != "":
		return usagef("--filter does not go with --to %s, which %s", o.to, form.unfilter)
	case o.share && !form.share:
		return usagef("--share goes with json, markdown, html and pcapng, and not with %s", o.to)
	case o.share && o.showSecrets:
		return usagef("--share and --show-secrets do not go together")
	}
	if _, err := compileFilter(o.filter); err != nil {
		return err
	}
	return form.write(o, std)
}

// exportText writes one text to stdout or to a file.
func exportText(o exportOptions, std streams) error {
	s := showOptions{captures: []string{o.capture}, format: o.to, filter: o.filter, showSecrets: o.showSecrets}
	return o.into(std, func(std streams) error {
		if o.share {
			return exportShared(o, s, std)
		}
		return runShow(s, std)
	})
}

// into has write write to PATH, or to stdout. The file is there for nobody
// else to read, and keeps its name only if it could be opened.
func (o *exportOptions) into(std streams, write func(streams) error) error {
	if o.out == "" {
		return write(std)
	}
	r, err := captures.Open(o.capture) // before PATH is emptied
	if err != nil {
		return err
	}
	r.Close()
	if same(o.out, r.Path()) {
		return usagef("--out %s is the capture itself", o.out)
	}
	f, err := os.OpenFile(o.out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	if err := f.Chmod(0o600); err != nil && errors.Is(err, os.ErrPermission) { // it may have been there, for all to read
		f.Close()
		return fmt.Errorf("exporting: %w", err)
	}
	std.out = f
	return errors.Join(write(std), f.Close())
}

// same reports whether two names are of one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// warnCut makes of a capture that was cut a warning.
func warnCut(r *captures.Reader, err error, warnings io.Writer) error {
	if err == nil || errors.Is(err, captures.ErrTruncated) {
		warnNoMail(r, warnings)
	}
	if errors.Is(err, captures.ErrTruncated) {
		fmt.Fprintln(warnings, errorLine(err))
		return nil
	}
	return err
}
