package behaviour

import (
	"fmt"
	"strings"
)

// count is n of something: "1 message", "3 messages".
func count[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func messages[N int | int64](n N) string { return count(n, "message", "messages") }

// listed joins parts: "a", "a and b", "a, b and c".
func listed(parts []string) string {
	switch n := len(parts); n {
	case 0:
		return ""
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
}
