// Package source reads what others have published about administrative procedures
// (thủ tục hành chính) into one shape, the [Record]: the national list, full records
// in the field names of the national database (CSDL quốc gia về TTHC, LayThuTuc),
// pages of the national portal saved as text, and the sheets of structured data that
// circulate. It knows no database and no clock.
//
// Invariants:
//   - Nothing is invented. A figure that can be read in one way only becomes a field;
//     anything else stays as the words that were published, and the record says
//     why under [Record.Doubts].
//   - The words of a part that was taken apart are kept beside the fields
//     ([Record.Original]), so that a person can always compare.
//   - The same bytes always give the same record.
package source
