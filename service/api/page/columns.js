// The article and its translation, side by side, each sentence with its counterpart.
import { hideNote, showNote } from "./note.js";
import { Offsets } from "./offsets.js";
import { findings, markOf } from "./warnings.js";
import { $, label, languageName } from "./words.js";

const UNSURE = -1.2; // mean log-probability per token below which a sentence gets a dotted line

/** One side. Of its segments one is a stop of the tab key; the arrow keys go on from there. */
class Column {
  constructor(element, title, side) {
    this.element = element;
    this.title = title;
    this.side = side;
    element.addEventListener("keydown", (event) => this.moved(event));
    element.addEventListener("focusin", (event) => this.stopAt(event.target));
  }

  clear(language) {
    this.element.replaceChildren();
    this.speaks(language);
    this.stop = null;
  }

  speaks(language) {
    this.element.lang = language;
    this.name();
  }

  name() {
    this.title.textContent = this.element.lang ? languageName(this.element.lang) : "";
  }

  text(text) {
    this.element.append(text);
  }

  segment(index, text) {
    const element = document.createElement("span");
    element.className = "segment";
    element.id = this.side + index;
    element.tabIndex = -1;
    element.textContent = text;
    element.addEventListener("mouseenter", (event) => hasMoved(event) && light(index, element));
    element.addEventListener("mouseleave", (event) => hasMoved(event) && restore());
    element.addEventListener("focus", () => light(index, element));
    element.addEventListener("blur", () => unlight());
    this.element.append(element);
    if (!this.stop) this.stopAt(element);
  }

  stopAt(element) {
    if (!element.matches(".segment")) return;
    if (this.stop) this.stop.tabIndex = -1;
    this.stop = element;
    element.tabIndex = 0;
  }

  moved(event) {
    const segments = this.element.getElementsByClassName("segment");
    const to = {
      ArrowRight: next(this.stop, "nextElementSibling"),
      ArrowDown: next(this.stop, "nextElementSibling"),
      ArrowLeft: next(this.stop, "previousElementSibling"),
      ArrowUp: next(this.stop, "previousElementSibling"),
      Home: segments[0],
      End: segments[segments.length - 1],
      Enter: counterpart(this.stop),
    }[event.key];
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    to.focus();
  }
}

const next = (element, direction) => element?.[direction];
const counterpart = (element) => element && $((element.id[0] === "s" ? "t" : "s") + element.id.slice(1));

// A text that scrolls below a mouse at rest is not pointed at.
const mouse = { x: -1, y: -1 };
const hasMoved = ({ screenX, screenY }) => screenX !== mouse.x || screenY !== mouse.y;
document.addEventListener("mousemove", ({ screenX, screenY }) => Object.assign(mouse, { x: screenX, y: screenY }));

const left = new Column($("source-text"), $("left-language"), "s");
const right = new Column($("target-text"), $("right-language"), "t");
const told = new Map(); // index -> what is to be known about the segment
let source = null;
let at = 0; // how much of the source is shown, in code points

/** Begins anew. Of a web page the source is not known before the answer ends: `text` is null then. */
export function clear(text, from, to) {
  left.clear(from);
  right.clear(to);
  told.clear();
  source = text === null ? null : new Offsets(text);
  at = 0;
}

/** Takes a streamed segment. */
export function add(event) {
  if (source) addSource(event);
  const target = new Offsets(event.text);
  const length = event.target.end - event.target.start;
  if (length > 0) right.segment(event.index, target.slice(0, length));
  right.text(event.text.slice(target.at(length)));
  tell(event);
}

function addSource({ index, source: span }) {
  if (span.end <= span.start) return;
  left.text(source.slice(at, span.start));
  left.segment(index, source.slice(span.start, span.end));
  at = span.end;
}

/** The rest of the source; of a web page all that was read out of it. */
export function finish(digest) {
  left.speaks(digest.end.detected_language.code);
  if (!source) {
    source = new Offsets(digest.end.source_text ?? digest.text);
    digest.segments.forEach(addSource);
    digest.segments.forEach(tell);
  }
  left.text(source.slice(at, Infinity));
}

function tell(event) {
  const unsure = event.score !== null && event.score < UNSURE;
  told.set(event.index, { warnings: event.warnings, unsure });
  if (unsure) $("t" + event.index)?.classList.add("unsure");
  mark(event.index);
}

function mark(index) {
  const found = markOf(told.get(index).warnings);
  if (!found) return;
  for (const element of [$("s" + index), $("t" + index)]) {
    if (element) element.classList.add(found.repaired ? "repaired" : "doubted");
  }
  const shown = $("t" + index) || $("s" + index);
  if (shown) shown.dataset.mark = found.words;
}

document.addEventListener("spoken", () => {
  left.name();
  right.name();
  told.forEach((_, index) => mark(index));
});

function notes(index, element) {
  const { warnings = [], unsure } = told.get(index) || {};
  const lines = findings(warnings);
  if (unsure && lines.length === 0) lines.push(label(document.createElement("p"), "unsure"));
  // One below the other, the counterpart is out of sight.
  const other = counterpart(element);
  if (other && left.element.getBoundingClientRect().left === right.element.getBoundingClientRect().left) {
    const line = document.createElement("p");
    line.lang = other.parentElement.lang;
    line.textContent = other.textContent;
    lines.unshift(line);
  }
  return lines;
}

function light(index, element) {
  unlight();
  for (const each of [$("s" + index), $("t" + index)]) each?.classList.add("lit");
  const lines = notes(index, element);
  showNote(element, lines);
  if (lines.length > 0) element.setAttribute("aria-describedby", "note");
}

function unlight() {
  for (const each of document.querySelectorAll(".segment.lit")) {
    each.classList.remove("lit");
    each.removeAttribute("aria-describedby");
  }
  hideNote();
}

// The mouse has left: what has the focus is lit again.
function restore() {
  const focused = document.activeElement;
  if (focused?.matches(".segment")) light(Number(focused.id.slice(1)), focused);
  else unlight();
}

/** Scrolls to these segments and lights them all. */
export function goTo(segments) {
  const first = segments.map(({ index }) => $("s" + index) || $("t" + index)).find(Boolean);
  if (!first) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  first.focus({ preventScroll: true });
  first.scrollIntoView({ block: "center", behavior: still ? "instant" : "smooth" });
  for (const { index } of segments) {
    $("s" + index)?.classList.add("lit");
    $("t" + index)?.classList.add("lit");
  }
}
