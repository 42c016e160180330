package export

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// list is a source that has its items.
type list struct {
	items []wire.Item
	err   error
}

func (l list) Walk(fn func(wire.Item) error) error {
	for _, item := range l.items {
		if err := fn(item); err != nil {
			return err
		}
	}
	return l.err
}

func octets(session string, side event.Side, data string) wire.Item {
	return wire.Item{Session: session, Octets: &wire.Octets{Side: side, Data: []byte(data)}}
}

// One session has the names that were asked for; what was there is replaced,
// and nobody else may read it. An error of the source leaves what came before it.
func TestRawOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path+".client", []byte("something longer than that"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	got, err := Raw(list{[]wire.Item{octets("A", event.SideServer, "+OK\r\n"), octets("A", event.SideClient, "QUIT\r\n")}, broken}, path)
	if !errors.Is(err, broken) || got.Sessions != 1 || fmt.Sprint(got.Files) != fmt.Sprint([]string{path + ".client", path + ".server"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, want := range map[string]string{".client": "QUIT\r\n", ".server": "+OK\r\n"} {
		data, err := os.ReadFile(path + name)
		if err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if info, err := os.Stat(path + name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, info.Mode(), err)
		}
	}
}

// Many sessions at once: each has its files, however few may be open.
func TestRawMany(t *testing.T) {
	var items []wire.Item
	const sessions = 3 * maxFiles
	for round := range 3 {
		for i := range sessions {
			items = append(items, octets(fmt.Sprintf("S%d", i), event.SideServer, fmt.Sprintf("%d of %d\r\n", round, i)))
		}
	}
	path := filepath.Join(t.TempDir(), "s")
	got, err := Raw(list{items: items}, path)
	if err != nil || got.Sessions != sessions {
		t.Fatalf("%d sessions, %v", got.Sessions, err)
	}
	for i := range sessions {
		data, err := os.ReadFile(fmt.Sprintf("%s.S%d.server", path, i))
		if want := fmt.Sprintf("0 of %d\r\n1 of %d\r\n2 of %d\r\n", i, i, i); err != nil || string(data) != want {
			t.Fatalf("session %d: %q, %v", i, data, err)
		}
	}
	if _, err := os.Stat(path + ".client"); !os.IsNotExist(err) {
		t.Errorf("the first session kept its first name: %v", err)
	}
	if _, err := Raw(list{}, path+"x"); err == nil {
		t.Error("nothing was exported without a word")
	}
}

// A PATH that ends in a slash is a folder, which is made.
func TestRawIntoAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "raw") + string(filepath.Separator)
	got, err := Raw(list{items: []wire.Item{octets("A", event.SideClient, "QUIT\r\n")}}, dir)
	if want := fmt.Sprint([]string{dir + "session.client", dir + "session.server"}); err != nil || fmt.Sprint(got.Files) != want {
		t.Fatalf("%+v, %v, want %s", got, err, want)
	}
	if data, err := os.ReadFile(dir + "session.client"); err != nil || string(data) != "QUIT\r\n" {
		t.Errorf("%q, %v", data, err)
	}
}
