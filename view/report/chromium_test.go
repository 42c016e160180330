package report

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// browse opens a page in Chromium and gives what became of it, and what its
// console says. where is the place in the page, with its "#".
func browse(t *testing.T, page, where string, more ...string) (dom, console string) {
	t.Helper()
	chromium := peertest.Need(t, "chromium")[0]
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + t.TempDir(),
		"--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom"}, more...)
	cmd := exec.CommandContext(ctx, chromium, append(args, "file://"+path+where)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, peertest.Cut(errs.String(), 4000))
	}
	for line := range strings.Lines(errs.String()) {
		if strings.Contains(line, "CONSOLE") {
			console += line
		}
	}
	return out.String(), console
}

// visible counts lines that are not hidden.
func visible(dom string) (n int) {
	for _, m := range regexp.MustCompile(`<li class="[^"]*"[^>]*>`).FindAllString(dom, -1) {
		if !strings.Contains(m, `hidden=""`) && !strings.Contains(m, `class="fold"`) {
			n++
		}
	}
	return n
}

func TestFilterInChromium(t *testing.T) {
	page := write(t, Options{Title: "today.pcapng"}, func(w *Writer) { refused(w, "AAAAAAAAAA", 40) })
	for _, c := range []struct {
		where string
		want  int
		count string
	}{
		{"", 58, "58 lines"},
		{"#show=client", 5, "5 of 58 lines"},
		{"#show=server&search=fetch+seen", 48, "match 1 of 40"},
		{"#search=fetch+seen&only=1", 40, "40 of 58 lines"},
		{"#search=AuthenticationFailed", 58, "match 1 of 1"},
		{"#show=bad", 2, "2 of 58 lines"},
	} {
		dom, console := browse(t, page, c.where)
		count := regexp.MustCompile(`<output id="count"[^>]*>([^<]*)`).FindStringSubmatch(dom)
		if console != "" {
			t.Errorf("%s: the console says %s", c.where, console)
		}
		if got := visible(dom); got != c.want || count == nil || !strings.Contains(count[1], c.count) {
			t.Errorf("%s: %d lines, %q; want %d, %q", c.where, got, count, c.want, c.count)
		}
	}
}

// A link to a folded line unfolds what it stands in.
func TestLinkInChromium(t *testing.T) {
	page := write(t, Options{}, func(w *Writer) { refused(w, "AAAAAAAAAA", 2000) })
	if strings.Contains(page, "<details class=\"session\" id=\"s-AAAAAAAAAA\" open") {
		t.Fatal("the session begins unfolded")
	}
	dom, _ := browse(t, page, "#s-AAAAAAAAAA-1000")
	if !strings.Contains(dom, `id="s-AAAAAAAAAA" open=""`) {
		t.Error("the session is folded still")
	}
}

// pages counts requests.
type pages struct{ requests atomic.Int32 }

func (p *pages) ServeHTTP(w http.ResponseWriter, _ *http.Request) { p.requests.Add(1) }

// listen serves nothing, and counts who asks.
func listen(t *testing.T) (*pages, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{}
	s := &http.Server{Handler: p}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return p, l.Addr().String()
}

// Hostile mail runs nothing and loads nothing. Should escaping ever fail, the
// page's policy holds: the same markup, put into the page as it is, does
// nothing either, while it does in a page without a policy.
func TestHostileInChromium(t *testing.T) {
	asked, addr := listen(t)
	markup := fmt.Sprintf(`<img src="http://%[1]s/img" onerror="document.title='owned'"><script>document.title='owned'</script>`+
		`<script src="http://%[1]s/script"></script><link rel="stylesheet" href="http://%[1]s/style"><iframe src="http://%[1]s/frame"></iframe>`+
		`<svg onload="document.title='owned'"></svg><div style="background:url(http://%[1]s/background)">x</div><style>body{background:url(http://%[1]s/sheet)}</style>`, addr)
	escaped := strings.ReplaceAll(write(t, Options{}, hostilePlay), "http://127.0.0.1:1/", "http://"+addr+"/")
	dom, console := browse(t, escaped, "")
	if console != "" {
		t.Errorf("the console says %s", console)
	}
	if strings.Contains(dom, "<title>owned") {
		t.Error("a script of the mail ran")
	}
	raw := strings.Replace(escaped, "<main>", "<main>"+markup, 1)
	dom, console = browse(t, raw, "")
	if strings.Contains(dom, "<title>owned") {
		t.Error("without escaping a script runs")
	}
	if !strings.Contains(console, "Content Security Policy") {
		t.Errorf("the policy refused nothing: %s", console)
	}
	if n := asked.requests.Load(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	dom, _ = browse(t, "<title>page</title>"+markup, "")
	if !strings.Contains(dom, "<title>owned") || asked.requests.Load() == 0 {
		t.Errorf("without a policy nothing happens either (%d requests): this test proves nothing", asked.requests.Load())
	}
}
