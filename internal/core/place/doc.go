// Package place knows the administrative units (địa bàn hành chính) of Viet Nam
// with time: provinces (tỉnh, thành phố), districts until 30 June 2025 (quận, huyện,
// thị xã, thành phố thuộc tỉnh) and communes (xã, phường, thị trấn, đặc khu), and
// what became of each.
//
// Since 1 July 2025 there are 34 provinces and 3,321 communes and no districts
// (Luật Tổ chức chính quyền địa phương 2025, Nghị quyết 202/2025/QH15, Quyết định
// 19/2025/QĐ-TTg); before, 63, 696 and 10,035. Seven provinces kept their name and
// got another code, and old codes came to mean other provinces: a code means
// something only on a day, so a unit is known by its code and its first day. Codes
// are strings: 2 digits for a province, 3 for a district, 5 for a commune.
//
// An [Index] holds all units in memory and answers without a database: by code at a
// date, by name, by address text of either system. [National] is the index of the
// list that comes with the program; [Service] keeps it in tables, takes decrees on
// top of it, and gives the index of the house.
//
// Invariants: two units of one code are never valid on one day; nothing that has
// been valid is changed or removed, a change closes a unit and opens another; a unit
// lies in a unit that is valid while it is; a record keeps the code of its day.
package place
