"use strict";

const GERMAN = {
  tagline: "Ein deutscher Artikel hinein, seine englische Übersetzung und eine kurze Zusammenfassung heraus.",
  article: "Artikel", from: "Von", to: "nach", summary: "Zusammenfassung", short: "kurz", medium: "mittel",
  long: "lang", summaryIn: "auf", translation: "Sprache der Übersetzung", original: "Sprache des Artikels",
  file: "Eine .txt- oder .html-Datei öffnen", example: "Beispiel", go: "Übersetzen und zusammenfassen",
  stop: "Abbrechen", source: "Original", target: "Übersetzung", copy: "Übersetzung kopieren",
  save: "Als Text speichern", warnings: "Hinweise", api: "Die Schnittstelle hinter dieser Seite",
  detect: "erkennen", working: "Wird übersetzt …", done: "Fertig.", stopped: "Abgebrochen.", empty: "Bitte zuerst einen Text einfügen.",
  offline: "Der Dienst ist nicht erreichbar.", again: "Der Dienst ist ausgelastet. Neuer Versuch in {0} s.",
  loading: "Die Modelle werden geladen …", none: "Keine.", copied: "Kopiert.",
  marked: "Markiert; mit Strg+C kopieren.",
  demonstration: "Demonstrationsmodell: Diese Übersetzung zeigt nur, dass alles läuft, und ist nicht zum Gebrauch bestimmt. Die richtigen Modelle holt „make models“.",
  cut: "Die Antwort brach ab; was hier steht, ist nicht alles.",
  extract: "Sätze des Artikels", abstractive: "Vom Modell geschrieben", unchanged: "Zu kurz zum Kürzen",
};
const ENGLISH = {
  detect: "detect", working: "Translating …", done: "Done.", stopped: "Stopped.", empty: "Please paste a text first.",
  offline: "The service cannot be reached.", again: "The service is busy. Trying again in {0} s.",
  loading: "The models are loading …", none: "None.", copied: "Copied.",
  marked: "Selected; copy it with Ctrl+C.",
  demonstration: "Demonstration model: this translation only shows that everything runs and is not fit for use. “make models” fetches the real models.",
  cut: "The answer broke off; what stands here is not all of it.",
  extract: "Sentences of the article", abstractive: "Written by a model", unchanged: "Too short to shorten",
};
const EXAMPLE =
  "Alte Brücke wird saniert\n\nDer Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. " +
  "Die Arbeiten beginnen im Mai und dauern drei Monate. Nach Angaben der Verwaltung kostet das Vorhaben rund " +
  "2,4 Millionen Euro.\n\nFür Autos ist die Brücke in dieser Zeit gesperrt, Fußgänger können sie weiter benutzen. " +
  "Anwohner hatten seit Jahren auf eine Entscheidung gewartet. „Endlich tut sich etwas“, sagte eine Händlerin.";

const UNSURE = -1.2; // mean log-probability per token below which a segment gets a dotted line

const $ = (id) => document.getElementById(id);
const settings = stored();
let words = ENGLISH;
let running = null;
let shown = null;

// A browser may forbid storage, or hold something that is not ours.
function stored() {
  try {
    return JSON.parse(localStorage.getItem("kurzfassung")) || {};
  } catch {
    return {};
  }
}

function say(key, ...values) {
  const text = values.reduce((line, value, index) => line.replace(`{${index}}`, value), words[key] || key);
  $("status").textContent = text;
}

function speak(language) {
  words = language === "de" ? { ...ENGLISH, ...GERMAN } : ENGLISH;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.dataset.english ||= element.textContent;
    element.textContent = (language === "de" && GERMAN[element.dataset.text]) || element.dataset.english;
  }
  $("interface").textContent = language === "de" ? "English" : "Deutsch";
  $("interface").lang = language === "de" ? "en" : "de";
  const detect = $("source").querySelector("[value=auto]");
  if (detect) detect.textContent = words.detect;
  if (!$("notice").hidden) $("notice").textContent = words.demonstration;
}

function remember() {
  for (const id of ["source", "target", "length", "language"]) settings[id] = $(id).value;
  settings.interface = document.documentElement.lang;
  try {
    localStorage.setItem("kurzfassung", JSON.stringify(settings));
  } catch {
    // The settings are not remembered; nothing else is lost.
  }
}

// Only who names the article's language can ask for a summary in it.
function matchLanguages() {
  const automatic = $("source").value === "auto";
  $("language").querySelector("[value=source]").disabled = automatic;
  if (automatic) $("language").value = "target";
}

function option(select, value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  select.append(element);
}

async function prepare() {
  let answer;
  try {
    answer = await fetch("v1/languages");
  } catch {
    say("offline");
    setTimeout(prepare, 3000);
    return;
  }
  if (!answer.ok) {
    say("loading");
    setTimeout(prepare, 1000);
    return;
  }
  const { languages } = await answer.json();
  option($("source"), "auto", words.detect);
  const targets = new Set();
  for (const language of languages) {
    option($("source"), language.code, language.name);
    language.targets.forEach((code) => targets.add(code));
  }
  const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language" });
  for (const code of targets) option($("target"), code, names.of(code));
  for (const id of ["source", "target", "length", "language"]) {
    if (settings[id] && $(id).querySelector(`[value="${CSS.escape(settings[id])}"]`)) $(id).value = settings[id];
  }
  matchLanguages();
  const models = await (await fetch("v1/models")).json();
  $("notice").hidden = !models.models.some((model) => model.demonstration);
  $("notice").textContent = words.demonstration;
  say("");
}

// Spans of the API count code points; a JavaScript string counts UTF-16 units.
class Source {
  constructor(text) {
    this.points = Array.from(text);
    this.at = 0;
    this.pane = $("source-text");
    this.pane.replaceChildren();
  }
  slice(start, end) {
    return this.points.slice(start, end).join("");
  }
  add(index, span) {
    if (span.end <= span.start) return null;
    this.pane.append(this.slice(this.at, span.start));
    this.at = span.end;
    const element = segment("s", index, this.slice(span.start, span.end));
    this.pane.append(element);
    return element;
  }
  finish() {
    this.pane.append(this.slice(this.at, this.points.length));
    this.at = this.points.length;
  }
}

function segment(side, index, text) {
  const element = document.createElement("span");
  element.className = "segment";
  element.id = side + index;
  element.tabIndex = 0;
  element.textContent = text;
  const other = (side === "s" ? "t" : "s") + index;
  const light = (on) => {
    element.classList.toggle("lit", on);
    $(other)?.classList.toggle("lit", on);
  };
  element.addEventListener("mouseenter", () => light(true));
  element.addEventListener("mouseleave", () => light(false));
  element.addEventListener("focus", () => light(true));
  element.addEventListener("blur", () => light(false));
  return element;
}

function addTarget(event) {
  const length = event.target.end - event.target.start;
  const points = Array.from(event.text);
  if (length > 0) {
    const element = segment("t", event.index, points.slice(0, length).join(""));
    if (event.score !== null && event.score < UNSURE) element.classList.add("unsure");
    $("target-text").append(element);
    for (const warning of event.warnings) mark(event.index, warning.message);
  }
  $("target-text").append(points.slice(length).join(""));
}

function mark(index, message) {
  for (const element of [$("s" + index), $("t" + index)]) {
    if (!element) continue;
    element.classList.add("doubted");
    element.title = element.title ? `${element.title} ${message}` : message;
  }
}

function showSummary(summary) {
  $("method").textContent = words[summary.method] + (summary.model ? `: ${summary.model}` : "");
  $("sentences").lang = summary.language;
  for (const sentence of summary.sentences) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sentence.text;
    button.addEventListener("click", () => goTo(sentence.sources));
    item.append(button);
    $("sentences").append(item);
  }
}

function goTo(spans) {
  for (const element of document.querySelectorAll(".segment.lit")) element.classList.remove("lit");
  const wanted = shown.segments.filter(({ span }) => spans.some((each) => span.start < each.end && each.start < span.end));
  if (wanted.length === 0) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const first = $("s" + wanted[0].index);
  first?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  first?.focus({ preventScroll: true });
  for (const { index } of wanted) {
    $("s" + index)?.classList.add("lit");
    $("t" + index)?.classList.add("lit");
  }
}

function showWarnings(warnings) {
  const list = $("warnings");
  list.replaceChildren();
  const counts = new Map();
  for (const { code, message } of warnings) {
    const key = `${code}\n${message}`;
    counts.set(key, (counts.get(key) || 0) + 1);
  }
  for (const [key, count] of counts) {
    const item = document.createElement("li");
    item.textContent = key.slice(key.indexOf("\n") + 1) + (count > 1 ? ` (${count}×)` : "");
    item.dataset.code = key.slice(0, key.indexOf("\n"));
    list.append(item);
  }
  if (counts.size === 0) {
    const item = document.createElement("li");
    item.textContent = words.none;
    list.append(item);
  }
}

async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value;
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      const block = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      // Not by /^…$/m: a U+2028 inside the data is no end of a line.
      const lines = block.split("\n");
      const field = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length);
      const name = field("event: ");
      if (name) yield [name, JSON.parse(field("data: "))];
    }
  }
}

function busy(on) {
  $("go").hidden = on;
  $("stop").hidden = !on;
  $("progress").hidden = !on;
  $("progress").value = 0;
}

async function run(text, format) {
  running?.abort();
  const control = (running = new AbortController());
  remember();
  busy(true);
  say("working");
  const body = { text, format, source: $("source").value, target: $("target").value, summary: { length: $("length").value } };
  if ($("language").value === "source") body.summary.language = body.source;
  try {
    const answer = await fetch("v1/digest", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal: control.signal,
    });
    if (!answer.ok) return await refused(answer, text, format, control);
    await show(answer, text, format);
    say("done");
  } catch (error) {
    if (error instanceof Refusal) $("status").textContent = error.message;
    else say(control.signal.aborted ? "stopped" : "offline");
  } finally {
    if (running === control) {
      running = null;
      busy(false);
    }
  }
}

class Refusal extends Error {}

async function refused(answer, text, format, control) {
  const wait = Number(answer.headers.get("Retry-After"));
  if ((answer.status === 503 || answer.status === 429) && wait > 0) {
    for (let left = wait; left > 0; left--) {
      if (left === wait || left % 10 === 0) say("again", left); // not every second: it is read aloud
      await new Promise((resolve) => setTimeout(resolve, 1000));
      if (control.signal.aborted) return say("stopped");
    }
    return run(text, format);
  }
  const problem = await answer.json().catch(() => ({}));
  $("status").textContent = problem.detail || answer.statusText;
}

async function show(answer, text, format) {
  $("result").hidden = false;
  $("target-text").replaceChildren();
  $("sentences").replaceChildren();
  $("warnings").replaceChildren();
  $("target-text").lang = $("target").value;
  $("source-text").lang = $("source").value === "auto" ? "" : $("source").value;
  // What the spans of an HTML page point into comes with the last event.
  let source = format === "page" ? null : new Source(text);
  shown = { segments: [] };
  let whole = false;
  $("source-text").replaceChildren();
  for await (const [name, event] of events(answer)) {
    if (name === "segment") {
      shown.segments.push({ index: event.index, span: event.source, warnings: event.warnings });
      if (source) {
        source.add(event.index, event.source);
        $("progress").value = event.source.end / Math.max(1, source.points.length);
      }
      addTarget(event);
    } else if (name === "summary") {
      showSummary(event);
    } else if (name === "done") {
      whole = true;
      if (!source) {
        source = new Source(event.source_text);
        for (const { index, span, warnings } of shown.segments) {
          source.add(index, span);
          for (const warning of warnings) mark(index, warning.message);
        }
      }
      source.finish();
      $("source-text").lang = event.detected_language.code;
      showWarnings(event.warnings);
    } else if (name === "error") {
      throw new Refusal(event.detail);
    }
  }
  if (!whole) throw new Refusal(words.cut);
}

// UTF-8 where it is; otherwise what a page declares, or Windows' Latin.
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const head = new TextDecoder("latin1").decode(bytes.slice(0, 1024));
    const declared = /charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
    try {
      return new TextDecoder(declared || "windows-1252").decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }
}

async function open(file) {
  if (!file) return;
  const isPage = /\.html?$/i.test(file.name) || file.type === "text/html";
  $("text").value = decoded(new Uint8Array(await file.arrayBuffer()));
  $("text").dataset.format = isPage ? "page" : "text";
  $("file").value = ""; // so that the same file can be opened again
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (!text.trim()) return say("empty");
  run(text, $("text").dataset.format || "text");
});
$("text").addEventListener("input", () => {
  if ($("text").value === "") delete $("text").dataset.format;
});
$("text").addEventListener("paste", () => {
  if ($("text").selectionEnd - $("text").selectionStart === $("text").value.length) delete $("text").dataset.format;
});
$("stop").addEventListener("click", () => running?.abort());
$("example").addEventListener("click", () => {
  $("text").value = EXAMPLE;
  delete $("text").dataset.format;
});
$("file").addEventListener("change", (event) => open(event.target.files[0]));
$("text").addEventListener("dragover", (event) => {
  event.preventDefault();
  $("text").classList.add("over");
});
$("text").addEventListener("dragleave", () => $("text").classList.remove("over"));
$("text").addEventListener("drop", (event) => {
  $("text").classList.remove("over");
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  open(event.dataTransfer.files[0]);
});
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("target-text").textContent);
    say("copied");
  } catch {
    // No clipboard without https: mark the text, so that a key copies it.
    getSelection().selectAllChildren($("target-text"));
    say("marked");
  }
});
$("save").addEventListener("click", () => {
  const link = document.createElement("a");
  const summary = Array.from($("sentences").querySelectorAll("button"), (each) => each.textContent).join(" ");
  const warnings = Array.from($("warnings").children, (each) => `* ${each.textContent}`).join("\n");
  const text = [summary, $("target-text").textContent, warnings].join("\n\n");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "kurzfassung.txt";
  link.click();
  URL.revokeObjectURL(link.href);
});
$("source").addEventListener("change", matchLanguages);
$("interface").addEventListener("click", () => {
  speak(document.documentElement.lang === "de" ? "en" : "de");
  remember();
});

speak(settings.interface || (navigator.language.startsWith("de") ? "de" : "en"));
prepare();
