// What was chosen: remembered in this browser and put into a link. Never the text, never the key.
import { showTerms, terms } from "./glossary.js";
import { $, speak, spoken } from "./words.js";

const CHOICES = ["source", "target", "model", "length", "style", "language", "format"];
const PLACE = "kurzfassung";

let kept = { ...stored(), ...linked() };

// A browser may forbid storage, or hold something that is not ours.
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE));
    return typeof found === "object" && found ? found : {};
  } catch {
    return {};
  }
}

function linked() {
  const named = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries([...CHOICES, "interface"].filter((id) => named.has(id)).map((id) => [id, named.get(id)]));
}

export function speakAsChosen() {
  speak(kept.interface || (navigator.language.startsWith("de") ? "de" : "en"));
  const valid = ({ source, target }) => typeof source === "string" && typeof target === "string";
  showTerms(Array.isArray(kept.terms) ? kept.terms.filter((each) => each && valid(each)) : []);
}

/** To be called when the languages are known; what is not offered is passed over. */
export function choose() {
  for (const id of CHOICES) {
    const offered = [...$(id).options].some((option) => option.value === kept[id]);
    if (!offered) continue;
    $(id).value = kept[id];
    $(id).dispatchEvent(new Event("change"));
  }
}

function chosen() {
  return Object.fromEntries([...CHOICES.map((id) => [id, $(id).value]), ["interface", spoken()]]);
}

/** `format` is the reader's choice, not what a file just opened brought with it. */
export function remember(format) {
  kept = { ...chosen(), format, terms: terms() };
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // The settings are not remembered; nothing else is lost.
  }
}

/** The address of this page with these settings, without the terms: they may be somebody's own. */
export function link() {
  return `${location.href.split("#")[0]}#${new URLSearchParams(chosen())}`;
}

addEventListener("hashchange", () => {
  kept = { ...kept, ...linked() };
  speakAsChosen();
  choose();
});
