// What pages of the staff get on top of app.js.
import { hotkeys, rows, selection } from "./keys.js";
import { scanner } from "./scan.js";

for (const box of document.querySelectorAll("[data-scanner]")) scanner(box);
hotkeys();
rows();
selection();
