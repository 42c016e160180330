package explain

import (
	"fmt"
	"strconv"

	"mailtap/parse/imap/syntax"
)

// quotaRoot is the name of a quota root, which may be empty.
func quotaRoot(root string) string {
	if root == "" {
		return `the quota root without a name ("")`
	}
	return "the quota root " + quote(root)
}

func limits(a *syntax.SetQuotaArgs) string {
	var words []string
	for _, l := range a.Limits {
		words = append(words, amount(l.Resource, l.Limit))
	}
	return and(words)
}

// amount is so much of a quota's resource.
func amount(resource string, n uint64) string {
	switch resource {
	case "STORAGE", "ANNOTATION-STORAGE":
		return size(n * 1024)
	case "MESSAGE":
		return count(n, "message")
	case "MAILBOX":
		return count(n, "mailbox")
	}
	return fmt.Sprintf("%s %d", resource, n)
}

func quotaRootNote(d *syntax.QuotaRootData) string {
	if len(d.Roots) == 0 {
		return "no quota applies to " + box(d.Mailbox)
	}
	var names []string
	for _, r := range d.Roots {
		names = append(names, quote(r))
	}
	if len(names) == 1 {
		return box(d.Mailbox) + " falls under " + quotaRoot(d.Roots[0])
	}
	return box(d.Mailbox) + " falls under the quota roots " + and(names)
}

func quotaNote(d *syntax.QuotaData) string {
	var words []string
	for _, r := range d.Resources {
		word := used(r)
		words = append(words, word)
	}
	if len(words) == 0 {
		return quotaRoot(d.Root) + " has no limits"
	}
	return joined(": ", rootName(d.Root), and(words))
}

// rootName is a quota root's name to begin with; one without a name needs none.
func rootName(root string) string {
	if root == "" {
		return ""
	}
	return quotaRoot(root)
}

// used is how much of a quota is used: "1.0 GB of 2.0 GB used (50 %)".
func used(r syntax.QuotaResource) string {
	if r.Limit == 0 {
		return amount(r.Resource, r.Usage) + " used, and nothing allowed"
	}
	usage, limit := amount(r.Resource, r.Usage), amount(r.Resource, r.Limit)
	switch r.Resource {
	case "STORAGE", "ANNOTATION-STORAGE":
	case "MESSAGE", "MAILBOX":
		usage = strconv.FormatUint(r.Usage, 10)
	default:
		limit = strconv.FormatUint(r.Limit, 10)
	}
	percent := strconv.FormatUint(uint64(float64(r.Usage)/float64(r.Limit)*100), 10)
	if r.Usage > 0 && percent == "0" {
		percent = "less than 1"
	}
	return usage + " of " + limit + " used (" + percent + " %)"
}
