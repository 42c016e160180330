package finding

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// mailboxWatch is what is remembered of mailboxes.
type mailboxWatch struct {
	list     []listed          // that LIST gave
	prefix   string            // of the personal namespace: "INBOX."
	foreign  []string          // prefixes of others' and shared mailboxes: "user."
	absent   map[string]report // refused, and not made since
	absented []string          // their names, in order
	used     map[string]bool   // mailboxes that a command worked on
}

// listed is a mailbox of LIST.
type listed struct {
	name      string
	role      string // special use: \Sent
	delimiter string
}

const (
	mostNames  = 2000 // that are kept of LIST
	mostAbsent = 100
)

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func detectMailbox(w *Watch, e *event.Event) {
	switch {
	case e.Kind == event.KindResponse && e.Status == "":
		w.mailboxData(e)
	case e.Completes && failed(e) && !w.got && w.proto == event.IMAP:
		w.mailboxRefused(e)
	case e.Completes && succeeded(e) && namesMailbox(e.For):
		w.mailboxDone(e)
	case e.Kind == event.KindSessionClose:
		w.settleAbsent()
	}
}

func (w *Watch) mailboxData(e *event.Event) {
	m := &w.mbox
	switch d := e.Data.(type) {
	case *syntax.ListData:
		if len(m.list) < mostNames && (e.Name == "LIST" || e.Name == "LSUB" || e.Name == "XLIST") && !slices.ContainsFunc(d.Attributes, func(a string) bool { return strings.EqualFold(a, `\NonExistent`) }) {
			l := listed{name: d.Mailbox.Name, role: roleOf(d)}
			if d.Delimiter != nil {
				l.delimiter = *d.Delimiter
			}
			m.list = append(m.list, l)
		}
	case *syntax.NamespaceData:
		if len(d.Personal) > 0 {
			m.prefix = d.Personal[0].Prefix.Name
		}
		m.foreign = m.foreign[:0]
		for _, n := range slices.Concat(d.Others, d.Shared) {
			if n.Prefix.Name != "" {
				m.foreign = append(m.foreign, n.Prefix.Name)
			}
		}
	}
}

// roleOf is the special use of a mailbox (RFC 6154 §2), or "".
func roleOf(d *syntax.ListData) string {
	for _, a := range d.Attributes {
		switch a = strings.ToLower(a); a {
		case `\sent`, `\trash`, `\drafts`, `\junk`, `\archive`, `\all`, `\spam`:
			return a
		}
	}
	return ""
}

// mailboxDone forgets a mailbox that was absent and is there now.
func (w *Watch) mailboxDone(e *event.Event) {
	name := mailboxOf(w.command(e)).Name
	if w.mbox.used == nil {
		w.mbox.used = map[string]bool{}
	}
	if name != "" && len(w.mbox.used) < mostNames {
		w.mbox.used[name] = true
	}
	delete(w.mbox.absent, name)
}

// namesMailbox tells commands whose argument is a mailbox.
func namesMailbox(name string) bool {
	switch name {
	case "SELECT", "EXAMINE", "STATUS", "APPEND", "COPY", "UID COPY", "MOVE", "UID MOVE", "CREATE", "RENAME", "DELETE", "SUBSCRIBE":
		return true
	}
	return false
}

func (w *Watch) mailboxRefused(e *event.Event) {
	cmd, text := w.command(e), w.words(e)
	box := mailboxOf(cmd)
	r := report{evidence: w.asked(e)}
	switch {
	case strings.Contains(text, "command argument error"), w.provider() == microsoft && strings.Contains(text, "command error. 1"), strings.Contains(text, "bad command error. 1"):
		r.id, r.key, r.detail = "exch.argument-error", cmd.Name, cmd.Text
	case e.For == "LIST" && e.Status == "BAD" && strings.Contains(strings.ToUpper(cmd.Text), "SPECIAL-USE"):
		r.id = "mbox.special-use-list"
	case !namesMailbox(e.For) || box.Name == "":
		return
	case w.lacksPrefix(e, box.Name, text):
		r.id, r.detail = "mbox.namespace", w.prefixed(box.Name, text)
	case w.misencoded(cmd, box) != "":
		r.id, r.key, r.detail = "mbox.mutf7", box.Name, w.misencoded(cmd, box)
	case e.For != "CREATE" && e.For != "DELETE" && e.For != "SUBSCRIBE" && w.absent(e, box.Name, text):
		w.holdAbsent(e, box.Name)
		w.got = true
		return
	default:
		return
	}
	w.tell(r)
}

// lacksPrefix tells names without the prefix that this server's mailboxes
// have: as NAMESPACE or LIST tell, or the server's words.
func (w *Watch) lacksPrefix(e *event.Event, name, text string) bool {
	if strings.EqualFold(name, "INBOX") || slices.ContainsFunc(w.mbox.foreign, func(p string) bool { return hasPrefixFold(name, p) }) {
		return false
	}
	if namespaceWords.in(text) {
		return true
	}
	prefix := w.rootPrefix()
	return prefix != "" && !hasPrefixFold(name, prefix) && e.For != "DELETE" && (e.Code == "" || e.Code == "NONEXISTENT" || e.Code == "TRYCREATE" || e.Code == "CANNOT" || e.Code == "NOPERM")
}

func hasPrefixFold(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// rootPrefix is what all of the user's mailboxes but INBOX begin with, or "".
func (w *Watch) rootPrefix() string {
	m := &w.mbox
	if m.prefix != "" {
		return m.prefix
	}
	below := ""
	for _, l := range m.list {
		switch {
		case strings.EqualFold(l.name, "INBOX"):
		case l.delimiter != "" && hasPrefixFold(l.name, "INBOX"+l.delimiter):
			below = "INBOX" + l.delimiter
		case !strings.HasPrefix(l.name, "#") && !hasPrefixFold(l.name, "shared") && !hasPrefixFold(l.name, "user") && !hasPrefixFold(l.name, "public"):
			return ""
		}
	}
	return below
}

// prefixed words a name and what it should be.
func (w *Watch) prefixed(name, text string) string {
	prefix := w.rootPrefix()
	if prefix == "" {
		if _, after, ok := strings.Cut(text, "prefixed with: "); ok {
			after, _, _ = strings.Cut(after, ")") // Dovecot may put its times behind
			prefix = strings.ToUpper(strings.TrimSpace(after))
		}
	}
	if prefix == "" {
		return name
	}
	return name + " should be " + prefix + name
}

// absent tells whether a refusal says that the mailbox is not there: by the
// code, by LIST, by the words.
func (w *Watch) absent(e *event.Event, name, text string) bool {
	if e.Code == "TRYCREATE" || e.Code == "NONEXISTENT" || absentWords.in(text) {
		return true
	}
	if e.Code != "" || e.Status != "NO" || strings.EqualFold(name, "INBOX") || w.lists(name) {
		return false
	}
	if stores(e.For) { // may be refused for much else, but LIST has what is meant
		return lastPart(name) == name && w.nearest(name) != "" && !quotaWords.in(text) && !largeWords.in(text) && !laterWords.in(text) && !rightsWords.in(text)
	}
	if !opens(e.For) {
		return false
	}
	return len(w.mbox.list) > 2 || w.nearest(name) != "" || !laterWords.in(text) && !rightsWords.in(text) && !lockedWords.in(text)
}

func (w *Watch) lists(name string) bool {
	return slices.ContainsFunc(w.mbox.list, func(l listed) bool {
		return l.name == name || strings.EqualFold(l.name, "INBOX") && strings.EqualFold(name, "INBOX")
	})
}

// holdAbsent holds a refusal back: a client that then makes the mailbox, or
// goes on with another one in its place, is as it should be.
func (w *Watch) holdAbsent(e *event.Event, name string) {
	m := &w.mbox
	if m.absent == nil {
		m.absent = map[string]report{}
	}
	if _, ok := m.absent[name]; ok || len(m.absented) >= mostAbsent {
		return
	}
	m.absent[name] = report{id: "mbox.case-or-absent", key: name, detail: e.For + " of " + name, evidence: w.asked(e)}
	m.absented = append(m.absented, name)
}

// settleAbsent tells what is still absent at the end.
func (w *Watch) settleAbsent() {
	m := &w.mbox
	for _, name := range m.absented {
		r, ok := m.absent[name]
		if !ok {
			continue
		}
		delete(m.absent, name)
		near := w.nearest(name)
		if other := w.usedFor(name); near == "" || other != "" && !m.used[near] {
			near = cmp.Or(other, near)
		}
		switch {
		case near != "" && m.used[near]: // it looked for one, and took the other
			r.severity = event.SeverityInfo
			r.detail += "; it then used " + near
		case near != "":
			r.detail += "; the server has " + near
		case len(m.list) > 0:
			r.detail += "; the server has " + w.someNames()
		}
		w.tell(r)
	}
}

// usedFor is a mailbox that worked, of the same use as name, or "".
func (w *Watch) usedFor(name string) string {
	use := useOf(lastPart(name))
	for _, other := range sorted(w.mbox.used) {
		if use != "" && useOf(lastPart(other)) == use {
			return other
		}
	}
	return ""
}

// someNames are the first mailboxes of LIST.
func (w *Watch) someNames() string {
	var names []string
	for _, l := range w.mbox.list[:min(len(w.mbox.list), 8)] {
		names = append(names, l.name)
	}
	text := strings.Join(names, ", ")
	if len(w.mbox.list) > 8 {
		text += " and others"
	}
	return text
}

// nearest is the mailbox of LIST that a name most likely means: the same but
// for case, the same behind the last delimiter, or of the same use.
func (w *Watch) nearest(name string) string {
	leaf, role := strings.ToLower(lastPart(name)), useOf(lastPart(name))
	tests := []func(l listed) bool{
		func(l listed) bool { return strings.EqualFold(l.name, name) },
		func(l listed) bool { return strings.ToLower(lastPart(l.name)) == leaf },
		func(l listed) bool { return role != "" && l.role == role },
		func(l listed) bool { return role != "" && useOf(lastPart(l.name)) == role },
		func(l listed) bool {
			return len(leaf) > 3 && strings.HasPrefix(strings.ToLower(lastPart(l.name)), leaf)
		},
		func(l listed) bool { return len(leaf) > 3 && oneTypo(strings.ToLower(lastPart(l.name)), leaf) },
	}
	for _, fits := range tests {
		for _, l := range w.mbox.list {
			if l.name != name && fits(l) {
				return l.name
			}
		}
	}
	return ""
}

// uses are the names that mailboxes of a special use commonly have.
var uses = map[string][]string{
	`\sent`:    {"sent", "sent items", "sent messages", "sent mail", "sent-mail", "gesendet", "gesendete elemente", "gesendete objekte", "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "inviata", "posta inviata", "отправленные", "verzonden", "skickat", "wysłane", "已发送", "送信済みメール"},
	`\trash`:   {"trash", "deleted items", "deleted messages", "deleted", "bin", "papierkorb", "gelöschte elemente", "corbeille", "éléments supprimés", "papelera", "lixeira", "cestino", "корзина", "prullenbak", "papperskorgen", "kosz"},
	`\drafts`:  {"drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "rascunhos", "черновики", "concepten", "utkast"},
	`\junk`:    {"junk", "spam", "junk e-mail", "junk email", "bulk mail", "bulk", "indésirables", "correo no deseado", "posta indesiderata", "спам", "ongewenst"},
	`\archive`: {"archive", "archives", "archiv", "archivo", "archivio", "архив"},
}

// useOf is the special use that a name commonly has, or "".
func useOf(leaf string) string {
	leaf = strings.ToLower(leaf)
	for use, names := range uses {
		if slices.Contains(names, leaf) {
			return use
		}
	}
	return ""
}

func lastPart(name string) string {
	if i := strings.LastIndexAny(name, "./"); i >= 0 {
		return name[i+1:]
	}
	return name
}

// oneTypo tells whether two names differ in one character only, or one has
// one more.
func oneTypo(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) < len(y) {
		x, y = y, x
	}
	if len(x)-len(y) > 1 {
		return false
	}
	i := 0
	for i < len(y) && x[i] == y[i] {
		i++
	}
	if len(x) == len(y) {
		return i < len(x) && string(x[i+1:]) == string(y[i+1:])
	}
	return string(x[i+1:]) == string(y[i:])
}

// misencoded says how a mailbox's name is wrongly written: with octets outside
// ASCII although nothing allows them, as no modified UTF-7, or encoded twice
// (RFC 9051 §5.1, RFC 3501 §5.1.3). "" where it is not.
func (w *Watch) misencoded(cmd *event.Event, box syntax.Mailbox) string {
	sent := wireName(box)
	for i := range len(sent) {
		if sent[i] >= 0x80 {
			if w.utf8 {
				return ""
			}
			return "the client sent " + sent + " as it stands; the server expects " + syntax.EncodeMailbox(sent) + " (or UTF8=ACCEPT enabled first)"
		}
	}
	if i := strings.Index(sent, "&-"); i >= 0 {
		once := sent[:i+1] + sent[i+2:]
		if decoded, ok := syntax.DecodeMailbox(once); ok && decoded != once && !isASCII(decoded) {
			return "the client sent " + sent + ", which is " + once + " encoded a second time; it means " + decoded
		}
	}
	if _, ok := syntax.DecodeMailbox(sent); !ok && strings.Contains(cmd.Error, "modified UTF-7") {
		return "the client sent " + sent + ": a lone & has to be written &-"
	}
	return ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
