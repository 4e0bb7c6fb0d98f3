// What is to be known about a sentence, beside it while it is lit.
import { $ } from "./words.js";

const note = $("note");
let leaving = 0;

export function showNote(segment, lines) {
  clearTimeout(leaving);
  note.hidden = lines.length === 0;
  if (note.hidden) return;
  note.replaceChildren(...lines);
  const around = note.parentElement.getBoundingClientRect();
  const rects = segment.getClientRects();
  const last = rects[rects.length - 1];
  const left = Math.min(last.left - around.left, around.width - note.offsetWidth);
  note.style.left = `${Math.max(0, left)}px`;
  note.style.top = `${last.bottom - around.top + 4}px`;
}

export function hideNote() {
  clearTimeout(leaving);
  // Long enough to move onto it: it can be read and copied there.
  leaving = setTimeout(() => (note.hidden = true), 250);
}

note.addEventListener("mouseenter", () => clearTimeout(leaving));
note.addEventListener("mouseleave", hideNote);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") note.hidden = true;
});
