// Keyboard for staff. An element says which key presses it: data-key="F9", "alt+s",
// "/" or "g h" (one after the other). Single letters are left alone while typing.
import { words } from "./words.js";

const typing = (el) =>
  el && (el.isContentEditable || el.tagName === "TEXTAREA" || el.tagName === "SELECT" || (el.tagName === "INPUT" && !/^(checkbox|radio|button|submit|file)$/.test(el.type)));

function name(e) {
  let key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  if (/^F\d+$/.test(key) === false && key.length > 1) key = key.toLowerCase();
  if (e.altKey && e.code.startsWith("Key")) key = e.code.slice(3).toLowerCase(); // Alt changes the letter on some keyboards
  return (e.ctrlKey || e.metaKey ? "ctrl+" : "") + (e.altKey ? "alt+" : "") + key;
}

const visible = (el) => el.getClientRects().length > 0;

function press(el) {
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(el.tagName) && el.type !== "checkbox") {
    el.focus();
    if (el.select) el.select();
  } else {
    el.click();
  }
}

export function hotkeys() {
  let first = "";
  let forget = 0;
  document.addEventListener("keydown", (e) => {
    if (e.isComposing || e.key === "Process" || e.defaultPrevented) return; // Unikey is composing a letter
    const key = name(e);
    const free = !typing(e.target) || /^(ctrl|alt)\+|^F\d/.test(key);
    if (!free) return;
    const wanted = first ? first + " " + key : key;
    const all = [...document.querySelectorAll("[data-key]")].filter(visible);
    const hit = all.find((el) => el.dataset.key === wanted) || all.find((el) => el.dataset.key === key);
    first = "";
    clearTimeout(forget);
    if (hit) {
      e.preventDefault();
      press(hit);
    } else if (key === "?") {
      e.preventDefault();
      help(all);
    } else if (all.some((el) => el.dataset.key.startsWith(key + " "))) {
      first = key;
      forget = setTimeout(() => (first = ""), 1200);
    }
  });
}

function help(all) {
  const own = document.querySelector("[data-keys-help]");
  if (own) {
    own.open = true;
    own.scrollIntoView({ block: "nearest" });
    own.querySelector("summary").focus();
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "card keys-dialog";
  const title = document.createElement("h2");
  title.textContent = words("keys");
  const list = document.createElement("dl");
  list.className = "facts";
  for (const el of all) {
    const line = document.createElement("div");
    line.className = "fact";
    const term = document.createElement("dt");
    term.textContent = el.dataset.key;
    const text = document.createElement("dd");
    const copy = el.cloneNode(true);
    for (const k of copy.querySelectorAll("kbd, .sr, .count")) k.remove();
    text.textContent = copy.textContent.trim() || el.getAttribute("aria-label") || el.placeholder || "";
    line.append(term, text);
    list.append(line);
  }
  const close = document.createElement("button");
  close.className = "btn btn-secondary";
  close.textContent = words("close");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(title, list, close);
  document.body.append(dialog);
  dialog.showModal();
}

// Arrow keys (or j and k) walk the rows of a list; Enter opens because the focus
// stands on the row's own link; x ticks the row.
export function rows() {
  document.addEventListener("keydown", (e) => {
    if (typing(e.target) || e.ctrlKey || e.altKey || e.metaKey) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[e.key];
    const list = [...document.querySelectorAll("tr[data-href]")];
    if (!list.length) return;
    const at = list.indexOf(document.activeElement.closest("tr[data-href]"));
    if (step) {
      if (at < 0 && e.key.startsWith("Arrow")) return; // still scrolls the page
      const row = list[at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)];
      e.preventDefault();
      const link = row.querySelector("th a, td a");
      if (link) link.focus();
      row.scrollIntoView({ block: "nearest" });
    } else if (e.key === "x" && at >= 0) {
      const box = list[at].querySelector("input[data-select]");
      if (box) box.click();
    }
  });
}

// Ticking many rows: all at once, or a range with Shift.
export function selection() {
  let last = null;
  for (const el of document.querySelectorAll("[data-needs-script]")) el.hidden = false;
  const boxes = () => [...document.querySelectorAll("input[data-select]")];
  const count = () => {
    const n = boxes().filter((b) => b.checked).length;
    for (const el of document.querySelectorAll("[data-selected]")) el.textContent = n;
    for (const b of boxes()) b.closest("tr").classList.toggle("row-selected", b.checked);
  };
  document.addEventListener("click", (e) => {
    const box = e.target;
    if (box.matches("input[data-select-all]")) {
      for (const b of boxes()) b.checked = box.checked;
    } else if (box.matches("input[data-select]")) {
      const all = boxes();
      if (e.shiftKey && last && all.includes(last)) {
        const [a, b] = [all.indexOf(last), all.indexOf(box)].sort((x, y) => x - y);
        for (const between of all.slice(a, b + 1)) between.checked = box.checked;
      }
      last = box;
    } else return;
    count();
  });
  count();
}
