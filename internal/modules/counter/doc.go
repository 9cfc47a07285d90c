// Package counter is the one-stop counter (bộ phận một cửa, trung tâm phục vụ hành
// chính công): a clerk takes a dossier in on behalf of whoever stands there, by
// keyboard, from the scanned card to the printed receipt and appointment slip.
//
// One page holds everything: the card scanner fills the owner, the form is the same
// as online, the checklist counts originals and copies and says what is scanned
// (số hóa). The dossier is created and received in one transaction; nothing typed is
// lost when something is missing.
package counter
