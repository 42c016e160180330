package peertest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// NoSecrets fails the test if a file below dir holds one of secrets, as it is
// or in one of the forms that it takes on the wire.
func NoSecrets(t testing.TB, dir string, secrets ...string) {
	t.Helper()
	for _, leak := range FindSecrets(t, dir, secrets...) {
		t.Errorf("%s", leak)
	}
}

// FindSecrets returns a line for each file below dir and secret that is in it.
func FindSecrets(t testing.TB, dir string, secrets ...string) []string {
	t.Helper()
	var leaks []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			if form := formIn(data, secret); form != "" {
				leaks = append(leaks, path+" holds the password "+secret+" "+form)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaks
}

func formIn(data []byte, secret string) string {
	for form, text := range forms(secret) {
		if bytes.Contains(data, []byte(text)) {
			return form
		}
	}
	return ""
}

// forms are how a secret may stand in a file. Base64 has three, for the three
// places that it can begin at in what is encoded: SASL PLAIN puts the user before it.
func forms(secret string) map[string]string {
	return map[string]string{
		"as it is":          secret,
		"in hex":            hex.EncodeToString([]byte(secret)),
		"URL encoded":       url.QueryEscape(secret),
		"in base64":         inBase64(secret, 0),
		"in base64, one on": inBase64(secret, 1),
		"in base64, two on": inBase64(secret, 2),
	}
}

// inBase64 is what base64 makes of secret behind that many octets, without the
// characters that depend on what stands around it.
func inBase64(secret string, before int) string {
	encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
	first := (before*8 + 5) / 6
	last := (before + len(secret)) * 8 / 6
	return encoded[first:last]
}
