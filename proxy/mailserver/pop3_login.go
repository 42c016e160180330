package mailserver

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// userName is USER, RFC 1939 §7. Whether there is such a user is told nobody.
func (s *popSession) userName(arg string) {
	switch {
	case !s.clearText():
	case arg == "":
		s.fail("", "a name is wanted")
	default:
		s.user = arg
		s.ok("and the password")
	}
}

// pass is PASS: all behind the first blank is the password, blanks too.
func (s *popSession) pass(arg string) {
	user := s.user
	s.user = ""
	switch {
	case !s.clearText():
	case user == "":
		s.fail("", "USER comes first")
	default:
		s.login(user, func(password string) bool { return same(arg, password) })
	}
}

// apop is RFC 1939 §7: MD5 of the greeting's timestamp and the password.
func (s *popSession) apop(arg string) {
	user, digest, _ := strings.Cut(arg, " ")
	s.login(user, func(password string) bool {
		sum := md5.Sum([]byte(s.stamp + password))
		return same(strings.ToLower(digest), hex.EncodeToString(sum[:]))
	})
}

// auth is RFC 5034, with PLAIN (RFC 4616). Without an argument it lists the
// mechanisms, as servers did before CAPA and clients still ask.
func (s *popSession) auth(arg string) {
	mechanism, initial, _ := strings.Cut(arg, " ")
	switch {
	case arg == "":
		s.ok("the mechanisms")
		s.block([]string{"PLAIN"})
		return
	case !strings.EqualFold(mechanism, "PLAIN"):
		s.fail("", "there is only PLAIN")
		return
	case !s.clearText():
		return
	}
	if initial == "" {
		s.write("+ ")
		line, err := s.line()
		if err != nil || line == "*" {
			s.fail("AUTH", "given up")
			return
		}
		initial = line
	}
	user, password, err := plain(initial)
	if err != nil {
		s.fail("AUTH", "%v", err)
		return
	}
	s.login(user, func(want string) bool { return same(password, want) })
}

var errPlain = errors.New("PLAIN is base64 of an identity, a name and a password, each behind a NUL")

// plain takes a response of PLAIN apart. To act as another is not possible.
func plain(response string) (user, password string, err error) {
	decoded, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		return "", "", errPlain
	}
	parts := strings.Split(string(decoded), "\x00")
	if len(parts) != 3 || parts[0] != "" && parts[0] != parts[1] {
		return "", "", errPlain
	}
	return parts[1], parts[2], nil
}

// clearText reports whether a password may come now, and says so where not.
func (s *popSession) clearText() bool {
	if !s.mayLogIn() {
		s.fail("AUTH", "begin TLS first, by STLS")
	}
	return s.mayLogIn()
}

// login opens the maildrop of a user whose password is the right one.
func (s *popSession) login(user string, right func(password string) bool) {
	password, known := s.boxes.password(user)
	if !right(password) || !known {
		s.fail("AUTH", "that is not a name and its password")
		return
	}
	if !s.boxes.lock(user) {
		s.fail("IN-USE", "another session has this maildrop")
		return
	}
	drop, err := s.boxes.openMaildrop(user, password, s.o)
	if err != nil {
		s.boxes.unlock(user)
		s.o.log("%v", err)
		s.fail("SYS/TEMP", "the maildrop cannot be opened")
		return
	}
	s.drop, s.holder = drop, user
	n, size := drop.count()
	s.ok("%s (%d octets)", messages(n), size)
}

// same compares without telling by its time where two texts differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
