// Some answers decide what else is asked: the form asks the server, and what it answers
// takes the step's place (refreshing in internal/core/form/view.go). Whoever is quick is
// further by then: what was typed, chosen or sent up meanwhile would be gone, and a key
// or click half done would go nowhere. So an answer to an older page is not shown, and
// asked for again once the hands rest. Neither is one that does not hold the step, such
// as the sign-in page: sending the form tells the whole story.
const rest = 400; // ms without a key, a click or a change
const dead = 5000; // ms before asking again over a dead line

const changes = new WeakMap(); // step → how often something in it was changed
const asked = new WeakMap(); // request → {form, n: changes of the step when it was asked}
const timers = new WeakMap(); // step → the question to come
let held = false; // a key or button is down, a letter is being composed
let last = -rest;

const count = (step) => changes.get(step) || 0;
const idle = () => performance.now() - last;
// A key that was let go outside the window is not held for ever.
const busy = (step) => (held && idle() < 3000) || idle() < 50 || step.querySelector("progress");

function later(step, asker, ms) {
  clearTimeout(timers.get(step));
  const ask = () => (busy(step) || idle() < rest ? later(step, asker, rest) : window.htmx.trigger(asker, "again"));
  timers.set(step, setTimeout(ask, ms));
}

export function refreshes() {
  const on = (kinds, f) => {
    for (const kind of kinds.split(" ")) document.addEventListener(kind, f, true);
  };
  const hands = (down) => () => {
    held = down;
    last = performance.now();
  };
  on("keydown pointerdown compositionstart", hands(true));
  on("keyup pointerup pointercancel compositionend change", hands(false)); // what changed something is done
  on("input change", (e) => {
    last = performance.now();
    for (const step of document.querySelectorAll(".form-step")) {
      if (step.contains(e.target) || e.target.contains(step)) changes.set(step, count(step) + 1);
    }
  });

  on("htmx:beforeRequest", (e) => {
    const { elt, target, xhr } = e.detail;
    if (!target.matches(".form-step")) return;
    const form = target.closest("form");
    clearTimeout(timers.get(target));
    if (form.dataset.saving) {
      // One after the other, or the server takes the later for an old page's.
      e.preventDefault();
      later(target, elt, rest);
      return;
    }
    form.dataset.asking = "1";
    asked.set(xhr, { form, n: count(target) });
  });
  on("htmx:beforeSwap", (e) => {
    const { target, xhr, requestConfig } = e.detail;
    const question = asked.get(xhr);
    if (!question) return;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    if (e.detail.isError || !page.getElementById(target.id)) {
      e.detail.shouldSwap = false;
      return;
    }
    // The server has saved the draft: what is sent next is newer than that. It may have
    // put in what another tab wrote, which a page that is not redrawn does not show.
    const shown = !busy(target) && count(target) === question.n;
    const rev = shown ? page.querySelector("input[name=rev]")?.value : xhr.getResponseHeader("Draft-Seen");
    if (rev && question.form.elements.rev) question.form.elements.rev.value = rev;
    if (!shown) {
      e.detail.shouldSwap = false;
      later(target, requestConfig.elt, rest);
    }
  });
  on("htmx:afterRequest", (e) => {
    const { target, xhr, requestConfig } = e.detail;
    const question = asked.get(xhr);
    if (!question) return;
    delete question.form.dataset.asking;
    if (xhr.status === 0 || xhr.status === 429 || xhr.status >= 500) later(target, requestConfig.elt, dead);
  });
}
