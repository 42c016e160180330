package control

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrRunning says that another mailtap answers at the address.
var ErrRunning = errors.New("another mailtap answers there")

// Auto is the address at which proxy and viewer meet without being told.
const Auto = "auto"

// A Listener is where a server answers.
type Listener struct {
	net.Listener
	Address string // as Dial takes it: unix:PATH, HOST:PORT
	Token   string // what requests have to bring; "" on unix sockets

	host, port string // of TCP: as the user wrote it, and as it is bound
	path       string // of the socket
}

// ListenOptions are for TCP.
type ListenOptions struct {
	Token string      // needed
	TLS   *tls.Config // needed beyond loopback
}

// Listen takes auto, unix:PATH or HOST:PORT.
func Listen(address string, o ListenOptions) (*Listener, error) {
	path, err := socketPath(address)
	if err != nil {
		return nil, err
	}
	if path != "" {
		return listenUnix(path)
	}
	return listenTCP(address, o)
}

// socketPath is the socket that address names, or "" for TCP.
func socketPath(address string) (string, error) {
	if address == Auto {
		dir, err := RuntimeDir()
		return filepath.Join(dir, "control.sock"), err
	}
	path, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return "", nil
	}
	if path == "" {
		return "", errors.New("the control address unix: has no path; write unix:PATH, or auto")
	}
	return filepath.Abs(path)
}

// RuntimeDir is mailtap's directory for what lives as long as the login: in
// XDG_RUNTIME_DIR, or else a directory of the user's own among the temporary ones.
func RuntimeDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, "mailtap"), nil
		}
	}
	return filepath.Join(os.TempDir(), "mailtap-"+strconv.Itoa(os.Getuid())), nil
}

// listenUnix makes the socket's directory, mode 0700, so that the socket is at
// no moment open to others, and takes the place of a socket where nobody answers.
func listenUnix(path string) (*Listener, error) {
	dir := filepath.Dir(path)
	if err := privateDir(dir); err != nil {
		return nil, fmt.Errorf("listening for viewers on %s: %w", path, err)
	}
	unlock, err := lockDir(dir) // two that start at once must not both find a stale socket
	if err != nil {
		return nil, fmt.Errorf("listening for viewers on %s: %w", path, err)
	}
	defer unlock()
	if err := clearStale(path); err != nil {
		return nil, fmt.Errorf("listening for viewers on %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, tooLong(path, err)
	}
	l.SetUnlinkOnClose(false) // Close looks whose it is first
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return &Listener{Listener: l, Address: "unix:" + path, path: path}, nil
}

func tooLong(path string, err error) error {
	if errors.Is(err, syscall.EINVAL) || len(path) > 100 {
		return fmt.Errorf("listening for viewers on %s: a socket's path has about 100 bytes at most; name a shorter one with --control unix:PATH", path)
	}
	return fmt.Errorf("listening for viewers: %w", err)
}

// privateDir makes dir, or checks that only the user gets into it.
func privateDir(dir string) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o700)
	if err == nil {
		if err = os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return private(dir)
}

// private says what is wrong with dir, if others get into it, or made it.
func private(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	case !mine(info):
		return fmt.Errorf("the directory %s belongs to another user; name one of your own: --control unix:PATH", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("the directory %s is open to others (mode %04o); name a socket in a directory that mailtap makes: --control unix:%s",
			dir, info.Mode().Perm(), filepath.Join(dir, "mailtap", "control.sock"))
	}
	return nil
}

// clearStale removes a socket where nobody answers.
func clearStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return errors.New("something that is no socket is in the way")
	}
	conn, err := net.DialTimeout("unix", path, 2*time.Second)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%w; attach to it with mailtap view --attach, or name another socket: --control unix:PATH", ErrRunning)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// Close ends it, and takes the socket away, unless that is another's by now.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	if l.path == "" {
		return err
	}
	if conn, derr := net.DialTimeout("unix", l.path, time.Second); derr == nil {
		conn.Close()
		return err
	}
	os.Remove(l.path)
	return err
}

func listenTCP(address string, o ListenOptions) (*Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("the control address %q is none; write auto, unix:PATH or HOST:PORT", address)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if host == "*" {
		host = "::"
	}
	if o.Token == "" {
		return nil, fmt.Errorf("the control address %s needs a token: --control-token FILE", address)
	}
	local := Loopback(host)
	if !local && o.TLS == nil {
		return nil, fmt.Errorf("the control address %s is not on loopback and needs TLS", address)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listening for viewers: %w", err)
	}
	_, bound, _ := net.SplitHostPort(l.Addr().String())
	out := &Listener{Listener: l, Address: net.JoinHostPort(host, bound), Token: o.Token, host: strings.ToLower(host), port: bound}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		out.host = ""
	}
	if !local {
		out.Listener = wide{l, o.TLS}
	}
	return out, nil
}

// wide speaks TLS to all but this machine itself, which reaches a listener on
// all addresses by loopback, as a viewer with no certificate at hand does.
type wide struct {
	net.Listener
	config *tls.Config
}

func (w wide) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if addr, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil && addr.Addr().Unmap().IsLoopback() {
		return conn, nil
	}
	return tls.Server(conn, w.config), nil
}

// Loopback reports whether host is this machine talking to itself: TLS is
// needed everywhere else.
func Loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
