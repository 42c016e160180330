package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/finding"
)

// diagnoseNothing is for captures without a session: what was not seen was
// not found to be right.
func diagnoseNothing(w io.Writer, _ []string, found []*finding.Found) error {
	if len(found) > 0 {
		return diagnoseText(w, nil, found)
	}
	_, err := fmt.Fprintln(w, "no session was recorded")
	return err
}

// diagnoseText leads with what is wrong, and says of observations a line each.
func diagnoseText(w io.Writer, captures []string, found []*finding.Found) error {
	first := slices.IndexFunc(found, func(f *finding.Found) bool { return f.Severity == event.SeverityInfo })
	if first < 0 {
		return diagnoseFull(w, captures, found)
	}
	if first == 0 {
		fmt.Fprintln(w, "no error and no warning was found")
	} else if err := diagnoseFull(w, captures, found[:first]); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nobserved as well (--full says more):")
	for _, line := range observations(found[first:]) {
		if err := wrapped(w, "  "+line.id+": ", line.text); err != nil {
			return err
		}
	}
	return nil
}

// observation is what is said of all findings of one id.
type observation struct{ id, text string }

// observations are findings with those of one id put together.
func observations(found []*finding.Found) []observation {
	var list []observation
	count := map[string]int{}
	for _, f := range found {
		count[f.ID] += max(1, f.Count)
	}
	for _, f := range found {
		n := count[f.ID]
		if n == 0 {
			continue // told
		}
		count[f.ID] = 0
		o := observation{f.ID, f.Title}
		if n > 1 {
			entry, _ := finding.Lookup(f.ID)
			o.text = fmt.Sprintf("%s (%d times)", orText(entry.Title, f.Title), n)
		}
		list = append(list, o)
	}
	return list
}

// diagnoseFull says all there is to say of every finding.
func diagnoseFull(w io.Writer, _ []string, found []*finding.Found) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "nothing found: what was recorded works")
		return err
	}
	for i, f := range found {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s  %s%s%s\n", f.Severity, f.ID, times(f), whose(f))
		if err := wrapped(w, "  ", f.Title); err != nil {
			return err
		}
		if f.Advice != "" {
			if err := wrapped(w, "  what to do: ", f.Advice); err != nil {
				return err
			}
		}
		for _, l := range f.Lines {
			fmt.Fprintf(w, "  %s  %s: %s\n", l.ID, strings.ToUpper(l.Dir), l.Text)
		}
		if err := mayAlsoBe(w, f); err != nil {
			return err
		}
		if entry, _ := finding.Lookup(f.ID); entry.RFC != "" {
			fmt.Fprintf(w, "  see: %s\n", entry.RFC)
		}
	}
	return nil
}

// mayAlsoBe names what cannot be excluded, in words.
func mayAlsoBe(w io.Writer, f *finding.Found) error {
	for _, id := range f.Also {
		entry, _ := finding.Lookup(id)
		if err := wrapped(w, "  it may also be: ", orText(entry.Title, id)+" ("+id+")"); err != nil {
			return err
		}
	}
	return nil
}

// times says how often a finding came.
func times(f *finding.Found) string {
	switch {
	case f.Count < 2:
		return ""
	case len(f.Sessions) > 1:
		return fmt.Sprintf("  (%d times in %d sessions)", f.Count, len(f.Sessions))
	}
	return fmt.Sprintf("  (%d times)", f.Count)
}

// whose says whose sessions have a finding.
func whose(f *finding.Found) string {
	who := ""
	if f.User != "" {
		who = "  " + f.User
	}
	if f.Server != "" {
		who += " at " + f.Server
	}
	return who
}

// foundJSON is a finding as one object.
type foundJSON struct {
	ID       string         `json:"id"`
	Severity string         `json:"severity"`
	Title    string         `json:"title"`
	Advice   string         `json:"advice,omitempty"`
	Explain  string         `json:"explain,omitempty"`
	RFC      string         `json:"rfc,omitempty"`
	Count    int            `json:"count"`
	User     string         `json:"user,omitempty"`
	Server   string         `json:"server,omitempty"`
	Client   string         `json:"client,omitempty"`
	First    string         `json:"first"`
	Last     string         `json:"last"`
	Sessions []string       `json:"sessions"`
	Evidence []string       `json:"evidence,omitempty"`
	Also     []string       `json:"also,omitempty"`
	Recorded bool           `json:"recorded,omitempty"`
	Lines    []finding.Line `json:"lines,omitempty"`
}

func diagnoseJSON(w io.Writer, _ []string, found []*finding.Found) error {
	const stamp = "2006-01-02T15:04:05.999999999Z07:00"
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, f := range found {
		entry, _ := finding.Lookup(f.ID)
		err := enc.Encode(foundJSON{
			ID: f.ID, Severity: f.Severity.String(), Title: f.Title, Advice: f.Advice, Explain: entry.Explain, RFC: entry.RFC,
			Count: f.Count, User: f.User, Server: f.Server, Client: f.Client,
			First: f.First.UTC().Format(stamp), Last: f.Last.UTC().Format(stamp),
			Sessions: f.Sessions, Evidence: f.Evidence, Also: f.Also, Recorded: f.Recorded, Lines: f.Lines,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func diagnoseMarkdown(w io.Writer, names []string, found []*finding.Found) error {
	fmt.Fprintf(w, "# Findings in %s\n", code(strings.Join(names, " ")))
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "\nNothing found: what was recorded works.")
		return err
	}
	for _, f := range found {
		fmt.Fprintf(w, "\n## %s: %s\n\n%s%s%s\n", f.Severity, f.ID, plain(f.Title), times(f), plain(whose(f)))
		if f.Advice != "" {
			fmt.Fprintf(w, "\n**What to do:** %s\n", plain(f.Advice))
		}
		for i, l := range f.Lines {
			if i == 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "- %s %s\n", l.ID, code(strings.ToUpper(l.Dir)+": "+l.Text))
		}
	}
	return nil
}

// plain is text in which Markdown sees no markup.
func plain(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "|", `\|`).Replace(text)
}

// code is text as a Markdown code span.
func code(text string) string {
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence == "`" {
		return "`" + text + "`"
	}
	return fence + " " + text + " " + fence
}

// diagnoseSARIF writes SARIF 2.1.0, as code scanners read it: a rule for each
// finding that came, a result for each of its causes.
func diagnoseSARIF(w io.Writer, names []string, found []*finding.Found) error {
	type object = map[string]any
	levels := map[event.Severity]string{event.SeverityError: "error", event.SeverityWarning: "warning", event.SeverityInfo: "note"}
	text := func(s string) object { return object{"text": s} }
	rules, results, seen := []object{}, []object{}, map[string]bool{}
	for _, f := range found {
		entry, _ := finding.Lookup(f.ID)
		if !seen[f.ID] {
			seen[f.ID] = true
			rules = append(rules, object{"id": f.ID, "shortDescription": text(orText(entry.Title, f.Title)), "fullDescription": text(orText(entry.Explain, f.Title)),
				"help": text(orText(entry.Advice, f.Title)), "defaultConfiguration": object{"level": levels[f.Severity]}})
		}
		logical := []object{}
		for _, id := range f.Evidence {
			logical = append(logical, object{"fullyQualifiedName": id, "kind": "member"})
		}
		location := object{"physicalLocation": object{"artifactLocation": object{"uri": (&url.URL{Path: nameOf(names[0])}).String()}}}
		if len(logical) > 0 {
			location["logicalLocations"] = logical
		}
		message := f.Title
		if f.Advice != "" {
			message += ". " + f.Advice
		}
		results = append(results, object{"ruleId": f.ID, "level": levels[f.Severity], "message": text(message),
			"occurrenceCount": max(1, f.Count), "locations": []object{location}})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{"tool": object{"driver": object{"name": "mailtap", "version": version(), "rules": rules}}, "results": results}},
	})
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// writeJUnit writes how rules came out in the form that CI systems read.
func writeJUnit(path, name string, all []ruled) (err error) {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	s := suite{Name: name, Tests: len(all)}
	for _, o := range all {
		c := testcase{Name: o.Name, Class: "mailtap"}
		if o.why != "" {
			s.Failures++
			c.Failure = &failure{Message: o.why, Text: o.Text}
		}
		s.Cases = append(s.Cases, c)
	}
	data, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append([]byte(xml.Header), append(data, '\n')...), 0o600); err != nil {
		return fmt.Errorf("--junit %s: %w", path, cause(err))
	}
	return nil
}
