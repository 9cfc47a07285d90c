// Package ui holds every visible component of the house; pages are made of
// these and nothing else. The gallery ([StyleGuide], mounted at /styleguide in
// development) shows each one in all its states.
//
// How to write a page:
//
//	templ page(d Detail) {
//		@ui.Page(ui.PageProps{Title: i18n.T(ctx, "dossier.title"), Section: "/ho-so"}) {
//			@ui.Card(ui.CardProps{Title: …}) {
//				@ui.DescriptionList(…)
//			}
//			@ui.Actions() {
//				@ui.Link(ui.LinkProps{Text: …, Href: …, Tone: ui.Primary})
//			}
//		}
//	}
//
// Rules: text handed to a component is already in the person's language (use
// i18n.T or Text.In). Pages write no class and no style attribute; where plain
// HTML is enough (p, ul, h2, strong, a) it is styled already. There is one
// primary action a page. A field's error comes from [Errors.For], so the summary on top
// and the message beside the field are the same sentence. No inline scripts: what
// moves is declared by the components' data attributes and done by app.js,
// and everything works without it.
//
// Page chooses the frame by the viewer: citizens and guests get wide margins and 18 px,
// staff a sidebar with their queues and 16 px.
package ui
