// One press, one submission: a second press while the first is on its way over a
// slow line does nothing. The button is not disabled, or its name would not be sent.
import { words } from "./words.js";

const giveUp = 20000; // ms after which the person may try again: the line is dead

export function guardSubmits() {
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-off], [data-confirm]");
    if (!button) return;
    if (button.hasAttribute("data-off") || (button.dataset.confirm && !window.confirm(button.dataset.confirm))) {
      e.preventDefault();
    }
  });
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (!form.hasAttribute("data-once") || e.defaultPrevented) return;
    if (form.dataset.sent) {
      e.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = e.submitter;
    const label = button && (button.querySelector("span") || button);
    const before = label && label.textContent;
    if (button) {
      button.dataset.busy = "1";
      label.textContent = words("sending") || before;
    }
    const release = () => {
      delete form.dataset.sent;
      if (button) {
        delete button.dataset.busy;
        label.textContent = before;
      }
    };
    const timer = setTimeout(release, giveUp);
    // Coming back with the back button shows the page as it was left.
    window.addEventListener("pageshow", () => (clearTimeout(timer), release()), { once: true });
  });
}
