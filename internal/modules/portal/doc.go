// Package portal is what citizens and businesses see (cổng dịch vụ công): find a
// procedure in one search, read what it takes, fill in what the state does not know
// yet, follow the dossier, supplement it, hold the result, judge the service.
//
// Every page works without JavaScript and weighs less than 100 kB on first view.
// Nothing typed is lost: each step of a form is saved as a draft before it is judged,
// scripts save while the person types, and two tabs on one draft merge field by field.
//
// Public pages (tra cứu) tell whoever knows the number where a dossier stands, and
// nothing about whose it is.
package portal
