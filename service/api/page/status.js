// What the page is doing, or what went wrong and what can be done about it.
import { $, label } from "./words.js";

let ticking = 0;

/** `kind` is "", "busy", "good" or "bad"; it only changes the looks. */
export function say(kind, key, ...values) {
  clearInterval(ticking);
  $("state").className = `state ${kind}`;
  hush($("countdown"));
  $("actions").replaceChildren();
  if (key) label($("status"), key, ...values);
  else hush($("status"));
}

/** Words in this language; of a request with an id, that too. */
export function quote(text, language, request) {
  say("bad");
  const words = document.createElement("span");
  words.lang = language;
  words.textContent = text;
  $("status").append(words);
  if (!request) return;
  const id = label(document.createElement("span"), "request", request);
  id.className = "small";
  $("status").append(" ", id);
}

function hush(element) {
  delete element.dataset.text;
  element.textContent = "";
}

/** A button beside what was said. */
export function offer(act, key) {
  const button = document.createElement("button");
  button.type = "button";
  if (key) label(button, key);
  button.addEventListener("click", act);
  $("actions").append(button);
  return button;
}

/** Counts down and resolves to true at the end, to false when stopped. Seen every second, read aloud every ten. */
export function countDown(seconds, signal) {
  say("busy counting", "again", seconds);
  return new Promise((resolve) => {
    const end = performance.now() + seconds * 1000;
    const show = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (signal.aborted || left <= 0) {
        clearInterval(ticking);
        resolve(!signal.aborted);
        return;
      }
      label($("countdown"), "again", left);
      if (left < seconds && left % 10 === 0) label($("status"), "again", left);
    };
    show();
    ticking = setInterval(show, 250);
  });
}

export function progress(share) {
  const bar = $("progress");
  bar.hidden = share === null;
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share ?? 0;
}
