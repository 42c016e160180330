package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mailtap/parse/shape"
)

const dataLong = `What an event carries under "data", in the JSON log, show --format json and
filters (data.mailbox.name == "INBOX"). A field that is absent was not in the
line. Names keep their meaning; new ones may come. [x] is a list of x, "1:5,9" a
set of numbers as text, a date is RFC 3339. What no rule is known for is the
tree on the wire: lists as arrays, NIL as null, all else as text. A line that
is not listed here carries nothing, or such a tree. Secrets are never in it.`

// newData is a page of help, made from the types.
func newData() *cobra.Command {
	var b strings.Builder
	b.WriteString(dataLong + "\n")
	for _, s := range shape.Sections() {
		fmt.Fprintf(&b, "\n%s:\n", s.Title)
		for _, x := range s.Shapes {
			wrapped(&b, "  ", strings.Join(x.Names, ", "))
			wrapped(&b, "      ", x.Fields)
		}
	}
	return &cobra.Command{Use: "data", Short: "What events carry under \"data\"", Long: strings.TrimSpace(b.String())}
}
