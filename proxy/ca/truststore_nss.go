package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// profiles are the places, below the home directory, of NSS's databases: one
// for each profile of each program, packaged in any of the usual ways.
var profiles = []struct{ program, glob string }{
	{"Firefox", ".mozilla/firefox/*"},
	{"Firefox", ".config/mozilla/firefox/*"},
	{"Firefox (snap)", "snap/firefox/common/.mozilla/firefox/*"},
	{"Firefox (flatpak)", ".var/app/org.mozilla.firefox/.mozilla/firefox/*"},
	{"Firefox (flatpak)", ".var/app/org.mozilla.firefox/config/mozilla/firefox/*"},
	{"Firefox", "Library/Application Support/Firefox/Profiles/*"},
	{"Firefox", "AppData/Roaming/Mozilla/Firefox/Profiles/*"},
	{"Thunderbird", ".thunderbird/*"},
	{"Thunderbird (snap)", "snap/thunderbird/common/.thunderbird/*"},
	{"Thunderbird (flatpak)", ".var/app/org.mozilla.Thunderbird/.thunderbird/*"},
	{"Thunderbird (flatpak)", ".var/app/org.mozilla.thunderbird/.thunderbird/*"},
	{"Thunderbird", "Library/Thunderbird/Profiles/*"},
	{"Thunderbird", "AppData/Roaming/Thunderbird/Profiles/*"},
	{"Betterbird (flatpak)", ".var/app/eu.betterbird.Betterbird/.thunderbird/*"},
	{"SeaMonkey", ".mozilla/seamonkey/*"},
	{"Chromium and others", ".pki/nssdb"},
	{"Chromium and others", ".local/share/pki/nssdb"},
	{"Chromium (snap)", "snap/chromium/current/.pki/nssdb"},
}

// database is one store of NSS.
type database struct {
	program string
	dir     string
	spec    string // as certutil's -d takes it
}

func databases(home string) []database {
	var list []database
	for _, p := range profiles {
		dirs, _ := filepath.Glob(filepath.Join(escapeGlob(home), filepath.FromSlash(p.glob)))
		for _, dir := range dirs {
			switch {
			case exists(filepath.Join(dir, "cert9.db")):
				list = append(list, database{p.program, dir, "sql:" + dir})
			case exists(filepath.Join(dir, "cert8.db")):
				list = append(list, database{p.program, dir, "dbm:" + dir})
			}
		}
	}
	return list
}

func escapeGlob(path string) string {
	if runtime.GOOS == "windows" { // has no escape there
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// certutils is NSS's certutil, or why there is none.
type certutils struct {
	path string
	err  error
}

// findCertutil does not take Windows' program of the same name for it.
func findCertutil() certutils {
	if runtime.GOOS == "windows" {
		return certutils{err: errors.New("mailtap cannot change these stores on Windows; import the file of mailtap ca export in the program's settings, under Certificates, Authorities")}
	}
	if path, err := exec.LookPath("certutil"); err == nil {
		return certutils{path: path}
	}
	for _, path := range []string{"/opt/homebrew/opt/nss/bin/certutil", "/usr/local/opt/nss/bin/certutil"} {
		if exists(path) {
			return certutils{path: path}
		}
	}
	return certutils{err: errors.New("certutil is not installed; install libnss3-tools (Debian, Ubuntu), nss-tools (Fedora) or nss (Arch, Homebrew), or import the file of mailtap ca export in the program's settings, under Certificates, Authorities")}
}

func (s Stores) nss(v verb, cert *x509.Certificate) []Outcome {
	list := databases(s.Home)
	if len(list) == 0 {
		return []Outcome{{Store: NSS, Skipped: "no profile of Firefox or Thunderbird found below " + s.Home}}
	}
	find := s.find
	if find == nil {
		find = findCertutil
	}
	tool := find()
	out := make([]Outcome, 0, len(list))
	for _, db := range list {
		o := Outcome{Store: NSS, Place: db.program + " " + db.dir, Err: tool.err}
		if tool.err == nil {
			o.Done, o.Err = tool.change(v, db, cert)
		}
		if o.Err == nil && (o.Done == "added" || o.Done == "removed") {
			o.Hint = "restart " + db.program + " if it runs"
		}
		out = append(out, o)
	}
	return out
}

// change adds cert to one database, or removes it, and looks whether that was done.
func (c certutils) change(v verb, db database, cert *x509.Certificate) (string, error) {
	name := nickname(cert)
	there := c.has(db, name, cert)
	if done := settled(v, there); done != "" {
		return done, nil
	}
	var err error
	done := "added"
	if v == add {
		err = withFile(cert, func(file string, _ *x509.Certificate) error {
			_, err := c.run("-A", "-d", db.spec, "-t", "C,,", "-n", name, "-i", file)
			return err
		})
	} else {
		done = "removed"
		_, err = c.run("-D", "-d", db.spec, "-n", name)
	}
	if err != nil {
		return "", err
	}
	if c.has(db, name, cert) != (v == add) {
		return "", fmt.Errorf("certutil reported no error, but the store is as it was; close %s and try again", db.program)
	}
	return done, nil
}

// nickname is what the certificate is called in a database: names that two
// CAs of one day have would be mixed up there.
func nickname(cert *x509.Certificate) string {
	return cert.Subject.CommonName + " " + strings.ReplaceAll(SHA256(cert)[:11], ":", "")
}

func (c certutils) has(db database, name string, cert *x509.Certificate) bool {
	der, err := c.run("-L", "-d", db.spec, "-n", name, "-r")
	return err == nil && bytes.Equal(der, cert.Raw)
}

// run may ask for a profile's primary password, on the terminal.
func (c certutils) run(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		why := strings.Join(strings.Fields(stderr.String()), " ")
		return nil, fmt.Errorf("running certutil %s: %w: %s", args[0], err, why)
	}
	return stdout.Bytes(), nil
}
