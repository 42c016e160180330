package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"mailtap/view"
)

// viewExports are the viewer's ways to write a session to a file. from calls
// export with the capture that has it, as CAPTURE#SESSION.
func viewExports(from func(session string, export func(capture string) error) error) []view.Export {
	var all []view.Export
	for _, e := range []struct {
		key   rune
		title string
		name  string
		to    string
		share bool
	}{
		{'h', "report (HTML)", "%s.html", "html", false},
		{'m', "transcript (Markdown)", "%s.md", "markdown", false},
		{'j', "events (JSON lines)", "%s.jsonl", "json", false},
		{'e', "messages, a file each", "%s-mail", "eml", false},
		{'b', "messages (mbox)", "%s.mbox", "mbox", false},
		{'r', "octets of both sides", "%s", "raw", false},
		{'l', "Dovecot's rawlog", "%s", "rawlog", false},
		{'s', "capture to share: with stand-ins", "%s-shared.pcapng", "pcapng", true},
		{'S', "report to share: with stand-ins", "%s-shared.html", "html", true},
	} {
		all = append(all, view.Export{Key: e.key, Title: e.title, Name: e.name, Do: func(sessions []string, path string) error {
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) && e.to != "eml" {
				return fmt.Errorf("%s is there already", path)
			}
			for _, id := range sessions {
				err := from(id, func(capture string) error {
					o := exportOptions{capture: capture, to: e.to, out: path, share: e.share}
					return runExport(o, streams{out: io.Discard, err: io.Discard})
				})
				if err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return all
}

// named is CAPTURE#SESSION for the capture that has a session.
func (s *captureSource) named(id string) (string, error) {
	r, err := s.holding(id)
	if err != nil {
		return "", err
	}
	defer r.Close()
	return r.Path() + "#" + id, nil
}
