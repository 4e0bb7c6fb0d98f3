// Which languages there are, and which models translate between them.
import { $, label, languageName } from "./words.js";

let languages = []; // as v1/languages tells them
let models = []; // as v1/models tells them

export const limits = { characters: Infinity, body_bytes: Infinity, terms: Infinity };

export function showLanguages(told, setup) {
  languages = told;
  models = setup.models;
  Object.assign(limits, setup.limits);
  $("notice").hidden = !models.some((model) => model.demonstration);
  fill($("source"), ["auto", ...languages.map(({ code }) => code)], $("source").value || "auto");
  matchTargets();
}

// Only what the source is translated into; English first where it is among them.
function matchTargets() {
  const source = $("source").value;
  const reachable = languages.filter(({ code }) => source === "auto" || code === source).flatMap(({ targets }) => targets);
  fill($("target"), [...new Set(reachable)].sort(), $("target").value || "en");
  matchSummary();
}

// Only who names the article's language can ask for a summary in it.
function matchSummary() {
  const automatic = $("source").value === "auto";
  $("language").querySelector("[value=source]").disabled = automatic;
  if (automatic) $("language").value = "target";
  nameModels();
}

function fill(select, codes, wanted) {
  select.replaceChildren(
    ...codes.map((code) => {
      const option = new Option(code === "auto" ? "" : languageName(code), code);
      return code === "auto" ? label(option, "detect") : option;
    }),
  );
  if (codes.includes(wanted)) select.value = wanted;
}

function nameModels() {
  const target = $("target").value;
  const source = $("source").value === "auto" ? likely(target) : $("source").value;
  const from = (a, b) => models.find((each) => each.source_languages.includes(a) && each.target_languages.includes(b) && each.task === "translation");
  const direct = from(source, target);
  const names = direct ? [direct.name] : [from(source, "en"), from("en", target)].map((each) => each?.name).filter(Boolean);
  const writer = models.find((each) => each.task === "summarization")?.name;
  label($("models"), direct ? "models" : "through", [...names, writer].filter(Boolean).join(" + "));
  $("models").hidden = names.length === 0;
}

/** Whose names are shown while the language is still to be detected. */
const likely = (target) => (reads("de") && target !== "de" ? "de" : languages.find(({ targets }) => targets.includes(target))?.code);

export const reads = (code) => languages.some((language) => language.code === code);

export function chooseSource(code) {
  $("source").value = code;
  matchTargets();
}

$("source").addEventListener("change", matchTargets);
$("target").addEventListener("change", nameModels);
document.addEventListener("spoken", () => {
  for (const option of document.querySelectorAll("#source option:not([value=auto]), #target option")) {
    option.textContent = languageName(option.value);
  }
});
