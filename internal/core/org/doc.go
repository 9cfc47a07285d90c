// Package org knows who the state is: agencies (cơ quan), their departments
// (phòng, ban), the posts in them (vị trí việc làm), who holds a post and until
// when, and when each agency works (lịch làm việc).
//
// Agencies form a dated tree: since 1 July 2025 two levels, province (tỉnh) and
// commune (xã, phường, đặc khu), with departments, centres and units below. Every
// agency has an agency id (mã định danh điện tử, Quyết định 20/2020/QĐ-TTg) and
// may keep its old one (Thông tư 10/2016/TT-BTTTT). Path is the materialised way
// from the root, "/<id>/<id>/", and is what scopes of permission compare.
//
// Invariants: the tree has no cycle; a child is valid only while its parent is;
// two agencies valid on one day never share an agency id; an agency with valid
// posts or children is not closed. A post is held from a day to a day, and may be
// delegated (ủy quyền) for a limited time, never further. A working calendar is
// never changed in place: any change is a new version with a reason, so that a
// due date can be recomputed as of any moment.
//
// Every change is an event of the journal in stream "org:<agency id>".
package org
