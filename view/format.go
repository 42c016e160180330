package view

import (
	"strconv"
	"strings"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// size is n octets as people read them: at most five columns.
func size(n int64) string {
	switch {
	case n < 10_000:
		return itoa(n)
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1e3, 'f', fraction(n, 1e3), 64) + "k"
	case n < 1_000_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', fraction(n, 1e6), 64) + "M"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', fraction(n, 1e9), 64) + "G"
}

// fraction is how many digits stand behind the point.
func fraction(n int64, unit float64) int {
	if float64(n)/unit < 100 {
		return 1
	}
	return 0
}

// span is a duration as people read it: "38 µs", "1.2 ms", "3.4 s", "12:05", "3h07".
func span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return itoa(d.Microseconds()) + " µs"
	case d < 100*time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
	case d < time.Second:
		return itoa(d.Milliseconds()) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return two(int64(d/time.Minute)) + ":" + two(int64(d/time.Second)%60)
	}
	return itoa(int64(d/time.Hour)) + "h" + two(int64(d/time.Minute)%60)
}

func two(n int64) string {
	if n < 10 {
		return "0" + itoa(n)
	}
	return itoa(n)
}

// hostPort is the host of a URL of a route: "imap.example.org:993".
func hostPort(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		rest, _, _ = strings.Cut(rest, "?")
		return rest
	}
	return url
}
