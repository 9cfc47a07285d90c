package web

import (
	"net/url"
	"strings"
)

// LocalURL returns u when it is a path of this site ("/ho-so?trang=2"), otherwise
// "/": a link that arrived from outside (the "next" of a sign-in) must never
// send a person to another site.
func LocalURL(u string) string {
	if !strings.HasPrefix(u, "/") || strings.HasPrefix(u, "//") || strings.HasPrefix(u, `/\`) || strings.ContainsAny(u, "\\\r\n\t\x00") {
		return "/"
	}
	p, err := url.Parse(u)
	if err != nil || p.Host != "" || p.Scheme != "" {
		return "/"
	}
	return u
}
