// What every page gets. Everything here is an enhancement: pages are complete without it.
import { autosave } from "./autosave.js";
import { counter, dates, menus } from "./fields.js";
import { refreshes } from "./refresh.js";
import { guardSubmits } from "./submit.js";
import { units } from "./units.js";
import { uploads } from "./upload.js";

function each(root, selector, f) {
  const found = [...root.querySelectorAll(selector)];
  if (root !== document && root.matches(selector)) found.push(root);
  for (const el of found) {
    if (el.dataset.ready) continue;
    el.dataset.ready = "1";
    f(el);
  }
}

function wire(root) {
  each(root, "[data-upload]", uploads); // before the guard: it waits for files
  each(root, "form[data-autosave]", autosave);
  each(root, "textarea[data-count]", counter);
  each(root, "input[data-date]", dates);
  each(root, "input[data-units]", units);
  const summary = root.querySelector("[data-focus]");
  if (summary) summary.focus();
}

wire(document);
guardSubmits();
menus();
refreshes();
document.addEventListener("htmx:load", (e) => wire(e.target));
