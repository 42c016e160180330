package view

import (
	"io"
	"strings"
	"testing"

	"mailtap/parse/wire"
)

// When the proxy has ended that is said, and sessions that it cut grow no older.
func TestProxyEnds(t *testing.T) {
	a, s := newApp(t, 100, 24, sample("k3j2m5n6p7"))
	a.options.Live = true
	a.Draw()
	if got := text(s); !strings.Contains(got, "live") || !strings.Contains(got, "4.0 s") {
		t.Errorf("a running proxy:\n%s", got)
	}
	a.take(fed{err: io.EOF})
	a.Draw()
	if got := text(s); !strings.Contains(got, "the proxy has ended") || strings.Contains(got, "live") || strings.Contains(got, "4.0 s") {
		t.Errorf("a proxy that has ended:\n%s", got)
	}
}

// What did not come is told, in sum and where it is missing; what comes after
// that is whole again, its octets too.
func TestLeftOut(t *testing.T) {
	items := sample("k3j2m5n6p7")
	late := len(items) - 4 // from the octets of "a3 COPY" on
	for _, tt := range []struct {
		name string
		less func(wire.Item) bool
		left Left
		want string
	}{
		{"octets", func(i wire.Item) bool { return i.Octets != nil }, Left{Octets: 234}, "234 octets left out"},
		{"all", func(wire.Item) bool { return true }, Left{Events: 5, Octets: 234}, "5 events, 234 octets left out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			some := append([]wire.Item{}, items[:6]...)
			for _, item := range items[6 : late-1] {
				if !tt.less(item) {
					some = append(some, item)
				}
			}
			a, s := newApp(t, 100, 30, some)
			a.Add(Batch{Items: items[late-1:], Left: tt.left})
			a.Draw()
			if got := text(s); !strings.Contains(got, tt.want) {
				t.Errorf("%q is not in\n%s", tt.want, got)
			}
			press(a, "Enter", "g")
			got := text(s)
			if missing := strings.Contains(got, "events are missing here"); missing != (tt.left.Events > 0) {
				t.Errorf("the transcript:\n%s", got)
			}
			press(a, "G", "k", "Enter") // the last line of the server
			if got := text(s); !strings.Contains(got, "a3 NO [TRYCREATE] Mailbox doesn't exist: Trash\n") || strings.Contains(got, "no longer held") || strings.Count(got, "a3 NO [TRYCREATE]") != 2 {
				t.Errorf("the detail of a line behind what was left out:\n%s", got)
			}
			press(a, "q", "5")
			if got := text(s); !strings.Contains(got, "left out here") {
				t.Errorf("the log:\n%s", got)
			}
		})
	}
}
