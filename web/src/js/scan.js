// The counter's scanner is a keyboard: it types what the QR code of the citizen card
// says and presses Enter.
//
//   number|old number|NAME|ddMMyyyy|gender|address|ddMMyyyy(issued)
//
// The code is not signed: it saves typing, it proves nothing.
import { words } from "./words.js";

const card = /^\d{12}\|[^|]*\|[^|]+\|\d{8}\|[^|]*\|[^|]*(\|.*)?$/;

export function parse(line) {
  line = line.trim().normalize("NFC");
  if (!card.test(line)) return null;
  const [no, old, full, born, gender, address, issued = ""] = line.split("|");
  const date = (d) => (/^\d{8}$/.test(d) ? d.slice(0, 2) + "/" + d.slice(2, 4) + "/" + d.slice(4) : "");
  return { "citizen-no": no, "old-no": old, name: full, birth: date(born), gender, address, issued: date(issued) };
}

function fill(scope, box, person) {
  const field = (key) => {
    const target = box.getAttribute("data-to-" + key);
    return target ? scope.querySelectorAll('[name="' + CSS.escape(target) + '"]') : [];
  };
  for (const [key, value] of Object.entries(person)) {
    for (const el of field(key)) {
      if (el.type === "radio") {
        const male = /^nam$/i.test(value);
        el.checked = el.value === (male ? box.dataset.male : box.dataset.female);
      } else if (key === "gender") {
        el.value = /^nam$/i.test(value) ? box.dataset.male : box.dataset.female;
      } else {
        el.value = value;
      }
      el.dispatchEvent(new Event("input", { bubbles: true }));
      el.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

export function scanner(box) {
  const input = box.querySelector("input");
  const state = box.querySelector("[role=status]");
  const scope = box.closest("form") || document;
  const say = (key, tone) => {
    state.textContent = words(key);
    state.dataset.tone = tone;
  };
  const read = (line) => {
    const person = parse(line);
    if (!person) {
      if (line.trim()) say("scan-bad", "bad");
      return false;
    }
    fill(scope, box, person);
    say("scan-ok", "ok");
    return true;
  };
  scope.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.target.tagName !== "INPUT" || e.isComposing) return;
    const el = e.target;
    if (el !== input && !parse(el.value)) return; // an ordinary Enter elsewhere
    e.preventDefault();
    if (!el.value.trim()) return;
    const line = el.value;
    el.value = ""; // a card scanned into the wrong box leaves it clean
    if (read(line)) {
      const next = [...scope.querySelectorAll("input, select, textarea")].find(
        (f) => f !== input && f.type !== "hidden" && !f.value && f.getClientRects().length && !f.readOnly,
      );
      if (next) next.focus();
    } else {
      input.focus();
    }
  });
}
