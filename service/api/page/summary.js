// The summary, each sentence a link to those it rests on.
import { goTo } from "./columns.js";
import { $, label } from "./words.js";

export function clearSummary() {
  $("sentences").replaceChildren();
  $("method").textContent = "";
  $("summary").hidden = true;
}

export function showSummary(digest, style) {
  const { summary } = digest;
  const lines = summary.sentences.map((sentence) => link(sentence, digest));
  const list = document.createElement(style === "bullets" ? "ul" : "p");
  list.className = style;
  list.lang = summary.language;
  lines.forEach((line, index) => {
    if (style !== "bullets") return list.append(index > 0 ? " " : "", line);
    const item = document.createElement("li");
    item.append(line);
    list.append(item);
  });
  $("sentences").replaceChildren(list);
  $("summary").hidden = lines.length === 0;
  label($("method"), summary.method, summary.model);
}

function link(sentence, digest) {
  const resting = digest.under(sentence.sources);
  if (resting.length === 0) {
    const plain = document.createElement("span");
    plain.textContent = sentence.text;
    return plain;
  }
  const element = document.createElement("a");
  element.href = `#s${resting[0].index}`;
  element.textContent = sentence.text;
  element.addEventListener("click", (event) => {
    event.preventDefault(); // the fragment of the address is for settings
    goTo(resting);
  });
  return element;
}
