package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
	"mailtap/view/transcript"
)

//go:embed page.tmpl style.css script.js
var files embed.FS

var (
	templates = template.Must(template.New("").ParseFS(files, "page.tmpl"))
	style     = mustRead("style.css")
	script    = mustRead("script.js")
)

func mustRead(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// policy is the page's Content-Security-Policy: nothing is loaded, and only
// what is ours runs.
func policy() string {
	return "default-src 'none'; style-src " + hashOf(style) + "; script-src " + hashOf(script) +
		"; base-uri 'none'; form-action 'none'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// head is the page's beginning. Style sheet and script are ours, and are the
// only things that no template escapes: their octets must hash as they stand.
const headEnd = "</style>\n</head>\n"

// page writes the report.
func (w *Writer) page(out *bufio.Writer) error {
	shown := w.shown()
	o := w.overview(shown)
	if err := templates.ExecuteTemplate(out, "head", o); err != nil {
		return err
	}
	io.WriteString(out, "<style>"+style+headEnd)
	if err := templates.ExecuteTemplate(out, "overview", o); err != nil {
		return err
	}
	for _, s := range shown {
		if err := w.section(out, s, o.Open); err != nil {
			return err
		}
	}
	if err := templates.ExecuteTemplate(out, "end", o); err != nil {
		return err
	}
	_, err := io.WriteString(out, "<script>"+script+"</script>\n</body>\n</html>\n")
	return err
}

// shown are the sessions that are asked for, in order of their beginning.
func (w *Writer) shown() (shown []*session) {
	for _, s := range w.order {
		if s.shown {
			shown = append(shown, s)
		}
	}
	slices.SortStableFunc(shown, func(a, b *session) int { return a.heading.Start.Compare(b.heading.Start) })
	return shown
}

// overview is what stands before the transcript.
type overview struct {
	Title, Policy, Version string
	When                   string
	Sessions               []row
	Findings               []*found
	Severities             string // how many of which
	Accounts               []account
	TLS                    []agreement
	Timeline               *timeline
	Answers                *answers
	Lines                  int
	Filtered               bool
	Open                   bool // sessions begin unfolded
}

// row is a session in the overview.
type row struct {
	To, ID, Proto, Start, Lasted  string
	Client, Server, User, Summary string
	Commands, Bytes               string
	Worst                         string
	Findings                      int
}

// account is an account in the overview.
type account struct {
	User, Server string
	Devices      []string
	Signs        []sign
	Rows         []behaviour.Row
	Verdict      string
}

type sign struct {
	Sentence string
	Evidence []link
}

// openUpTo is how many lines a report may have for its sessions to begin unfolded.
const openUpTo = 1500

func (w *Writer) overview(shown []*session) *overview {
	o := &overview{Title: safe(w.options.Title), Policy: policy(), Version: w.options.Version, Lines: w.lines,
		Filtered: w.options.Accept != nil, Open: w.lines <= openUpTo}
	did := w.did()
	for _, s := range shown {
		o.Sessions = append(o.Sessions, w.row(s, did[s.id]))
	}
	w.findings(o)
	for _, a := range w.accounts.List() {
		o.Accounts = append(o.Accounts, accountOf(a))
	}
	o.TLS = w.tls.list
	o.When = w.when(shown)
	o.Timeline = w.timeline(shown)
	w.answers.finish(w.options.Location)
	if len(w.answers.Names) > 0 {
		o.Answers = &w.answers
	}
	return o
}

// did is what each session did, in words, of those that never closed.
func (w *Writer) did() map[string]string {
	all := map[string]string{}
	for _, a := range w.accounts.List() {
		for _, v := range a.Visits {
			if v.Closed.IsZero() {
				all[v.Session] = v.Did.Summary()
			}
		}
	}
	return all
}

func (w *Writer) row(s *session, did string) row {
	h := &s.heading
	r := row{To: "#" + s.anchor, ID: safe(s.id), Proto: h.Proto.Title(), Start: h.Start.In(w.options.Location).Format("15:04:05.000"),
		Lasted: explain.Lasted(s.end.Sub(h.Start)), Client: safe(h.Client), Server: safe(h.Upstream), User: safe(s.user),
		Summary: safe(did), Worst: s.worst.String(), Findings: s.findings}
	if c := s.close; c != nil {
		r.Summary, r.Lasted = safe(c.Summary), explain.Lasted(c.Duration)
		r.Commands, r.Bytes = fmt.Sprint(c.Commands), size(c.BytesC+c.BytesS)
	}
	return r
}

// findings are the findings of the sessions that are shown, one a cause.
func (w *Writer) findings(o *overview) {
	counts := map[event.Severity]int{}
	for _, f := range w.digest.Found() {
		if l := w.found(f); l != nil {
			o.Findings = append(o.Findings, l)
			counts[f.Severity]++
		}
	}
	var words []string
	for _, s := range []event.Severity{event.SeverityError, event.SeverityWarning, event.SeverityInfo} {
		if n := counts[s]; n > 0 {
			word := severities[s]
			if n > 1 && s != event.SeverityInfo {
				word += "s"
			}
			words = append(words, fmt.Sprintf("%d %s", n, word))
		}
	}
	o.Severities = strings.Join(words, ", ")
}

var severities = map[event.Severity]string{event.SeverityError: "error", event.SeverityWarning: "warning", event.SeverityInfo: "to know"}

// found is nil where none of its sessions is shown.
func (w *Writer) found(f *finding.Found) *found {
	l := newFound(&f.Finding)
	var where []string
	if f.User != "" {
		where = append(where, "user "+safe(f.User))
	}
	if f.Server != "" {
		where = append(where, "server "+safe(f.Server))
	}
	l.Where = strings.Join(where, ", ")
	for _, line := range f.Lines {
		k := linkTo(line.ID)
		k.Text, k.Dir = safe(line.Text), strings.ToUpper(line.Dir)
		l.Evidence = append(l.Evidence, k)
	}
	any := w.options.Accept == nil
	const most = 12
	for _, id := range f.Sessions {
		s := w.sessions[id]
		any = any || s != nil && s.shown
		if s != nil && s.shown && len(l.Sessions) < most {
			l.Sessions = append(l.Sessions, link{To: "#" + s.anchor, Name: safe(id)})
		} else {
			l.More++
		}
	}
	if !any {
		return nil
	}
	return l
}

func accountOf(a *behaviour.Account) account {
	v := account{User: safe(a.User), Server: safe(a.Server), Rows: a.Rows(), Verdict: a.Verdict()}
	for _, d := range a.Devices {
		v.Devices = append(v.Devices, fmt.Sprintf("%s, by %s, %s", safe(d.Name), strings.Join(d.Titles(), " and "), many(d.Visits, "session")))
	}
	for _, g := range a.Signs {
		s := sign{Sentence: safe(g.Sentence)}
		for _, id := range g.Evidence {
			s.Evidence = append(s.Evidence, linkTo(id))
		}
		v.Signs = append(v.Signs, s)
	}
	return v
}

// when is the time that the report is about.
func (w *Writer) when(shown []*session) string {
	if len(shown) == 0 {
		return ""
	}
	from, to := span(shown)
	from, to = from.In(w.options.Location), to.In(w.options.Location)
	if from.YearDay() == to.YearDay() && from.Year() == to.Year() {
		return from.Format("2006-01-02 15:04:05") + " to " + to.Format("15:04:05 MST")
	}
	return from.Format("2006-01-02 15:04:05") + " to " + to.Format("2006-01-02 15:04:05 MST")
}

func span(shown []*session) (from, to time.Time) {
	for i, s := range shown {
		if i == 0 || s.heading.Start.Before(from) {
			from = s.heading.Start
		}
		if i == 0 || s.end.After(to) {
			to = s.end
		}
	}
	return from, to
}

// section writes the transcript of one session.
func (w *Writer) section(out io.Writer, s *session, open bool) error {
	h := &s.heading
	h2 := struct {
		Anchor, Title, User    string
		Client, Proxy, Server  string
		Start, Worst, Proto    string
		Lines, Findings        int
		Open, HasLines, Closed bool
		Last                   []string
	}{Anchor: s.anchor, Title: safe(h.Title()), User: safe(s.user), Start: h.Start.In(w.options.Location).Format("2006-01-02 15:04:05.000 MST"),
		Worst: s.worst.String(), Proto: h.Proto.String(), Lines: s.lines, Findings: s.findings, Open: open, HasLines: s.lines > 0}
	h2.Client, h2.Proxy, h2.Server = h.Parties()
	if s.close != nil {
		h2.Last = transcript.ClosingWords(&event.Event{Close: s.close})
	} else {
		h2.Last = []string{"the record ends before the session does"}
	}
	if err := templates.ExecuteTemplate(out, "session", h2); err != nil {
		return err
	}
	if err := w.copy(out, s); err != nil {
		return err
	}
	return templates.ExecuteTemplate(out, "session end", h2)
}

// safe is text that may be shown: names that peers chose may be in it.
func safe(s string) string { return wire.Escape([]byte(s)) }

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// size is octets as people read them.
func size(n int64) string {
	f, unit := float64(n), "bytes"
	for _, next := range []string{"kB", "MB", "GB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, next
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
