package peertest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

// DovecotOptions vary the config of a Dovecot. The zero value is a server that
// takes everything: each mechanism, in the clear too.
type DovecotOptions struct {
	Users       int           // 24 where 0
	Mechanisms  string        // Dovecot's auth_mechanisms; all that need no realm where empty
	RequireTLS  bool          // LOGINDISABLED before STARTTLS (Dovecot deems 127.0.0.1 secure but for ssl=required)
	NoTLS       bool          // offers no STARTTLS, and has no implicit TLS
	Certificate string        // file of another certificate than one for localhost and 127.0.0.1
	Key         string        // its key
	Connections int           // mail_max_userip_connections; 100 where 0
	Quota       string        // the rule, "*:storage=2M"; 100 MiB where empty
	FailDelay   time.Duration // before a failed login is answered
	Extra       string        // config lines at the end
}

// Dovecot is a Server with what only Dovecot has.
type Dovecot struct {
	*Server

	program string
	dir     string
	config  string
	process *exec.Cmd
}

const mechanisms = "plain login cram-md5 digest-md5 scram-sha-1 scram-sha-256 apop"

// StartDovecot starts a Dovecot 2.3 with IMAP and POP3, as root or not, and
// stops it when the test ends.
func StartDovecot(t testing.TB, o DovecotOptions) *Dovecot {
	t.Helper()
	program := Need(t, "dovecot")[0]
	needDovecot23(t, program)
	dir := shortDir(t)
	authority := NewAuthority(t, dir)
	if o.Certificate == "" {
		o.Certificate, o.Key = authority.Leaf(t, "server", 24*time.Hour, "localhost", "127.0.0.1")
	}
	if o.Users == 0 {
		o.Users = 24
	}
	d := &Dovecot{
		Server:  &Server{Name: "dovecot", CA: authority.File, users: makeUsers(o.Users)},
		program: program, dir: dir, config: filepath.Join(dir, "dovecot.conf"),
	}
	d.writeUsers(t)
	ports := freePorts(t, 4)
	d.Ports = Ports{ports[0], ports[1], ports[2], ports[3]}
	d.writeConfig(t, o)
	d.Start(t)
	t.Cleanup(func() {
		d.Stop(t)
		if t.Failed() {
			t.Logf("dovecot's log:\n%s", d.Log())
		}
	})
	return d
}

func needDovecot23(t testing.TB, program string) {
	t.Helper()
	version, err := exec.Command(program, "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "2.3.") {
		Missing(t, "dovecot 2.3 is needed, and this is %q (%v)", strings.TrimSpace(string(version)), err)
	}
	for _, service := range []string{"imap", "pop3"} {
		if _, err := os.Stat(filepath.Join("/usr/lib/dovecot", service)); err != nil {
			Missing(t, "dovecot's %s service is not installed: %v", service, err)
		}
	}
}

// shortDir makes a temporary directory whose path is short enough for the
// sockets in it, and which a user without rights can pass.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mtp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// mailOwner is who Dovecot reads mail as: it refuses to do so as root.
func mailOwner() (uid, gid int) {
	if os.Getuid() == 0 {
		return 65534, 65534
	}
	return os.Getuid(), os.Getgid()
}

// ownerNames are the names of mailOwner's user and group.
func ownerNames(t testing.TB) (name, group string) {
	t.Helper()
	uid, gid := mailOwner()
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(strconv.Itoa(gid))
	if err != nil {
		t.Fatal(err)
	}
	return u.Username, g.Name
}

// writeUsers writes the password file and every user's mailbox.
func (d *Dovecot) writeUsers(t testing.TB) {
	t.Helper()
	var lines strings.Builder
	for _, u := range d.users {
		fmt.Fprintf(&lines, "%s:{PLAIN}%s\n", u.Name, u.Password)
		d.writeMailbox(t, u)
	}
	file := filepath.Join(d.dir, "users")
	if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeMailbox makes u's Maildir, with fixed UIDs and dates: two users'
// mailboxes differ in nothing but their place.
func (d *Dovecot) writeMailbox(t testing.TB, u User) {
	t.Helper()
	uid, gid := mailOwner()
	home := filepath.Join(d.dir, "mail", u.Name)
	root := filepath.Join(home, "Maildir")
	for _, folder := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	list := &strings.Builder{}
	samples := Samples()
	fmt.Fprintf(list, "3 V1700000000 N%d G%032x\n", len(samples)+1, 0x1700)
	for i, m := range samples {
		text := strings.ReplaceAll(m.Text, "\r\n", "\n")
		name := fmt.Sprintf("17000000%02d.M%d.host,S=%d,W=%d", i, i, len(text), len(m.Text))
		fmt.Fprintf(list, "%d :%s\n", i+1, name)
		path := filepath.Join(root, "cur", name+":2,"+m.Flags)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		date := time.Unix(1700000000+int64(i), 0)
		if err := os.Chtimes(path, date, date); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "dovecot-uidlist"), []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(home, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (d *Dovecot) writeConfig(t testing.TB, o DovecotOptions) {
	t.Helper()
	uid, gid := mailOwner()
	values := struct {
		DovecotOptions
		Ports
		Dir, Login, Group string
		UID, GID          int
		Root              bool
	}{DovecotOptions: o, Ports: d.Ports, Dir: d.dir, UID: uid, GID: gid, Root: os.Getuid() == 0}
	if !values.Root {
		values.Login, values.Group = ownerNames(t)
	}
	if values.Mechanisms == "" {
		values.Mechanisms = mechanisms
	}
	if values.Connections == 0 {
		values.Connections = 100
	}
	if values.Quota == "" {
		values.Quota = "*:storage=100M"
	}
	var text bytes.Buffer
	if err := dovecotConfig.Execute(&text, values); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.config, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

var dovecotConfig = template.Must(template.New("dovecot.conf").Parse(`
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/state
log_path = {{.Dir}}/dovecot.log
protocols = imap pop3
listen = 127.0.0.1{{if .RequireTLS}}, 127.0.0.2{{end}}
login_greeting = Ready.
{{if .NoTLS}}ssl = no
{{else}}ssl = {{if .RequireTLS}}required{{else}}yes{{end}}
ssl_cert = <{{.Certificate}}
ssl_key = <{{.Key}}
{{end}}
disable_plaintext_auth = {{if .RequireTLS}}yes{{else}}no{{end}}
auth_mechanisms = {{.Mechanisms}}
auth_failure_delay = {{.FailDelay.Milliseconds}} ms
auth_cache_size = 0
first_valid_uid = 1
mail_uid = {{.UID}}
mail_gid = {{.GID}}
mail_location = maildir:~/Maildir
mail_max_userip_connections = {{.Connections}}
mail_fsync = never
mail_plugins = quota
default_process_limit = 200
# Where anvil delays logins after failures a test would be slow and not wiser.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {{.Dir}}/users
}
userdb {
  driver = static
  args = uid={{.UID}} gid={{.GID}} home={{.Dir}}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
}
plugin {
  quota = maildir:User quota
  quota_rule = {{.Quota}}
}
protocol imap {
  mail_plugins = quota imap_quota imap_zlib
  mail_max_userip_connections = {{.Connections}}
}
protocol pop3 {
  mail_max_userip_connections = {{.Connections}}
}
service imap-login {
  {{if not .Root}}chroot =
  {{end}}inet_listener imap {
    port = {{.IMAP}}
  }
  inet_listener imaps {
    port = {{if .NoTLS}}0{{else}}{{.IMAPS}}{{end}}
    ssl = yes
  }
}
service pop3-login {
  {{if not .Root}}chroot =
  {{end}}inet_listener pop3 {
    port = {{.POP3}}
  }
  inet_listener pop3s {
    port = {{if .NoTLS}}0{{else}}{{.POP3S}}{{end}}
    ssl = yes
  }
}
{{if not .Root}}
default_internal_user = {{.Login}}
default_login_user = {{.Login}}
default_internal_group = {{.Group}}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-urlauth-login {
  chroot =
}
{{end}}
{{.Extra}}
`))

// Start starts the server again on its ports after Stop.
func (d *Dovecot) Start(t testing.TB) {
	t.Helper()
	var said bytes.Buffer
	d.process = exec.Command(d.program, "-F", "-c", d.config)
	d.process.Stdout, d.process.Stderr = &said, &said
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	process := d.process
	go func() { process.Wait(); close(ended) }()
	for range 100 {
		if answers(d.Ports.IMAP) && answers(d.Ports.POP3) {
			return
		}
		select {
		case <-ended:
			t.Fatalf("dovecot ended at once: %s\n%s", said.String(), d.Log())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("dovecot does not answer on %s\n%s", Address(d.Ports.IMAP), d.Log())
}

// Stop ends the server and all its sessions.
func (d *Dovecot) Stop(t testing.TB) {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(d.dir, "run", "master.pid"))
	if err != nil {
		return
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		t.Fatal(err)
	}
	if err := stopProcess(n, 10*time.Second); err != nil {
		t.Errorf("stopping dovecot: %v", err)
	}
}

// Log returns what the server wrote to its log.
func (d *Dovecot) Log() string {
	text, err := os.ReadFile(filepath.Join(d.dir, "dovecot.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
