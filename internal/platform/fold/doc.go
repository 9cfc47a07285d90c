// Package fold knows Vietnamese text: how to store it, search it, sort it and
// write it where only ASCII is allowed.
//
//   - [NFC] is how text is stored (TCVN 6909:2001): composed, with the eth that
//     old fonts leave in place of Đ repaired. [Clean] does the same for one line of
//     typed input and drops what cannot be seen.
//   - [Key] is what search compares: no marks, đ as d, lower case, i and y as one
//     where they are variants of spelling (Mỹ/Mĩ, Lý/Lí), single spaces.
//   - [Sort] and [NameSort] are keys whose byte order is the Vietnamese alphabet
//     a ă â b c d đ e ê … with the tones ngang huyền hỏi ngã sắc nặng deciding
//     between equal letters. NameSort orders people by given name (tên), then family
//     name (họ), then middle name (chữ đệm), as official lists do.
//   - [ASCII] is for bank transfers, file names and message gateways.
//   - [Upper] is for the forms that want names IN HOA.
//
// All functions are pure, safe for concurrent use, and accept any string, also
// invalid UTF-8. Key and Sort need no database collation: store their result in a
// twin column and compare it byte by byte.
package fold
