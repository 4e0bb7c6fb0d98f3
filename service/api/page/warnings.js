// The warnings of an answer in plain words: beside the sentence they are about, and all of them below.
import { goTo } from "./columns.js";
import { $, label, spoken, word } from "./words.js";

// What is written beside the sentence, in both languages.
const MARKS = {
  number: ["number?", "Zahl?"],
  unit: ["unit?", "Einheit?"],
  name: ["name?", "Name?"],
  term: ["term?", "Begriff?"],
  markup: ["markup?", "Auszeichnung?"],
  doubtful: ["doubtful", "zweifelhaft"],
  repaired: ["repaired", "repariert"],
};

// [mark, German, English before the message, where the message alone is not plain enough]. With an English part the
// message holds particulars, and stands behind the German part too.
const EXPLAINED = {
  number_doubtful: ["number", "Eine Zahl steht hier vielleicht falsch; bitte mit dem Original vergleichen.", "A number may be wrong here; compare it with the original."],
  unit_doubtful: ["unit", "Eine Einheit oder Währung ist hier vielleicht falsch.", "A unit or currency may be wrong here."],
  name_doubtful: ["name", "Ein Name ist hier anders geschrieben als im Original.", "A name is written differently from the original here."],
  placeholder_doubtful: ["doubtful", "Etwas, das unverändert bleiben sollte, fehlt hier oder ist anders.", "Something that was to stay as it is got lost or changed here."],
  markup_doubtful: ["markup", "Wohin die Tags in diesem Satz gehören, war nicht sicher.", ""],
  term_missed: ["term", "Ein Begriff aus der Liste konnte hier nicht eingesetzt werden."],
  segment_repaired: ["repaired", "Der erste Versuch bestand eine Prüfung nicht; dies ist ein besserer."],
  segment_empty: ["doubtful", "Das Modell lieferte hier nichts; es steht der Originaltext da."],
  segment_cut: ["doubtful", "Die Übersetzung brach hier ab; ihr Ende fehlt vielleicht."],
  segment_short: ["doubtful", "Die Übersetzung ist hier auffallend kurz; vielleicht fehlt etwas."],
  segment_long: ["doubtful", "Die Übersetzung ist hier auffallend lang; vielleicht ist etwas hinzugekommen."],
  repetition: ["doubtful", "Die Übersetzung wiederholt sich hier, das Original nicht."],
  segment_untranslated: ["doubtful", "Vieles kam hier unverändert zurück; es ist vielleicht nicht übersetzt."],
  wrong_script: ["doubtful", "Die Übersetzung steht hier in der Schrift einer anderen Sprache."],
  segment_unlikely: ["doubtful", "Hier war sich das Modell viel weniger sicher als im übrigen Text."],
  segment_unchecked: ["doubtful", "Zahlen und Namen konnten hier nicht geprüft werden."],
  demonstration_model: ["", "Ein kleines Demonstrationsmodell hat übersetzt: Es zeigt nur, dass alles läuft, und ist nicht zum Gebrauch bestimmt."],
  pivoted: ["", "Übersetzt wurde auf dem Weg über Englisch.", ""],
  language_assumed: ["", "Welche Sprache es ist, war nicht sicher.", ""],
  language_mismatch: ["", "Der Text sieht nach einer anderen Sprache aus als der gewählten.", ""],
  language_related: ["", "Für diese Sprache ist kein Modell da; übersetzt wurde mit dem einer verwandten.", ""],
  already_in_target_language: ["", "Der Text ist schon in dieser Sprache und blieb, wie er ist."],
  block_already_in_target_language: ["", "Dieser Absatz ist schon in dieser Sprache und blieb, wie er ist."],
  block_language_mismatch: ["", "Dieser Absatz sieht nach einer anderen Sprache aus als der Rest.", ""],
  html_extracted: ["", "Der Artikel wurde aus der Webseite herausgelesen; Menüs und Ähnliches blieben weg.", "The article was read out of the web page; menus and the like were left out."],
  markup_found: ["", "Der Text enthält Tags; sie blieben stehen.", "The text holds tags, which were kept."],
  replacement_characters: ["", "Im Text sind Zeichen verloren gegangen, bevor er hier ankam."],
  glossary_not_applied: ["", "Die Begriffe wurden nicht angewandt.", ""],
  keep_across_sentences: ["", "Etwas, das bleiben sollte, reicht über ein Satzende und konnte nicht bleiben."],
  short_input: ["", "Der Text ist zu kurz zum Kürzen; die Zusammenfassung wiederholt ihn."],
  nothing_to_summarize: ["", "Es gibt nichts zusammenzufassen, nur Bildzeilen und Ähnliches."],
  summary_cut: ["", "Die Zusammenfassung musste gekürzt werden."],
  summary_extracted: ["", "Das Modell schrieb keine brauchbare Zusammenfassung; es sind Sätze des Artikels."],
  summarized_in_sections: ["", "Der lange Text wurde in Abschnitten zusammengefasst."],
  summary_unchecked: ["", "Zahlen und Namen der Zusammenfassung konnten nicht geprüft werden."],
  summary_sentence_dropped: ["", "Ein Satz der Zusammenfassung fiel weg, weil eine Zahl darin nicht im Artikel steht.", ""],
  summary_name_doubtful: ["", "Ein Name der Zusammenfassung steht so nicht im Artikel.", ""],
};

// These say of the sources of the API what a reader of the page does not need.
const PLAIN_ALONE = new Set(["html_extracted", "markup_found"]);

/** What is to be written beside a sentence, and whether it is only that it was repaired; null for nothing. */
export function markOf(warnings) {
  const kinds = new Set(warnings.map(({ code }) => EXPLAINED[code]?.[0] ?? "doubtful").filter(Boolean));
  if (kinds.size === 0) return null;
  const repaired = kinds.size === 1 && kinds.has("repaired");
  return { repaired, words: [...kinds].map((kind) => MARKS[kind][spoken() === "de" ? 1 : 0]).join(" · ") };
}

/** A paragraph for each warning. */
export function findings(warnings) {
  return warnings.map((warning) => explained(document.createElement("p"), warning));
}

/** In plain words, as text. */
export function plainly({ code, message }) {
  const [, german, english] = EXPLAINED[code] || [];
  const plain = spoken() === "de" ? german : english;
  if (!plain) return message;
  return english === undefined || PLAIN_ALONE.has(code) ? plain : `${plain} ${message}`;
}

function explained(element, { code, message }) {
  const [, german, english] = EXPLAINED[code] || [];
  const plain = spoken() === "de" ? german : english;
  element.textContent = plain || "";
  if (plain && (english === undefined || PLAIN_ALONE.has(code))) return element;
  const particulars = document.createElement("span");
  particulars.lang = "en";
  particulars.textContent = message;
  element.append(plain ? " " : "", particulars);
  return element;
}

let listed = null;

export function clearWarnings() {
  listed = null;
  $("warnings").replaceChildren();
  $("remarks").hidden = true;
}

/** All of the answer; those of one kind and wording once, leading to every place. */
export function listWarnings(digest) {
  listed = digest;
  const kinds = new Map();
  for (const warning of digest.warnings) {
    const same = `${warning.code}\n${warning.message}`;
    if (!kinds.has(same)) kinds.set(same, { ...warning, spans: [] });
    if (warning.span) kinds.get(same).spans.push(warning.span);
  }
  const items = [...kinds.values()].map((warning) => item(warning, digest));
  if (items.length === 0 && digest.whole) items.push(label(document.createElement("li"), "none"));
  $("warnings").replaceChildren(...items);
  $("remarks").hidden = items.length === 0;
}

function item(warning, digest) {
  const element = document.createElement("li");
  element.dataset.code = warning.code;
  const places = digest.under(warning.spans);
  if (places.length === 0) return explained(element, warning);
  const link = explained(document.createElement("a"), warning);
  link.href = `#s${places[0].index}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    goTo(places);
  });
  element.append(link, places.length > 1 ? ` (${word("places", places.length)})` : "");
  return element;
}

document.addEventListener("spoken", () => listed && listWarnings(listed));
