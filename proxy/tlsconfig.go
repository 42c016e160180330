package proxy

import (
	"mailtap/proxy/ca"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// UpstreamTLS is how a route's server is spoken to inside TLS: by the route's
// options and, where those say nothing, the flags.
func UpstreamTLS(cfg Config, r route.Route) (u *tlsfacts.Upstream, err error) {
	u = &tlsfacts.Upstream{
		Name: r.ServerName(), Roots: cfg.Upstream.Roots, RootCerts: cfg.Upstream.RootCerts, Insecure: r.Options.Insecure.Or(cfg.Upstream.Insecure),
		Cert: cfg.Upstream.Certificate, Legacy: cfg.TLSLegacy, KeyLog: cfg.KeyLog,
		Upgrade: r.Upstream.Mode != route.Implicit,
	}
	if file := r.Options.CA; file != "" {
		if err := u.LoadRoots(file); err != nil {
			return nil, err
		}
	}
	if r.Options.Cert != "" || r.Options.Key != "" {
		if u.Cert, err = ca.LoadPair(r.Options.Cert, r.Options.Key); err != nil {
			return nil, err
		}
	}
	return u, nil
}
