// Package explain tells what a code means (tra mã): a person pastes the number of a
// card, a tax code, a dossier number, the text of a QR code, and the page says what it
// is, whether it holds together, and what each piece of it stands for.
//
// Much of what is pasted here is personal. Therefore:
//   - nothing is stored, and nothing is written into a log or the journal;
//   - the text travels in the body of a request, never in an address;
//   - a person's number is not looked up: whether it was given out, and to whom, is no
//     public matter. Only names of agencies and procedures, which are public, are added.
package explain
