// Package notify tells people what happened to their dossiers (thông báo): a notice
// on the site, and an e-mail where an address is known and a mail server is set.
//
// It follows the journal with a durable cursor, so a notice is neither lost when the
// program stops nor sent twice: a notice is keyed by the event and the reader, and its
// e-mail is a job in the same transaction. E-mails carry the number and what to do,
// never answers or papers: a mailbox is not a safe place. Notices are kept for two years.
package notify
