package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

// agreements are the handshakes of all sessions: each kind once, with its number.
type agreements struct {
	list  []agreement
	known map[string]int
}

// agreement is one kind of handshake.
type agreement struct {
	Side, Version, Cipher, SNI, ALPN string
	Certificate, Verified            string
	Failure                          string
	Count, Resumed                   int
	First                            link
}

// mostAgreements bounds the table.
const mostAgreements = 200

func (a *agreements) see(e *event.Event) {
	t := e.TLS
	if t == nil {
		return
	}
	g := agreement{Side: t.Side.String(), Version: safe(t.Version), Cipher: safe(t.Cipher), SNI: safe(t.SNI), ALPN: safe(t.ALPN), Failure: safe(t.Failure)}
	if len(t.Peer) > 0 {
		leaf := t.Peer[0]
		g.Certificate = fmt.Sprintf("%s, issued by %s, until %s", safe(leaf.Subject), safe(leaf.Issuer), leaf.Expiry.Format(time.DateOnly))
		g.Verified = "verified"
		if !leaf.Verified {
			g.Verified = "not verified: " + safe(leaf.Reason)
		}
	}
	key := fmt.Sprint(g)
	if a.known == nil {
		a.known = map[string]int{}
	}
	at, ok := a.known[key]
	if !ok {
		if len(a.list) >= mostAgreements {
			return
		}
		at = len(a.list)
		a.known[key] = at
		g.First = linkTo(e.Session + ":" + fmt.Sprint(e.Seq))
		a.list = append(a.list, g)
	}
	a.list[at].Count++
	if t.Resumed {
		a.list[at].Resumed++
	}
}

// answers are how long commands took: by name, and some of the slowest as points.
type answers struct {
	Names  []*answer
	Marks  []mark // the plot's lines
	Points []point
	From   string
	To     string

	byName map[string]*answer
	points []took
}

// answer is what is known of one command's answers. Times are in a histogram
// whose steps are 10 % apart.
type answer struct {
	Name        string
	Count       int
	Median, P95 string
	Max         string
	Slowest     link

	steps [160]int
	max   time.Duration
}

// took is one answer.
type took struct {
	at      time.Time
	latency time.Duration
	to      string
	name    string
}

const (
	mostNames  = 60
	mostPoints = 2000
)

func (a *answers) see(e *event.Event) {
	if !e.Completes || e.For == "" {
		return
	}
	if a.byName == nil {
		a.byName = map[string]*answer{}
	}
	n := a.byName[e.For]
	if n == nil {
		if len(a.byName) >= mostNames {
			return
		}
		n = &answer{Name: safe(e.For)}
		a.byName[e.For] = n
		a.Names = append(a.Names, n)
	}
	n.Count++
	n.steps[step(e.Latency)]++
	t := took{e.Time, e.Latency, linkTo(e.ID()).To, n.Name}
	if n.Count == 1 || e.Latency > n.max {
		n.max, n.Slowest = e.Latency, link{To: t.to}
	}
	a.points = append(a.points, t)
	if len(a.points) > 2*mostPoints {
		a.thin()
	}
}

// thin keeps of each two neighbours the slower one.
func (a *answers) thin() {
	kept := a.points[:0]
	for i := 0; i+1 < len(a.points); i += 2 {
		t := a.points[i]
		if a.points[i+1].latency > t.latency {
			t = a.points[i+1]
		}
		kept = append(kept, t)
	}
	a.points = kept
}

// step is a duration's place in the histogram, from 1 µs on.
func step(d time.Duration) int {
	us := float64(d) / float64(time.Microsecond)
	if us <= 1 {
		return 0
	}
	return min(int(math.Log(us)/math.Log(1.12)), len(answer{}.steps)-1)
}

// quantile is how long a part of the answers took at most.
func (n *answer) quantile(part float64) time.Duration {
	want, seen := int(math.Ceil(part*float64(n.Count))), 0
	for i, count := range n.steps {
		if seen += count; seen >= want {
			return min(time.Duration(math.Pow(1.12, float64(i+1))*float64(time.Microsecond)), n.max)
		}
	}
	return n.max
}

// The plot, in units of its view box.
const (
	plotLeft, plotRight = 60, 990
	plotTop, plotBottom = 10, 190
)

// mark is a line of the plot with its name; point is an answer.
type (
	mark struct {
		Y    string
		Name string
	}
	point struct {
		X, Y  string
		To    string
		Title string
		Class string
	}
)

// finish makes of what was seen what is shown.
func (a *answers) finish(place *time.Location) {
	for _, n := range a.Names {
		n.Median, n.P95, n.Max = explain.Took(n.quantile(0.5)), explain.Took(n.quantile(0.95)), explain.Took(n.max)
	}
	slices.SortStableFunc(a.Names, func(x, y *answer) int { return int(y.max - x.max) })
	if len(a.points) == 0 {
		return
	}
	for len(a.points) > mostPoints {
		a.thin()
	}
	from, to := a.points[0].at, a.points[0].at
	low, high := a.points[0].latency, a.points[0].latency
	for _, p := range a.points {
		if p.at.Before(from) {
			from = p.at
		}
		if p.at.After(to) {
			to = p.at
		}
		low, high = min(low, p.latency), max(high, p.latency)
	}
	layout := clock(to.Sub(from))
	a.From, a.To = from.In(place).Format(layout), to.In(place).Format(layout)
	first, last := decade(low, math.Floor), decade(high, math.Ceil)
	if first == last {
		last++
	}
	y := func(exponent float64) string {
		return coordinate(plotBottom - (exponent-first)/(last-first)*(plotBottom-plotTop))
	}
	for e := first; e <= last; e++ {
		a.Marks = append(a.Marks, mark{y(e), explain.Took(time.Duration(math.Pow(10, e) * float64(time.Microsecond)))})
	}
	whole := max(to.Sub(from), 1)
	for _, p := range a.points {
		x := plotLeft + float64(p.at.Sub(from))/float64(whole)*(plotRight-plotLeft)
		class := "point"
		if p.latency >= slow {
			class = "point late"
		}
		a.Points = append(a.Points, point{coordinate(x), y(exponent(p.latency)), p.to, p.name + ", " + explain.Took(p.latency), class})
	}
}

func exponent(d time.Duration) float64 {
	return math.Log10(max(float64(d)/float64(time.Microsecond), 1))
}

func decade(d time.Duration, round func(float64) float64) float64 { return round(exponent(d)) }

func coordinate(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

// timeline is when each session ran.
type timeline struct {
	Height   int
	Bars     []bar
	Ticks    []tick
	Left     int // sessions that have no bar
	Baseline int
}

type bar struct {
	X, Width, Class string
	Y, TextY        int
	To, Name, Title string
}

type tick struct {
	X      string
	Name   string
	Anchor string // which end of its name stands there
}

// mostBars is how many sessions the timeline has.
const mostBars = 80

const (
	barLeft, barRight = 130, 990
	barStep           = 18
)

var anchors = [5]string{"start", "middle", "middle", "middle", "end"}

// clock is how times within a span are written.
func clock(span time.Duration) string {
	switch {
	case span < 20*time.Second:
		return "15:04:05.000"
	case span < 20*time.Hour:
		return "15:04:05"
	}
	return "Jan 2 15:04"
}

func (w *Writer) timeline(shown []*session) *timeline {
	if len(shown) == 0 {
		return nil
	}
	t := &timeline{Left: max(0, len(shown)-mostBars)}
	bars := shown[:min(len(shown), mostBars)]
	from, to := span(bars)
	whole := max(to.Sub(from), time.Millisecond)
	x := func(at time.Time) float64 { return barLeft + float64(at.Sub(from))/float64(whole)*(barRight-barLeft) }
	for i, s := range bars {
		start, end := x(s.heading.Start), x(s.end)
		b := bar{X: coordinate(start), Width: coordinate(max(end-start, 3)), Y: 6 + i*barStep, TextY: 16 + i*barStep,
			To: "#" + s.anchor, Name: safe(s.id[:min(len(s.id), 14)]), Class: "bar " + s.worst.String()}
		b.Title = strings.Join([]string{s.heading.Proto.Title(), safe(s.user), explain.Lasted(s.end.Sub(s.heading.Start))}, ", ")
		if s.worst != event.SeverityNone {
			b.Title += ", " + s.worst.String()
		}
		t.Bars = append(t.Bars, b)
	}
	t.Baseline = 8 + len(bars)*barStep
	t.Height = t.Baseline + 24
	for i := range 5 {
		at := from.Add(whole * time.Duration(i) / 4)
		t.Ticks = append(t.Ticks, tick{coordinate(x(at)), at.In(w.options.Location).Format(clock(whole)), anchors[i]})
	}
	return t
}
