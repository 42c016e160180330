package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets requests through that the user made: none that a web page can
// cause (its Host would be a name of the page's choice, DNS rebinding, or it
// would carry an Origin), and on TCP none without the token.
func (l *Listener) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case len(r.Header.Values("Origin")) > 0, r.Header.Get("Sec-Fetch-Site") != "":
			refuse(w, http.StatusForbidden, "requests of web pages are not answered")
		case !l.knows(r):
			refuse(w, http.StatusForbidden, "the request's Host is neither the address that mailtap listens on nor localhost")
		case l.Token != "" && !authorized(r, l.Token):
			w.Header().Set("WWW-Authenticate", `Bearer realm="mailtap"`)
			refuse(w, http.StatusUnauthorized, "the token is missing or wrong; send Authorization: Bearer TOKEN, as in --control-token's file")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knows reports whether the request's Host is the bound address or localhost,
// the port as it is bound, or left out.
func (l *Listener) knows(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), ""
	}
	host = strings.ToLower(host)
	if l.port == "" { // a unix socket: no page can reach it
		return host == "localhost" && port == ""
	}
	if port != "" && port != l.port {
		return false
	}
	if host == "localhost" || l.host != "" && host == l.host {
		return true
	}
	// Bound to all addresses: the one that the request came to. A rebound
	// name is a name, and never gets here.
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return local != nil && sameIP(host, local)
}

func sameIP(host string, local net.Addr) bool {
	want, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	got, err := netip.ParseAddrPort(local.String())
	return err == nil && got.Addr().Unmap().WithZone("") == want.Unmap().WithZone("")
}

// authorized compares in a time that does not depend on how much is right.
func authorized(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, b := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && strings.EqualFold(scheme, "bearer")
}
