package check

import (
	"fmt"
	"io"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/layout"
)

// columns is how wide the text of a report is.
const columns = 80

// printer writes lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	}
}

// entry writes a label and text behind it, wrapped below itself.
func (p *printer) entry(indent, label int, name, text string) {
	for i, row := range layout.Wrap(text, columns-indent-label) {
		if i > 0 {
			name = ""
		}
		p.line("%s%s%s", strings.Repeat(" ", indent), layout.Pad(name, label), row)
	}
}

// WriteText writes a report for people: the verdict, what is wrong, what the
// sources and the ports say, and what to type into a client.
func (r *Report) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.entry(0, 0, "", clean(r.Target)+": "+r.Verdict)
	for _, f := range r.Findings {
		p.finding(f)
	}
	if len(r.Sources) > 0 {
		p.line("\nWhere clients look for settings")
	}
	for i, s := range r.Sources {
		if i == 0 || s.Name != r.Sources[i-1].Name {
			p.line("  %s", s.Name)
		}
		p.source(s)
	}
	if len(r.Servers) > 0 {
		p.line("\nThe servers")
	}
	for _, s := range r.Servers {
		p.server(s)
	}
	p.settings(r.Settings)
	p.compare(r.Compare)
	return p.err
}

func (p *printer) finding(f Finding) {
	p.line("\n%s  %s", f.Severity, f.ID)
	p.entry(2, 0, "", f.Title)
	for _, where := range f.Where {
		p.entry(4, 0, "", "at "+where)
	}
	for _, line := range f.Lines[:min(len(f.Lines), 4)] {
		p.entry(4, 0, "", line)
	}
	p.entry(2, 12, "what to do:", f.Advice)
	if len(f.Also) > 0 {
		p.entry(2, 0, "", "it may also be: "+strings.Join(f.Also, ", "))
	}
}

func (p *printer) source(s Source) {
	p.entry(4, 0, "", s.Where)
	for _, o := range s.Offers {
		text := o.URL
		if o.User != "" {
			text += "  user " + o.User
		}
		if len(o.Auth) > 0 {
			text += "  " + strings.Join(o.Auth, ", ")
		}
		p.entry(6, 0, "", text)
	}
	if len(s.Submission) > 0 {
		p.entry(6, 0, "", "for sending, not asked: "+strings.Join(s.Submission, ", "))
	}
	if s.Note != "" {
		p.entry(6, 0, "", s.Note)
	}
}

const label = 14

func (p *printer) server(s *Server) {
	p.entry(2, 0, "", s.URL+"  ("+strings.Join(s.From, ", ")+")")
	for _, r := range s.Reach {
		if r.Connected != "" {
			p.entry(4, label, r.Family, "answers at "+r.Connected)
		} else {
			p.entry(4, label, r.Family, strings.TrimPrefix(strings.Join(r.Addresses, ", ")+": "+r.Failure, ": "))
		}
	}
	if s.Greeting != "" {
		p.entry(4, label, "greeting", s.Greeting)
	}
	if s.Speaks != "" && s.Speaks != s.endpoint.Proto.String() {
		p.entry(4, label, "speaks", strings.ToUpper(s.Speaks))
	}
	p.list("capabilities", s.Capabilities.Clear)
	if u := s.Upgrade; u != nil {
		p.entry(4, label, upgradeCommand(s.endpoint.Proto), upgradeText(u))
	}
	if s.TLS != nil {
		p.tls(s.TLS)
	}
	p.list("inside TLS", s.Capabilities.TLS)
	p.list("logins by", s.Mechanisms)
	for _, t := range s.Intrusive {
		p.entry(4, label, "test", t.Name+": "+map[bool]string{true: "passed: ", false: "FAILED: "}[t.Passed]+t.Saw)
	}
	if s.Login != nil {
		p.login(s)
	}
}

func (p *printer) list(name string, words []string) {
	if len(words) > 0 {
		p.entry(4, label, name, strings.Join(words, ", "))
	}
}

func upgradeText(u *Upgrade) string {
	switch {
	case !u.Offered:
		return "not offered"
	case !u.Works:
		return "offered, and does not work: " + u.Failure
	}
	return "works"
}

func (p *printer) tls(t *TLS) {
	if t.Failure != "" {
		p.entry(4, label, "TLS", "fails: "+t.Failure)
		return
	}
	p.entry(4, label, "TLS", t.Version+", "+t.Cipher)
	var yes, no []string
	for _, v := range t.Versions {
		if v.Cipher == "" {
			no = append(no, strings.TrimPrefix(v.Name, "TLS "))
		} else {
			yes = append(yes, strings.TrimPrefix(v.Name, "TLS "))
		}
	}
	if len(yes) > 0 {
		text := "takes " + strings.Join(yes, ", ")
		if len(no) > 0 {
			text += "; refuses " + strings.Join(no, ", ")
		}
		p.entry(4, label, "", text)
	}
	if t.Weak != "" {
		p.entry(4, label, "", "takes the weak cipher "+t.Weak)
	}
	p.list("ciphers (1.2)", t.Ciphers)
	for i, cert := range t.Chain {
		name := "certificate"
		if i > 0 {
			name = "issued by"
		}
		text := cert.Subject
		if len(cert.Names) > 0 {
			text += " for " + strings.Join(cert.Names[:min(len(cert.Names), 8)], ", ")
		}
		p.entry(4, label, name, text+", until "+cert.Expiry.UTC().Format("2006-01-02"))
	}
	if t.Problem != "" {
		p.entry(4, label, "", "NOT GOOD: "+t.Problem)
	} else if len(t.Chain) > 0 {
		p.entry(4, label, "", "verified, issued by "+t.Chain[len(t.Chain)-1].Issuer)
	}
}

func (p *printer) login(s *Server) {
	l := s.Login
	switch {
	case l.Skipped != "":
		p.entry(4, label, "login", "not tried: "+l.Skipped)
		return
	case !l.OK:
		p.entry(4, label, "login", fmt.Sprintf("refused for %s by %s: %s", clean(l.User), l.How, l.Said))
		if l.Denied != "" {
			p.entry(4, label, "", "the server says of the token: "+l.Denied)
		}
		return
	}
	p.entry(4, label, "login", fmt.Sprintf("works for %s by %s", clean(l.User), l.How))
	p.list("after it", s.Capabilities.Login)
	if s.Software != "" {
		p.entry(4, label, "software", s.Software)
	}
	if m := l.IMAP; m != nil {
		p.mailboxes(m)
	}
	if d := l.POP3; d != nil {
		p.entry(4, label, "maildrop", plural(uint64(d.Messages), "message")+", "+layout.Size(int64(d.Octets)))
		p.entry(4, label, "UIDL", d.UIDL)
		if d.Expire != "" {
			p.entry(4, label, "EXPIRE", d.Expire)
		}
		if d.LoginDelay != "" {
			p.entry(4, label, "LOGIN-DELAY", d.LoginDelay)
		}
	}
}

// mostShown bounds the mailboxes in a report for people.
const mostShown = 20

func (p *printer) mailboxes(m *Mailboxes) {
	p.list("namespaces", m.Namespaces)
	name := "mailboxes"
	for i, box := range m.Mailboxes {
		if i == mostShown {
			p.entry(4, label, "", fmt.Sprintf("and %d more", m.Count-mostShown))
			break
		}
		text := fmt.Sprintf("%s: %s, %d unread", box.Name, plural(box.Messages, "message"), box.Unseen)
		switch {
		case box.Closed:
			text = box.Name + ": holds mailboxes, no messages"
		case i >= maxCounted:
			text = box.Name
		case m.Sized:
			text += ", " + layout.Size(box.Octets)
		}
		if box.Use != "" {
			text += "  (" + box.Use + ")"
		}
		p.entry(4, label, name, text)
		name = ""
	}
	for _, q := range m.Quota {
		p.entry(4, label, "quota", q.words())
	}
	p.entry(4, label, "IDLE", m.Idle)
	if m.AppendLimit != "" {
		p.entry(4, label, "APPENDLIMIT", m.AppendLimit)
	}
}

// settings writes the table of what to type into a client.
func (p *printer) settings(list []Setting) {
	if len(list) == 0 {
		return
	}
	p.line("\nSettings for a mail client")
	widths := []int{23, 27, 27}
	row := func(what string, of func(Setting) string) {
		cells := []string{what}
		for _, s := range list {
			cells = append(cells, of(s))
		}
		for _, line := range layout.Columns(widths, cells...) {
			p.line("  %s", line)
		}
	}
	row("", func(s Setting) string { return s.Protocol })
	row("server", func(s Setting) string { return s.Server })
	row("port", func(s Setting) string { return fmt.Sprint(s.Port) })
	row("connection security", func(s Setting) string { return s.Security })
	row("authentication method", func(s Setting) string { return s.Authentication })
	row("user name", func(s Setting) string {
		switch {
		case s.User == "":
			return s.UserForm
		case s.UserForm != "":
			return fmt.Sprintf("%s (%s)", clean(s.User), s.UserForm)
		}
		return clean(s.User)
	})
	row("password", func(s Setting) string { return s.Password })
	row("tried", func(s Setting) string { return s.Outcome })
	for _, s := range list {
		if s.Caveat != "" {
			p.entry(2, 6, s.Protocol, s.Caveat)
		}
	}
}

func (p *printer) compare(rows []Row) {
	if len(rows) == 0 {
		return
	}
	p.line("\nWhat each protocol would mean here")
	for _, r := range rows {
		p.entry(2, 0, "", r.About)
		p.entry(4, 6, event.IMAP.Title(), r.IMAP)
		p.entry(4, 6, event.POP3.Title(), r.POP3)
	}
}
