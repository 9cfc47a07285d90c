// Package units lets people look up administrative units (tra cứu địa bàn): what an
// address of before July 2025 is called today, where a commune belongs, and what
// became of each unit; and lets administrators browse all of them.
//
// Everything here is public knowledge and read from package place; this room keeps
// nothing. What is typed is answered and not recorded.
package units
