// The page's own part: what a reader does, and one article's way through.
import { add, clear, finish } from "./columns.js";
import { Digest } from "./digest.js";
import { save } from "./download.js";
import { EXAMPLE } from "./example.js";
import { FileRefused, read } from "./file.js";
import { terms } from "./glossary.js";
import { limits, showLanguages } from "./languages.js";
import { countPoints } from "./offsets.js";
import { explain, isBusy } from "./problems.js";
import { Problem, digest as ask, languages, models, useKey } from "./service.js";
import { choose, link, remember, speakAsChosen } from "./settings.js";
import { countDown, offer, progress, say } from "./status.js";
import { clearSummary, showSummary } from "./summary.js";
import { clearWarnings, listWarnings } from "./warnings.js";
import { $, label, number, speak, spoken } from "./words.js";

const RETRY_MS = 1500; // how often a starting service is asked whether it is ready

let running = null; // what stops the request under way
let shown = null; // the Digest that stands on the page
let ownFormat = "text"; // the reader's choice; a file opened may overrule it while its text is there

async function prepare() {
  let told;
  try {
    told = await Promise.all([languages(), models()]);
  } catch (error) {
    if (error instanceof Problem && error.status !== 503) return explain(error, prepare);
    say("busy", error instanceof Problem ? "loading" : "offline");
    setTimeout(prepare, RETRY_MS);
    return;
  }
  showLanguages(...told);
  choose();
  ownFormat = $("format").value;
  $("go").disabled = false;
  measure();
  say("");
}

function wish() {
  const summary = { length: $("length").value, style: $("style").value };
  const fields = { text: $("text").value, source: $("source").value, target: $("target").value, format: $("format").value };
  if ($("language").value === "source") summary.language = fields.source;
  const model = $("model").value;
  return { ...fields, ...(model && { model }), summary, ...(terms().length > 0 && { glossary: terms() }) };
}

async function run() {
  running?.abort();
  const fields = wish();
  if (!fields.text.trim()) return refuse("empty");
  if (isTooLong()) return refuse("tooLong", number(countPoints(fields.text)), number(limits.characters));
  const control = (running = new AbortController());
  remember(ownFormat);
  busy(true);
  try {
    await attempt(fields, control.signal);
  } finally {
    if (running === control) {
      running = null;
      busy(false);
    }
  }
}

function refuse(key, ...values) {
  say("bad", key, ...values);
  $("text").focus();
}

// Once, and again whenever the service asks to come back soon.
async function attempt(fields, signal) {
  const digest = new Digest(fields.text);
  try {
    say("busy", fields.format === "page" ? "readOut" : "working");
    await follow(digest, fields, signal);
  } catch (error) {
    const begun = digest.segments.length > 0;
    if (begun) listWarnings(digest);
    if (signal.aborted) {
      if (running?.signal === signal) say("", begun ? "stopped" : "halted");
    } else if (!(error instanceof Problem)) {
      say("bad", begun ? "cut" : "offline");
      offer(run, "retry");
    } else if (!isBusy(error)) {
      explain(error, run);
    } else if (await countDown(error.wait, signal)) {
      await attempt(fields, signal);
    } else {
      say("", "halted");
    }
  }
}

async function follow(digest, fields, signal) {
  const points = fields.format === "page" ? 0 : countPoints(fields.text.trimEnd());
  for await (const [name, event] of ask(fields, signal)) {
    if (shown !== digest) begin(digest, fields);
    digest.take(name, event);
    if (name === "segment") {
      add(event);
      if (points > 0) progress(event.source.end / points);
      if (points > 0 && event.source.end >= points) say("busy", "summarizing");
    } else if (name === "summary") {
      showSummary(digest, fields.summary.style);
    } else if (name === "done") {
      finish(digest);
    }
  }
  if (!digest.whole) throw new TypeError("The stream ended early.");
  listWarnings(digest);
  say("good", "done");
}

function begin(digest, fields) {
  shown = digest;
  const isPage = fields.format === "page";
  clear(isPage ? null : fields.text, fields.source === "auto" ? "" : fields.source, fields.target);
  clearSummary();
  clearWarnings();
  $("result").hidden = false;
  progress(isPage ? undefined : 0);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("state").scrollIntoView({ block: "start", behavior: still ? "instant" : "smooth" });
}

function busy(on) {
  const focused = [$("go"), $("stop")].includes(document.activeElement);
  $("go").hidden = on;
  $("stop").hidden = !on;
  if (focused) (on ? $("stop") : $("go")).focus();
  progress(on ? 0 : null);
}

const isTooLong = () => countPoints($("text").value) > limits.characters;

function measure() {
  const characters = countPoints($("text").value);
  const over = characters > limits.characters;
  label($("count"), over ? "over" : "count", number(characters), number(limits.characters));
  $("count").classList.toggle("over", over);
  $("text").ariaInvalid = String(over);
  $("empty").hidden = characters === 0;
}

function fillBox(text, format) {
  $("text").value = text;
  $("format").value = format;
  measure();
}

async function open(file) {
  if (!file) return;
  try {
    const { text, format } = await read(file);
    fillBox(text, format);
    say("", "opened", file.name);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    say("bad", error.key, file.name);
  }
  $("file").value = ""; // so that the same file can be opened again
}

async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    say("good", "copied");
  } catch {
    // No clipboard without https: mark the text, so that a key copies it.
    getSelection().selectAllChildren(element);
    say("", "marked");
  }
}

async function copyLink() {
  history.replaceState(null, "", link());
  try {
    await navigator.clipboard.writeText(link());
    say("good", "linked");
  } catch {
    say("", "inAddress");
  }
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey($("key").value);
  $("key-form").hidden = true;
  if ($("go").disabled) prepare();
  else run();
});
$("text").addEventListener("input", () => {
  if ($("text").value === "") $("format").value = ownFormat;
  measure();
});
$("text").addEventListener("paste", () => {
  if ($("text").selectionEnd - $("text").selectionStart === $("text").value.length) $("format").value = ownFormat;
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit();
});
$("stop").addEventListener("click", () => running?.abort());
$("example").addEventListener("click", () => fillBox(EXAMPLE, "text"));
$("empty").addEventListener("click", () => {
  fillBox("", ownFormat);
  $("text").focus();
});
$("file").addEventListener("change", (event) => open(event.target.files[0]));
$("form").addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  $("text").classList.add("over");
});
$("form").addEventListener("dragleave", () => $("text").classList.remove("over"));
$("form").addEventListener("drop", (event) => {
  $("text").classList.remove("over");
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  open(event.dataTransfer.files[0]);
});
$("copy").addEventListener("click", () => copy(shown.translation, $("target-text")));
$("copy-summary").addEventListener("click", () => copy(shown.summary?.text || "", $("sentences")));
for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => save(shown, button.dataset.save));
}
$("print").addEventListener("click", () => print());
$("link").addEventListener("click", copyLink);
$("interface").addEventListener("click", () => {
  speak(spoken() === "de" ? "en" : "de");
  remember(ownFormat);
});
$("format").addEventListener("change", () => (ownFormat = $("format").value));
$("form").addEventListener("change", () => $("go").disabled || remember(ownFormat));

speakAsChosen();
prepare();
