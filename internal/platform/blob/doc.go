// Package blob keeps the papers people hand in (tệp đính kèm) and the ones the
// offices issue.
//
// Two layers. A [Store] holds bytes under their SHA-256 and nothing else: a
// folder ([Dir]) or an S3-compatible service ([S3]). [Files] is the service the
// rooms use: it gives a file an id, a name, an owner, a type found by looking at
// the content, and a virus verdict, and it takes files in one stream or in
// resumable chunks.
//
// Rules that hold whatever breaks:
//
//   - Nothing is acknowledged before it is durable: the bytes first, then the row.
//   - Bytes are never overwritten. What is stored under a hash has that hash.
//   - A file that anything has claimed ([Files.Claim]) is never swept. One that
//     nothing claims is marked deleted after a day and its bytes go a week later.
//   - The virus scanner being away never refuses a citizen: the file waits for
//     its scan ("pending"), or is marked as never scanned ("quarantined").
//   - A full disk is an errs.Full, and leaves no half files behind.
//   - The content decides the type. Programs, web pages and drawings that can
//     carry scripts are refused whatever their name says.
package blob
