// What a refusal means for the reader, and what can be done about it.
import { chooseSource, reads } from "./languages.js";
import { hasKey } from "./service.js";
import { offer, quote, say } from "./status.js";
import { $, languageName, spoken } from "./words.js";

const LONGEST_WAIT = 120; // seconds that are counted down; for longer ones it is said when

// In German, where the service's own English sentence is all there is.
const GERMAN = {
  empty_text: "Der Text ist leer.",
  text_too_long: "Der Text ist länger, als dieser Dienst annimmt. Bitte kürzen.",
  body_too_large: "Der Text ist größer, als das Gateway durchlässt. Bitte kürzen.",
  sentence_too_long: "Ein Satz ist zu lang für das Modell.",
  invalid_text: "Das ist kein lesbarer Text.",
  unsupported_language: "Für diese Sprachen ist kein Modell da.",
  url_not_fetched: "Webadressen werden nicht abgerufen. Bitte den Text selbst einfügen.",
  invalid_glossary: "Ein Begriff der Liste ist leer oder steht zweimal darin.",
  scope_missing: "Mit diesem Schlüssel ist das nicht erlaubt.",
  quota_exceeded: "Das Kontingent dieses Schlüssels ist verbraucht.",
  generation_failed: "Das Modell ist an diesem Text gescheitert.",
  gateway_timeout: "Der Dienst hat zu lange gebraucht.",
  deadline_exceeded: "Der Dienst hat zu lange gebraucht.",
  internal: "Im Dienst ist etwas schiefgegangen.",
};

/** Whether waiting so long and asking again is the answer. */
export const isBusy = ({ status, wait }) => [429, 503].includes(status) && wait > 0 && wait <= LONGEST_WAIT;

/** Says what is wrong and offers what helps; `again` asks once more. */
export function explain(problem, again) {
  if (problem.status === 401) {
    $("key-form").hidden = false;
    say("bad", hasKey() ? "wrongKey" : "needsKey");
    $("key").select();
    $("key").focus();
  } else if (problem.code === "ambiguous_language") {
    const offered = problem.candidates.filter(({ code }) => reads(code));
    say("bad", offered.length > 0 ? "choose" : "chooseAny");
    for (const { code } of offered) offerSource(code, again);
    if (offered.length === 0) $("source").focus();
  } else if (problem.wait > LONGEST_WAIT) {
    const at = new Date(Date.now() + problem.wait * 1000);
    const day = problem.wait > 43_200 ? { dateStyle: "medium" } : {};
    say("bad", "later", at.toLocaleString(spoken(), { ...day, timeStyle: "short" }));
  } else {
    const german = spoken() === "de" && GERMAN[problem.code];
    const request = problem.status >= 500 && problem.request;
    quote(german || problem.message || `HTTP ${problem.status}`, german ? "de" : "en", request);
    if (problem.status >= 500) offer(again, "retry");
    if (problem.code === "empty_text" || problem.status === 413) $("text").focus();
  }
}

function offerSource(code, again) {
  const button = offer(() => {
    chooseSource(code);
    again();
  });
  button.textContent = languageName(code);
}
