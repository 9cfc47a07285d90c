// Package files lets files in and out over HTTP (tải tệp lên, tải tệp về).
//
// Up, three ways, all of them streamed and none of them trusting what the sender
// says about the type:
//
//   - the resumable protocol of the form's script (JSON): POST /tep, PATCH
//     /tep/{id} piece by piece, HEAD to ask how far it came, POST /tep/{id}/xong;
//   - the same doors speak tus 1.0 to clients that send Tus-Resumable;
//   - a plain multipart form, for browsers without JavaScript, and POST
//     /api/v1/files for programs, idempotent by key.
//
// Down, GET /tep/{id}/{name}: to whoever the rooms holding the file let read it.
// Only PDF and pictures are shown in the browser; nothing that was uploaded ever
// runs as a page of ours.
package files
