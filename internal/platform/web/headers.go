package web

import (
	"net/http"
	"strings"
)

// policy allows this site and nothing else: no third-party host, no inline
// script, no inline style. Images may be data: because the stylesheet carries
// its small drawings inside.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

const permissions = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"

func setSecurityHeaders(h http.Header, https bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissions)
	if https {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// Allow widens one directive of the content security policy for this answer,
// before Render: a meeting page connects to its media server
// (Allow(w, "connect-src", "wss://hop.tinh.gov.vn")), a form that ends at the payment
// platform names it in "form-action".
func Allow(w http.ResponseWriter, directive string, sources ...string) {
	h := w.Header()
	parts := strings.Split(h.Get("Content-Security-Policy"), "; ")
	for i, p := range parts {
		if strings.HasPrefix(p, directive+" ") {
			parts[i] = strings.TrimSuffix(p, " 'none'") + " " + strings.Join(sources, " ")
			h.Set("Content-Security-Policy", strings.Join(parts, "; "))
			return
		}
	}
	h.Set("Content-Security-Policy", strings.Join(append(parts, directive+" "+strings.Join(sources, " ")), "; "))
}

// AllowFeature lets this page ask the person for a device: "camera", "microphone",
// "geolocation", "display-capture".
func AllowFeature(w http.ResponseWriter, features ...string) {
	p := w.Header().Get("Permissions-Policy")
	for _, f := range features {
		p = strings.Replace(p, f+"=()", f+"=(self)", 1)
	}
	w.Header().Set("Permissions-Policy", p)
}
