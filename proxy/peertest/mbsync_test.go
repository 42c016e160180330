package peertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestMbsync has mbsync copy the account to a Maildir, then carry a deletion, a
// flag and a new message back to the server. It compresses by itself.
func TestMbsync(t *testing.T) {
	peertest.Need(t, "mbsync")
	compare(t, mbsync, sorted, "imap")
}

func mbsync(t *testing.T, e peertest.End) []string {
	t.Helper()
	config := mbsyncConfig(t, e)
	if err := os.Mkdir(filepath.Join(e.Dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	peertest.Run(t, e.Dir, "mbsync", "--config", config, "all")
	inbox := filepath.Join(e.Dir, "mail", "INBOX")
	fetched := append(peertest.Files(t, filepath.Join(inbox, "cur")), peertest.Files(t, filepath.Join(inbox, "new"))...)
	changeMaildir(t, inbox)
	peertest.Run(t, e.Dir, "mbsync", "--config", config, "all")
	return fetched
}

// mbsyncConfig writes a config for e, and gives its file.
func mbsyncConfig(t *testing.T, e peertest.End) string {
	t.Helper()
	kinds := map[peertest.Security]string{
		peertest.Implicit: "IMAPS", peertest.StartTLS: "STARTTLS", peertest.Cleartext: "None",
	}
	return peertest.WriteFile(t, e.Dir, "mbsyncrc", fmt.Sprintf(`
IMAPAccount account
Host %s
Port %d
User %s
Pass "%s"
SSLType %s
CertificateFile %s

IMAPStore far
Account account

MaildirStore near
Path %s/mail/
Inbox %s/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
Expunge Both
SyncState *
`, e.Host, e.Port, e.User.Name, e.User.Password, kinds[e.Security], e.CA, e.Dir, e.Dir))
}

// changeMaildir deletes the message with UID 2, flags the one with UID 3, and
// adds one: mbsync keeps UIDs in file names.
func changeMaildir(t *testing.T, inbox string) {
	t.Helper()
	changed := 0
	for _, folder := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(inbox, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name, _, _ := strings.Cut(entry.Name(), ":")
			from := filepath.Join(inbox, folder, entry.Name())
			switch {
			case strings.HasSuffix(name, ",U=2"):
				err = os.Remove(from)
			case strings.HasSuffix(name, ",U=3"):
				err = os.Rename(from, filepath.Join(inbox, "cur", name+":2,FS"))
			default:
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			changed++
		}
	}
	if changed != 2 {
		t.Fatalf("%d messages were found to be changed, want 2", changed)
	}
	peertest.WriteFile(t, inbox, "cur/1700009999.M1.host:2,S", "From: a@example.org\nSubject: new\n\nfrom the client\n")
}
