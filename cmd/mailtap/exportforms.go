package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"mailtap/captures"
	"mailtap/captures/export"
	"mailtap/captures/share"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// open opens the capture, with progress on a terminal.
func (o *exportOptions) open(std streams) (r *captures.Reader, accept func(*event.Event) bool, err error) {
	if accept, err = compileFilter(o.filter); err != nil {
		return nil, nil, err
	}
	if r, err = captures.Open(o.capture); err != nil {
		return nil, nil, err
	}
	r.ShowSecrets = o.showSecrets
	r.Progress = progressOn(std.err)
	return r, accept, nil
}

// exportRaw writes both directions to files, and names them on stderr.
func exportRaw(o exportOptions, std streams) error {
	r, _, err := o.open(std)
	if err != nil {
		return err
	}
	defer r.Close()
	write := export.Raw
	if o.to == "rawlog" {
		write = export.Rawlog
	}
	result, err := write(r, o.out)
	if err = warnCut(r, err, std.err); err != nil {
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

// exportEML writes each message to a file of its own.
func exportEML(o exportOptions, std streams) error {
	r, accept, err := o.open(std)
	if err != nil {
		return err
	}
	defer r.Close()
	result, err := export.EML(r, o.out, export.MailOptions{Accept: accept})
	if err = warnCut(r, err, std.err); err != nil {
		return err
	}
	tellMail(std.err, result, o.out)
	return nil
}

// exportMbox writes all messages to one file.
func exportMbox(o exportOptions, std streams) error {
	if info, err := os.Stat(o.out); err == nil && info.Mode().IsRegular() && info.Size() > 0 { // mail, it may be
		return usagef("--out %s is there already: choose another name", o.out)
	}
	return o.into(std, func(std streams) error {
		r, accept, err := o.open(std)
		if err != nil {
			return err
		}
		defer r.Close()
		result, err := export.Mbox(r, std.out, "", export.MailOptions{Accept: accept})
		if err = warnCut(r, err, std.err); err != nil {
			return err
		}
		tellMail(std.err, result, o.out)
		return nil
	})
}

// tellMail says what was written, and what was not.
func tellMail(w io.Writer, r export.MailResult, path string) {
	if path == "" {
		path = "stdout"
	}
	fmt.Fprintf(w, "mailtap: wrote %s to %s", plural(r.Messages, "message", "messages"), path)
	if r.Incomplete > 0 {
		fmt.Fprintf(w, ", %d of them incomplete", r.Incomplete)
	}
	fmt.Fprintln(w)
	if r.Again > 0 {
		fmt.Fprintf(w, "mailtap: %s again, and not written twice\n", plural(r.Again, "message went by", "messages went by"))
	}
	if r.Headers > 0 {
		fmt.Fprintf(w, "mailtap: of %s only header fields went by: left out\n", plural(r.Headers, "message", "messages"))
	}
}

// exportPcapng writes sessions to a new capture.
func exportPcapng(o exportOptions, std streams) error {
	r, accept, err := o.open(std)
	if err != nil {
		return err
	}
	defer r.Close()
	if o.showSecrets {
		return usagef("--show-secrets does not go with --to pcapng: copy the file instead")
	}
	if _, err := os.Lstat(o.out); !errors.Is(err, os.ErrNotExist) {
		return usagef("--out %s is there already: choose another name", o.out)
	}
	var source export.Source = r
	if o.share {
		source = share.New(r)
	}
	n, err := export.Pcapng(source, o.out, export.PcapngOptions{Version: version(), Accept: accept})
	if err = warnCut(r, err, std.err); err != nil {
		return err
	}
	fmt.Fprintf(std.err, "mailtap: wrote %s to %s\n", plural(n, "session", "sessions"), o.out)
	return nil
}

// exportShared writes one text of what may be shown in public.
func exportShared(o exportOptions, s showOptions, std streams) error {
	r, _, err := o.open(std)
	if err != nil {
		return err
	}
	defer r.Close()
	s.captures = []string{"a shared recording"} // a file's name may tell whose it is
	out, err := s.open(std.out)
	if err != nil {
		return err
	}
	err = share.New(r).Walk(func(item wire.Item) error {
		if item.Event == nil {
			return nil
		}
		return out.Event(item.Event)
	})
	return errors.Join(warnCut(r, err, std.err), out.Close())
}
