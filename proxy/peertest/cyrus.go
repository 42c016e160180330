package peertest

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// cyrusFolder names the environment variable with the folder in which Cyrus's
// packages were unpacked: they cannot be installed beside Dovecot's.
const cyrusFolder = "MAILTAP_CYRUS"

// CyrusOptions vary the config of a Cyrus. The zero value is a server that
// takes everything.
type CyrusOptions struct {
	Users int    // 24 where 0
	Extra string // lines of imapd.conf; one that is there already is replaced
}

// StartCyrus starts a Cyrus 3 with IMAP and POP3, as an ordinary user, and
// stops it when the test ends.
func StartCyrus(t testing.TB, o CyrusOptions) *Server {
	t.Helper()
	root := os.Getenv(cyrusFolder)
	if root == "" {
		Missing(t, "%s names no folder with Cyrus in it (see .ci/run)", cyrusFolder)
	}
	dir := shortDir(t)
	authority := NewAuthority(t, dir)
	cert, key := authority.Leaf(t, "server", 24*time.Hour, "localhost", "127.0.0.1")
	ports := freePorts(t, 4)
	s := &Server{Name: "cyrus", CA: authority.File, users: makeUsers(cmp.Or(o.Users, 24)), Ports: Ports{ports[0], ports[1], ports[2], ports[3]}}
	c := cyrus{dir: dir, root: root, extra: o.Extra}
	c.copyPrograms(t)
	c.writePasswords(t, s.users)
	c.writeConfig(t, s.Ports, cert, key)
	c.start(t, s)
	for _, u := range s.users {
		if err := s.fill(u); err != nil {
			t.Fatalf("filling the mailbox of %s: %v", u.Name, err)
		}
	}
	return s
}

// cyrus is where one server's files are.
type cyrus struct {
	dir  string // its own
	root string // the unpacked packages

	extra string // lines of imapd.conf
}

// copyPrograms copies what runs into the server's directory, where the user
// that it runs as can read it.
func (c cyrus) copyPrograms(t testing.TB) {
	t.Helper()
	var files []string
	for _, pattern := range []string{
		"usr/lib/cyrus/bin/master", "usr/lib/cyrus/bin/imapd", "usr/lib/cyrus/bin/pop3d",
		"usr/sbin/saslpasswd2", "usr/lib/*/libcyrus*.so.0",
	} {
		found, err := filepath.Glob(filepath.Join(c.root, pattern))
		if err != nil || len(found) == 0 {
			Missing(t, "%s has no %s", c.root, pattern)
		}
		files = append(files, found...)
	}
	if err := os.Mkdir(c.path("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.path("bin", filepath.Base(file)), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func (c cyrus) path(names ...string) string {
	return filepath.Join(append([]string{c.dir}, names...)...)
}

func (c cyrus) writePasswords(t testing.TB, users []User) {
	t.Helper()
	for _, u := range users {
		cmd := exec.Command(c.path("bin", "saslpasswd2"), "-p", "-c", "-f", c.path("sasldb"), "-u", "localhost", u.Name)
		cmd.Stdin = strings.NewReader(u.Password)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("saslpasswd2: %v\n%s", err, out)
		}
	}
}

func (c cyrus) writeConfig(t testing.TB, ports Ports, cert, key string) {
	t.Helper()
	for _, dir := range []string{"config/db", "config/socket", "spool"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	values := struct {
		Ports
		Dir, Cert, Key string
		User, Group    string
	}{Ports: ports, Dir: c.dir, Cert: cert, Key: key}
	values.User, values.Group = ownerNames(t)
	for file, text := range map[string]*template.Template{"imapd.conf": imapdConfig, "cyrus.conf": cyrusConfig} {
		var b bytes.Buffer
		if err := text.Execute(&b, values); err != nil {
			t.Fatal(err)
		}
		if file == "imapd.conf" {
			WriteFile(t, c.dir, file, replaceLines(b.String(), c.extra))
			continue
		}
		WriteFile(t, c.dir, file, b.String())
	}
	uid, gid := mailOwner()
	err := filepath.WalkDir(c.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, gid)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// replaceLines is config, whose lines are "name: value", with those of extra in
// the place of its own.
func replaceLines(config, extra string) string {
	var kept strings.Builder
	for line := range strings.Lines(config) {
		name, _, _ := strings.Cut(line, ":")
		if strings.TrimSpace(line) == "" || !strings.Contains("\n"+extra, "\n"+name+":") {
			kept.WriteString(line)
		}
	}
	return kept.String() + extra + "\n"
}

var imapdConfig = template.Must(template.New("imapd.conf").Parse(`
configdirectory: {{.Dir}}/config
partition-default: {{.Dir}}/spool
defaultpartition: default
cyrus_user: {{.User}}
cyrus_group: {{.Group}}
servername: localhost
unixhierarchysep: yes
altnamespace: yes
autocreate_quota: 0
allowplaintext: yes
allowapop: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {{.Dir}}/sasldb
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256
tls_server_cert: {{.Cert}}
tls_server_key: {{.Key}}
duplicatesuppression: no
imapidlepoll: 1
`))

var cyrusConfig = template.Must(template.New("cyrus.conf").Parse(`
START {
}
SERVICES {
  imap cmd="{{.Dir}}/bin/imapd -C {{.Dir}}/imapd.conf" listen="127.0.0.1:{{.IMAP}}" maxchild=50
  imaps cmd="{{.Dir}}/bin/imapd -s -C {{.Dir}}/imapd.conf" listen="127.0.0.1:{{.IMAPS}}" maxchild=50
  pop3 cmd="{{.Dir}}/bin/pop3d -C {{.Dir}}/imapd.conf" listen="127.0.0.1:{{.POP3}}" maxchild=50
  pop3s cmd="{{.Dir}}/bin/pop3d -s -C {{.Dir}}/imapd.conf" listen="127.0.0.1:{{.POP3S}}" maxchild=50
}
EVENTS {
}
`))

func (c cyrus) start(t testing.TB, s *Server) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(c.path("bin", "master"), "-D", "-p", c.path("pid"), "-C", c.path("imapd.conf"), "-M", c.path("cyrus.conf"))
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+c.path("bin"))
	cmd.Stdout, cmd.Stderr = &said, &said
	// A group of its own: the master ends by sending SIGTERM to its group.
	ownGroup(cmd)
	if uid, gid := mailOwner(); os.Getuid() == 0 {
		asUser(cmd, uid, gid)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := stopProcess(cmd.Process.Pid, 10*time.Second); err != nil {
			t.Errorf("stopping cyrus: %v", err)
		}
	})
	for range 100 {
		if answers(s.Ports.IMAP) && answers(s.Ports.POP3) {
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("cyrus ended at once: %v (78 is its config; more is in the system's log) %s", err, said.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("cyrus does not answer on %s", Address(s.Ports.IMAP))
}

// fill puts the samples into u's INBOX over IMAP, inside TLS: a server may take
// no password in the clear.
func (s *Server) fill(u User) error {
	c, err := imapclient.DialTLS(Address(s.Ports.IMAPS), &imapclient.Options{TLSConfig: &tls.Config{InsecureSkipVerify: true}})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Login(u.Name, u.Password).Wait(); err != nil {
		return err
	}
	for i, m := range Samples() {
		o := &imap.AppendOptions{Time: time.Unix(1700000000+int64(i), 0)}
		for letter, flag := range map[string]imap.Flag{"S": imap.FlagSeen, "F": imap.FlagFlagged, "R": imap.FlagAnswered} {
			if strings.Contains(m.Flags, letter) {
				o.Flags = append(o.Flags, flag)
			}
		}
		a := c.Append("INBOX", int64(len(m.Text)), o)
		_, err := a.Write([]byte(m.Text))
		if err := errors.Join(err, a.Close()); err != nil {
			return err
		}
		if _, err := a.Wait(); err != nil {
			return err
		}
	}
	return c.Logout().Wait()
}
