package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"mailtap/captures"
	"mailtap/captures/export"
)

const exportExample = `  mailtap export --to raw --out session today.pcapng#AE7QK2M7QA
  mailtap export --to json today.pcapng > today.jsonl`

// exportOptions are what `mailtap export` is told.
type exportOptions struct {
	capture     string
	to          string
	out         string
	filter      string
	showSecrets bool
}

func newExport(std streams) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [flags] CAPTURE",
		Short: "Write a recording in another form",
		Long: `Writes what a capture holds in another form:
  raw       both directions, byte for byte: PATH.client and PATH.server
            (PATH.SESSION.client and so on, where there are several sessions)
  json      one event a line, as show --format json
  markdown  the annotated transcript, for an issue or a chat
CAPTURE#SESSION is one session.`,
		Example: exportExample,
		GroupID: groupRead,
		Args:    exactly(1, "CAPTURE", "mailtap export --to raw --out session today.pcapng"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.capture = args[0]
			return runExport(o, std)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.to, "to", "", "raw, json or markdown")
	completeWords(cmd, "to", "raw", "json", "markdown")
	f.StringVar(&o.out, "out", "", "write to `PATH` (default stdout, where the form is one text)")
	addFilter(cmd, &o.filter)
	f.BoolVar(&o.showSecrets, "show-secrets", false, "keep passwords readable, where they were recorded so")
	return cmd
}

func runExport(o exportOptions, std streams) error {
	switch o.to {
	case "raw":
		return exportRaw(o, std)
	case "json", "markdown", "html":
		return exportText(o, std)
	case "":
		return usagef("mailtap export needs --to, as in: mailtap export --to raw --out session %s", o.capture)
	}
	return usagef("--to %q: it is raw, json or markdown", o.to)
}

// exportRaw writes both directions to files, and names them on stderr.
func exportRaw(o exportOptions, std streams) error {
	if o.out == "" {
		return usagef("--to raw writes two files: say where with --out PATH")
	}
	if o.filter != "" {
		return usagef("--filter does not go with --to raw, which is every byte; one session is CAPTURE#SESSION")
	}
	r, err := captures.Open(o.capture)
	if err != nil {
		return err
	}
	defer r.Close()
	r.ShowSecrets = o.showSecrets
	result, err := export.Raw(r, o.out)
	if err = warnCut(err, std.err); err != nil {
		return err
	}
	for _, path := range result.Files {
		fmt.Fprintln(std.err, "mailtap: wrote", path)
	}
	if result.Missing > 0 {
		fmt.Fprintf(std.err, "mailtap: %d bytes of messages were not recorded; as many others stand in their place\n", result.Missing)
	}
	return nil
}

// exportText writes one text to stdout or to a file.
func exportText(o exportOptions, std streams) error {
	s := showOptions{captures: []string{o.capture}, format: o.to, filter: o.filter, showSecrets: o.showSecrets}
	if o.out == "" {
		return runShow(s, std)
	}
	if _, err := compileFilter(o.filter); err != nil {
		return err
	}
	f, err := os.OpenFile(o.out, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	std.out = f
	return errors.Join(runShow(s, std), f.Close())
}

// warnCut makes of a capture that was cut a warning.
func warnCut(err error, warnings io.Writer) error {
	if errors.Is(err, captures.ErrTruncated) {
		fmt.Fprintln(warnings, errorLine(err))
		return nil
	}
	return err
}
