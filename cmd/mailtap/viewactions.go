package main

import (
	"fmt"
	"os"
	"path/filepath"

	"mailtap/view"
)

// opener opens captures that have the sessions named; done lets go of them.
type opener func(ids ...string) (source *captureSource, done func(), err error)

// actions are what the viewer can do with sessions that stand in captures.
func (open opener) actions() view.Actions {
	return view.Actions{
		Save: func(id, path string) error {
			source, done, err := open(id)
			if err != nil {
				return err
			}
			defer done()
			return source.save(id, path)
		},
		Compare: func(a, b string) (string, error) {
			source, done, err := open(a, b)
			if err != nil {
				return "", err
			}
			defer done()
			return source.compare(a, b)
		},
		Exports: viewExports(func(id string, export func(capture string) error) error {
			source, done, err := open(id)
			if err != nil {
				return err
			}
			defer done()
			capture, err := source.named(id)
			if err != nil {
				return err
			}
			return export(capture)
		}),
	}
}

// apart opens sessions that no capture has: save writes each to one of its
// own, which is there for as long as it is used.
func apart(save func(id, path string) error) opener {
	return func(ids ...string) (*captureSource, func(), error) {
		dir, err := os.MkdirTemp("", "mailtap-")
		if err != nil {
			return nil, nil, fmt.Errorf("making room for captures: %w", err)
		}
		done := func() { os.RemoveAll(dir) }
		var files []string
		for _, id := range ids {
			path := filepath.Join(dir, filepath.Base(id)+".pcapng")
			if err := save(id, path); err != nil {
				done()
				return nil, nil, err
			}
			files = append(files, path)
		}
		source, err := openCaptures(files)
		if err != nil {
			done()
			return nil, nil, err
		}
		return source, func() { source.close(); done() }, nil
	}
}
