// Communes while typing: old and new names, from the house's own API. Without this
// the server finds what was typed when the page is posted.
export function units(input) {
  const province = document.getElementById(input.dataset.units);
  const list = document.createElement("ul");
  list.className = "suggest";
  list.id = input.id + "-suggest";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() || input.name);
  list.hidden = true;
  input.removeAttribute("list");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  const box = input.closest(".affix") || input.parentElement;
  box.classList.add("suggests");
  box.append(list);

  let found = [];
  let at = -1;
  let timer = 0;
  let asked = 0;

  const shut = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, j) => li.setAttribute("aria-selected", String(j === i)));
    if (i < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[i].id);
      list.children[i].scrollIntoView({ block: "nearest" });
    }
  };
  const take = (i) => {
    const unit = found[i];
    const now = unit.today.length === 1 ? unit.today[0].unit : null;
    const stands = now && now.code === unit.code && now.valid_from === unit.valid_from;
    input.value = stands ? unit.name.vi : unit.address;
    const code = now && now.parent;
    if (province) {
      if (code && [...province.options].some((o) => o.value === code)) province.value = code;
      else if (!stands) province.value = ""; // the server says where it lies today
    }
    shut();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const show = () => {
    list.replaceChildren(
      ...found.map((unit, i) => {
        const li = document.createElement("li");
        li.id = list.id + i;
        li.setAttribute("role", "option");
        li.setAttribute("aria-selected", "false");
        const name = document.createElement("span");
        name.textContent = unit.address;
        li.append(name);
        const now = unit.today.map((h) => h.unit);
        if (!(now.length === 1 && now[0].code === unit.code && now[0].valid_from === unit.valid_from)) {
          const then = document.createElement("small");
          then.textContent = "→ " + now.map((u) => u.name.vi).join(" / ");
          li.append(then);
        }
        li.addEventListener("mousedown", (e) => {
          e.preventDefault(); // keeps the cursor where it is
          take(i);
        });
        return li;
      }),
    );
    mark(-1);
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  const ask = async () => {
    const text = input.value.trim();
    if (text.length < 2) return shut();
    const mine = ++asked;
    const query = new URLSearchParams({ q: text, level: "commune", past: "true", limit: "8" });
    if (province && /^\d{2}$/.test(province.value)) query.set("within", province.value);
    try {
      const answer = await fetch("/api/v1/units?" + query, { headers: { Accept: "application/json" } });
      if (!answer.ok || mine !== asked || document.activeElement !== input) return;
      found = (await answer.json()).items;
      show();
    } catch {
      shut(); // offline: the server resolves the text later
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  input.addEventListener("blur", shut);
  input.addEventListener("keydown", (e) => {
    if (list.hidden) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      mark((at + (e.key === "ArrowDown" ? 1 : -1) + found.length + (at < 0 && e.key === "ArrowUp" ? 1 : 0)) % found.length);
    } else if (e.key === "Enter" && at >= 0) {
      e.preventDefault();
      take(at);
    } else if (e.key === "Escape") {
      e.preventDefault();
      shut();
    }
  });
}
