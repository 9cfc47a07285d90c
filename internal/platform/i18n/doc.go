// Package i18n puts words on the screen: Vietnamese first, English complete.
//
// Words that belong to code live in locale files beside the room that shows
// them (locale/vi.json and locale/en.json, flat keys, "{name}" placeholders) and
// are gathered in one [Bundle]. Words that belong to data (names of procedures,
// labels of form fields) are [Text] values inside the declarations.
//
// The bundle and the language travel in the context, so that a component needs
// nothing but ctx:
//
//	i18n.T(ctx, "dossier.received", "number", d.Number)
//	i18n.T(ctx, "queue.count", "n", 3)     // picks queue.count.one / queue.count.other
//	i18n.Date(ctx, d.ReceivedAt)           // 05/02/2026
//
// A key that no file has is shown as ⟦key⟧ and reported once; [Check] lists such
// holes so that a test fails before a citizen sees them.
package i18n
