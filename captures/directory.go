package captures

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// directory is a folder with a file a session.
type directory struct {
	path    string
	options Options
	open    map[string]*file  // by session
	names   map[string]string // of sessions that closed, the last ones: findings may come late
	order   []string          // of names
	spare   int64             // octets that may still be written before sizes are looked at again
}

// fileName is what capture files of sessions are called, so that no other file
// in the folder is ever taken for one.
var fileName = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d{6}Z-(imap|pop3)-[A-Za-z0-9]+\.pcapng$`)

func newDirectory(path string, o Options) (*directory, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("recording to %s: %w", path, cause(err))
	}
	d := &directory{path: path, options: o, open: map[string]*file{}, names: map[string]string{}}
	probe, err := os.CreateTemp(path, ".mailtap-*") // says at once what would fail at the first session
	if err != nil {
		return nil, fmt.Errorf("recording to %s: %w", path, cause(err))
	}
	probe.Close()
	return d, os.Remove(probe.Name())
}

// file is the one that item belongs to: a new one for a session.open, an old
// one again for what comes after a session's close, or nil.
func (d *directory) file(item *wire.Item) (*file, error) {
	if f := d.open[item.Session]; f != nil {
		return f, nil
	}
	e := item.Event
	if e == nil || e.Kind != event.KindSessionOpen || e.Context == nil {
		return d.late(item)
	}
	name := e.Time.UTC().Format("2006-01-02T150405Z") + "-" + e.Proto.String() + "-" + item.Session + ".pcapng"
	if !fileName.MatchString(name) {
		return nil, fmt.Errorf("recording session %q: its name cannot be that of a file", item.Session)
	}
	f, err := createFile(filepath.Join(d.path, name), d.options)
	if err != nil {
		return nil, err
	}
	d.open[item.Session] = f
	return f, nil
}

// late appends to the file of a closed session what was found out after that.
func (d *directory) late(item *wire.Item) (*file, error) {
	path, known := d.names[item.Session]
	if !known || item.Event == nil || kindOf(item.Event) == "" {
		return nil, nil
	}
	return nil, appendTo(path, d.options, func(r *recorder) { r.late(item.Session, item.Event) })
}

// appendTo adds packets of their own to an existing capture.
func appendTo(path string, o Options, add func(r *recorder)) error {
	o.PerSession, o.Max = true, 0
	f, err := createFile(path, o)
	if err != nil {
		return err
	}
	f.room()
	add(f.recorder)
	return f.close()
}

// late records e behind the end of a session whose connection is forgotten.
func (r *recorder) late(session string, e *event.Event) {
	r.begin(lateEnds(session, e), client, flagACK, 0, 0, 0, e.Time)
	r.end(0, 0, r.encode(&flow{id: session}, e))
}

// lateEnds are the addresses of a packet that stands outside its connection.
func lateEnds(id string, e *event.Event) ends {
	proto := event.IMAP
	if e.Context != nil {
		proto = e.Proto
	}
	return endsOf(id, proto, &event.Route{})
}

// close ends the file of a session.
func (d *directory) close(session string) error {
	f := d.open[session]
	delete(d.open, session)
	d.names[session] = f.path
	if d.order = append(d.order, session); len(d.order) > maxClosed {
		delete(d.names, d.order[0])
		d.order = d.order[1:]
	}
	ended, before := f.err != nil, f.size
	err := f.close()
	d.spare -= f.size - before
	if ended {
		return nil
	}
	return errors.Join(err, d.limit(nil))
}

func (d *directory) all() []*file {
	files := make([]*file, 0, len(d.open))
	for _, f := range d.open {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *file) int { return cmp.Compare(a.path, b.path) })
	return files
}

// limit deletes the oldest whole files until the folder is within its limit.
// Where none is left to delete, the recording of f ends, the session that
// wrote last.
func (d *directory) limit(f *file) error {
	if d.options.Max <= 0 || d.spare > 0 {
		return nil
	}
	files, total, err := d.sizes()
	if err != nil {
		return err
	}
	defer func() { d.spare = d.options.Max - total }()
	for _, old := range files {
		if total <= d.options.Max {
			return nil
		}
		if err := os.Remove(filepath.Join(d.path, old.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("making room in %s: %w", d.path, err)
		}
		total -= old.size
	}
	if total > d.options.Max && f != nil {
		return f.full(d.options.Max)
	}
	return nil
}

type aged struct {
	name string // begins with its time
	size int64
}

// sizes are the capture files that nobody writes, the oldest first, and how
// many octets they and the open ones have.
func (d *directory) sizes() (files []aged, total int64, err error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, 0, fmt.Errorf("looking for room in %s: %w", d.path, cause(err))
	}
	writing := map[string]bool{}
	for _, f := range d.open {
		writing[filepath.Base(f.path)] = true
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !fileName.MatchString(entry.Name()) {
			continue
		}
		total += info.Size()
		if !writing[entry.Name()] {
			files = append(files, aged{entry.Name(), info.Size()})
		}
	}
	slices.SortFunc(files, func(a, b aged) int { return cmp.Compare(a.name, b.name) })
	return files, total, nil
}
