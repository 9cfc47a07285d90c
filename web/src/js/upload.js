// Files go up in pieces that survive a cut line: each piece is acknowledged with the
// new offset, and after a cut the server is asked how far it got. Pieces grow
// while the line is good and shrink when it is not.
//
//   POST  {base}            {"name", "size"}         → {"id", "offset"}
//   PATCH {base}/{id}       Upload-Offset: n, bytes  → {"offset"}
//   HEAD  {base}/{id}                                → Upload-Offset: n
//   POST  {base}/{id}/xong                           → {"id", "name", "size"}
import { words } from "./words.js";

const smallest = 64 * 1024;
const biggest = 4 * 1024 * 1024;
const aim = 2000; // ms one piece should take

const pending = new WeakMap(); // form → number of files on their way

function sleep(ms) {
  // Wakes early when the network is back.
  return new Promise((done) => {
    const timer = setTimeout(wake, ms);
    function wake() {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      done();
    }
    window.addEventListener("online", wake);
  });
}

class Refused extends Error {
  constructor(sentence) {
    super("refused");
    this.sentence = sentence; // the server's own words, in the person's language
  }
}

async function call(url, options) {
  const answer = await fetch(url, {
    credentials: "same-origin",
    ...options,
    headers: { Accept: "application/json", ...options.headers },
  });
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 409 && answer.status !== 429) {
    const problem = await answer.json().catch(() => ({}));
    throw new Refused((problem.errors && problem.errors[0] && problem.errors[0].detail) || problem.detail);
  }
  if (!answer.ok) throw new Error("status " + answer.status);
  return answer;
}

export async function send(base, file, onProgress, onWait, signal) {
  const memory = "tep:" + file.size + ":" + file.lastModified; // no name: it may be personal
  let id = sessionStorage.getItem(memory);
  let offset = -1;
  let piece = 2 * smallest;
  for (let failures = 0; ; ) {
    try {
      if (!id) {
        const begun = await (
          await call(base, {
            method: "POST",
            signal,
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ name: file.name, size: file.size }),
          })
        ).json();
        id = begun.id;
        offset = begun.offset || 0;
        sessionStorage.setItem(memory, id);
      }
      if (offset < 0) {
        const head = await fetch(base + "/" + id, { method: "HEAD", credentials: "same-origin", headers: { Accept: "application/json" }, signal });
        if (head.status === 401 || head.status === 403) throw new Refused();
        if (head.status === 404 || head.status === 410) {
          id = null;
          sessionStorage.removeItem(memory);
          continue;
        }
        if (!head.ok) throw new Error("status " + head.status);
        offset = Number(head.headers.get("Upload-Offset"));
      }
      while (offset < file.size) {
        const started = performance.now();
        const answer = await call(base + "/" + id, {
          method: "PATCH",
          signal,
          headers: { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) },
          body: file.slice(offset, offset + piece),
        });
        offset = (await answer.json()).offset;
        failures = 0;
        onProgress(offset / file.size);
        const took = performance.now() - started;
        piece = took < aim ? Math.min(piece * 2, biggest) : Math.max(piece / 2, smallest);
      }
      const done = await (await call(base + "/" + id + "/xong", { method: "POST", signal })).json();
      sessionStorage.removeItem(memory);
      return done;
    } catch (error) {
      if (error instanceof Refused || (signal && signal.aborted)) {
        sessionStorage.removeItem(memory);
        throw error;
      }
      offset = -1;
      piece = smallest;
      failures++;
      onWait();
      await sleep(Math.min(1000 * 2 ** failures, 30000));
    }
  }
}

function size(bytes) {
  if (bytes < 1e6) return Math.ceil(bytes / 1000) + " kB";
  const mb = (bytes / 1e6).toFixed(1);
  return (document.documentElement.lang === "vi" ? mb.replace(".", ",") : mb) + " MB";
}

export function uploads(box) {
  const input = box.querySelector("input[type=file]");
  const list = box.querySelector("[data-files]");
  const state = box.querySelector("[data-files-state]");
  const form = input.form;
  const max = Number(box.dataset.max) || Infinity;

  function row(file) {
    const li = document.createElement("li");
    li.className = "file";
    const name = document.createElement("span");
    name.className = "file-name";
    name.textContent = file.name;
    const note = document.createElement("span");
    note.className = "file-note";
    note.textContent = size(file.size);
    name.append(note);
    const bar = document.createElement("progress");
    bar.className = "bar";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn btn-quiet btn-small";
    remove.textContent = words("upload-remove");
    remove.setAttribute("aria-label", words("upload-remove") + " " + file.name);
    li.append(name, remove, bar);
    return { li, note, bar, remove };
  }

  async function take(file) {
    const { li, note, bar, remove } = row(file);
    const abort = new AbortController();
    const bad = (sentence) => {
      note.textContent = sentence;
      li.classList.add("file-bad");
      bar.remove();
      state.textContent = sentence;
    };
    remove.addEventListener("click", () => {
      abort.abort();
      li.remove();
      form && form.dispatchEvent(new Event("change"));
      input.focus();
    });
    if (!input.multiple) list.replaceChildren();
    list.append(li);
    if (file.size > max) return bad(words("upload-too-large"));

    pending.set(form, (pending.get(form) || 0) + 1);
    try {
      const done = await send(
        box.dataset.upload,
        file,
        (share) => {
          bar.value = share;
          note.textContent = size(file.size) + " · " + Math.floor(share * 100) + "%";
        },
        () => (note.textContent = words("upload-waiting")),
        abort.signal,
      );
      const id = document.createElement("input");
      id.type = "hidden";
      id.name = box.dataset.name + "_id";
      id.value = done.id;
      li.append(id);
      bar.remove();
      note.textContent = size(file.size);
      state.textContent = words("upload-done") + " " + file.name;
      form.dispatchEvent(new Event("change")); // autosave notes the new file
    } catch (error) {
      if (!abort.signal.aborted) bad(error.sentence || words("upload-failed"));
    } finally {
      pending.set(form, pending.get(form) - 1);
      if (!pending.get(form) && form.dataset.waiting) {
        delete form.dataset.waiting;
        form.requestSubmit();
      }
    }
  }

  const takeAll = (files) => [...files].slice(0, input.multiple ? files.length : 1).forEach(take);
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // they travel apart from the form now
    takeAll(files);
  });
  box.addEventListener("dragover", (e) => (e.preventDefault(), (box.dataset.over = "1")));
  box.addEventListener("dragleave", () => delete box.dataset.over);
  box.addEventListener("drop", (e) => {
    e.preventDefault();
    delete box.dataset.over;
    takeAll(e.dataTransfer.files);
  });
  // Submitting while a file is on its way waits for it.
  form.addEventListener(
    "submit",
    (e) => {
      if (!pending.get(form)) return;
      e.preventDefault();
      e.stopImmediatePropagation();
      form.dataset.waiting = "1";
      state.textContent = words("sending");
    },
    true,
  );
}
