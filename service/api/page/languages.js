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
  matchModels();
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

// Those that translate the pair by themselves can be chosen from; with one or none there is no choice.
function matchModels() {
  const [source, target] = pair();
  const able = models.filter((each) => translates(each, source, target)).map(({ name }) => name);
  const wanted = $("model").value;
  $("model").replaceChildren(label(new Option("", ""), "automatic"), ...able.map((name) => new Option(name, name)));
  $("model").value = able.includes(wanted) ? wanted : "";
  $("model-choice").hidden = able.length < 2;
  nameModels();
}

function nameModels() {
  const [source, target] = pair();
  const from = (a, b) => models.find((each) => translates(each, a, b))?.name;
  const direct = $("model").value || from(source, target);
  const names = direct ? [direct] : [from(source, "en"), from("en", target)].filter(Boolean);
  const writer = models.find((each) => each.task === "summarization")?.name;
  label($("models"), direct ? "models" : "through", [...names, writer].filter(Boolean).join(" + "));
  $("models").hidden = names.length === 0;
}

const translates = (model, source, target) =>
  model.task === "translation" && model.source_languages.includes(source) && model.target_languages.includes(target);

function pair() {
  const target = $("target").value;
  return [$("source").value === "auto" ? likely(target) : $("source").value, target];
}

/** Whose names are shown while the language is still to be detected. */
const likely = (target) => (reads("de") && target !== "de" ? "de" : languages.find(({ targets }) => targets.includes(target))?.code);

export const reads = (code) => languages.some((language) => language.code === code);

export function chooseSource(code) {
  $("source").value = code;
  matchTargets();
}

$("source").addEventListener("change", matchTargets);
$("target").addEventListener("change", matchModels);
$("model").addEventListener("change", nameModels);
document.addEventListener("spoken", () => {
  for (const option of document.querySelectorAll("#source option:not([value=auto]), #target option")) {
    option.textContent = languageName(option.value);
  }
});
