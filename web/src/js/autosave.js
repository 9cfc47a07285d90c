// Drafts survive anything: what is typed goes to the server shortly after, and at
// once when the page is hidden (a telephone call, a closed lid). Nothing is
// kept in the browser, because computers in the commune hall are shared.
//
// The form's data-autosave address takes the fields by POST and answers JSON
// {"rev": "…"}; rev goes back in the hidden field of that name, so that the server can
// tell what this page changed from what it only shows.
import { words } from "./words.js";

const pause = 1500; // ms without typing before saving
const longest = 60000; // ms between tries while the line is down

export function autosave(form) {
  const url = form.dataset.autosave;
  const state = form.querySelector("[data-autosave-state]");
  let dirty = false;
  let busy = false;
  let wait = pause;
  let timer = 0;

  const say = (key, values) => state && (state.textContent = words(key, values));
  const later = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  };
  const body = () => {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
    return fields;
  };

  async function save(leaving) {
    if (!dirty || busy || form.dataset.sent) return;
    if (form.dataset.asking && !leaving) return later(pause); // refresh.js: one after the other
    busy = true;
    form.dataset.saving = "1";
    dirty = false;
    if (!leaving) say("saving");
    try {
      const answer = await fetch(url, {
        method: "POST",
        body: body(),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        keepalive: leaving === true,
      });
      if (!answer.ok) throw answer.status;
      const { rev } = await answer.json();
      if (rev && form.elements.rev) form.elements.rev.value = rev;
      wait = pause;
      say("saved", { time: new Date().toTimeString().slice(0, 5) });
    } catch (status) {
      // 409: the draft was changed on another device; 401: signed out. Trying again
      // cannot help; submitting the page tells the whole story.
      dirty = true;
      say("save-failed");
      wait = Math.min(wait * 2, longest);
      if (status !== 409 && status !== 401) later(wait);
    } finally {
      busy = false;
      delete form.dataset.saving;
      if (dirty && wait === pause) later(pause);
    }
  }

  const touched = () => {
    dirty = true;
    later(pause);
  };
  form.addEventListener("input", touched);
  form.addEventListener("change", touched);
  window.addEventListener("online", () => save());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save(true));
}
