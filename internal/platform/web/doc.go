// Package web is the one way requests come in and pages go out.
//
// A room hands over a table of [Route]s: a pattern, the [Access] rule that guards
// it, and a [Handler] that returns an error. [New] assembles the tables into a
// [Site] and refuses to start when a route has no rule or two routes claim one
// pattern. Everything else is done in one place, once:
//
//   - an error becomes a page (or a JSON problem) with a sentence in the person's
//     language, the public code and a reference that is also in the log;
//   - a panic becomes the same page;
//   - one event per request goes to the log: method, pattern, status, duration,
//     bytes, reference, actor id. Never a path value, a query, a form or a body:
//     the log holds no personal data;
//   - strict content security policy, cross-origin protection, limits on bodies
//     and time, shedding of load before the machine drowns, compression.
//
// A page is rendered to memory before the first byte leaves ([Render]): a
// component that fails half-way gives an error page and not half a page. After a
// successful POST the answer is 303 ([SeeOther]) with an optional [Flash]; after a
// bad one it is the same form, status 422, with everything typed kept.
//
// Pages are complete without JavaScript.
package web
