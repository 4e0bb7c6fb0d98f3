// The table of terms: how a word is to be translated.
import { limits } from "./languages.js";
import { $, number, word } from "./words.js";

const LONGEST = 200; // characters of one side, as the service allows

/** Those rows that are filled on both sides, as the service takes them. */
export function terms() {
  return rows()
    .map((row) => {
      const [source, target] = [...row.querySelectorAll("input")].map((input) => input.value.trim());
      return { source, target };
    })
    .filter(({ source, target }) => source && target);
}

export function showTerms(kept) {
  $("terms").replaceChildren();
  for (const { source, target } of kept) addRow(source, target);
  if (kept.length === 0) addRow();
  $("glossary").open = kept.length > 0;
  count();
}

const rows = () => [...$("terms").rows];

function addRow(source = "", target = "") {
  const row = $("terms").insertRow();
  for (const [side, value] of [["source", source], ["target", target]]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "text", value, maxLength: LONGEST, autocomplete: "off" });
    input.dataset.side = side;
    row.insertCell().append(input);
  }
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", textContent: "×", className: "quiet" });
  remove.addEventListener("click", () => removeRow(row));
  row.insertCell().append(remove);
  name();
  return row;
}

function removeRow(row) {
  const near = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  if (!near) addRow();
  name();
  changed();
  (near || $("terms").rows[0]).querySelector("input").focus();
}

// Each field says which row it is in.
function name() {
  rows().forEach((row, index) => {
    for (const input of row.querySelectorAll("input")) input.ariaLabel = word(input.dataset.side, index + 1);
    row.querySelector("button").ariaLabel = word("removeTerm", index + 1);
  });
}

function count() {
  const filled = terms().length;
  $("terms-count").textContent = filled > 0 ? number(filled) : "";
  $("add-term").disabled = rows().length >= limits.terms;
}

function changed() {
  count();
  $("terms").dispatchEvent(new Event("change", { bubbles: true }));
}

$("add-term").addEventListener("click", () => addRow().querySelector("input").focus());
$("terms").addEventListener("input", count);
$("terms").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  event.preventDefault(); // no reason to send the form yet
  const fields = [...$("terms").querySelectorAll("input")];
  const next = fields[fields.indexOf(event.target) + 1] || addRow().querySelector("input");
  next.focus();
});
document.addEventListener("spoken", name);
