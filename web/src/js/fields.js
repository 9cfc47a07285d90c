// Small help while typing. The server decides; nothing here refuses anything.
import { words } from "./words.js";

// dd/mm/yyyy: the strokes come by themselves, "522026" typed in haste is left for the server.
export function dates(input) {
  input.addEventListener("input", (e) => {
    if (e.inputType && !e.inputType.startsWith("insert")) return;
    const v = input.value;
    if (/^\d{2}$|^\d{2}\/\d{2}$/.test(v)) input.value = v + "/";
    else if (/^\d{3}$/.test(v)) input.value = v.slice(0, 2) + "/" + v.slice(2);
    else if (/^\d{8}$/.test(v)) input.value = v.slice(0, 2) + "/" + v.slice(2, 4) + "/" + v.slice(4);
    else input.value = v.replace("//", "/");
  });
  input.addEventListener("change", () => {
    const m = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/.exec(input.value.trim());
    if (m) input.value = m[1].padStart(2, "0") + "/" + m[2].padStart(2, "0") + "/" + m[3];
  });
}

// Counts characters as a person sees them, after composition.
export function counter(area) {
  const note = document.querySelector('[data-count-for="' + area.id + '"]');
  if (!note) return;
  const max = Number(area.dataset.count);
  const plain = note.textContent;
  const show = () => {
    const left = max - [...area.value.normalize("NFC")].length;
    note.textContent = left > max / 4 ? plain : words(left < 0 ? "over" : "left", { n: Math.abs(left) });
  };
  area.addEventListener("input", show);
  show();
}

// Menus made of <details> close when something else is pressed.
export function menus() {
  const shut = (except) => {
    for (const d of document.querySelectorAll("details.person[open]")) if (d !== except) d.open = false;
  };
  document.addEventListener("click", (e) => shut(e.target.closest("details.person")));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const open = document.querySelector("details.person[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
}
