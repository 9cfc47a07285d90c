// Package identity knows who is asking and what they may do.
//
// Accounts are of four kinds: citizens (cá nhân), organisations (tổ chức, doanh
// nghiệp), staff (cán bộ, công chức, viên chức) and the system itself. Staff never
// use a citizen account for their work. A person signs in with a password
// (argon2id) and gets a session in our own table; a program brings an API token.
// Both become an [Actor] in the context, built from the posts the account holds
// now (package org) and the permissions of the roles on those posts.
//
// Permission is held at an agency and reaches its subtree. [Actor.Scope] is that
// reach as path prefixes and [Within] turns it into SQL, so that every list is
// limited in its query. Not allowed looks exactly like not found.
//
// Law: personal data Luật 91/2025/QH15 and Nghị định 356/2025 (masking, purpose and
// record of reading); citizen number Nghị định 137/2015 and Thông tư
// 07/2016/TT-BCA.
//
// Every change is an event in stream "identity:<account id>"; events hold ids and
// never a password, a token, a name or a number of a person.
package identity
