// What the page says. An entry is German alone where the English stands in index.html, or [English, German].
const WORDS = {
  tagline: "Einen deutschen Artikel einfügen und auf Englisch lesen, mit kurzer Zusammenfassung.",
  article: "Artikel", from: "Von", to: "nach", file: "Datei öffnen", example: "Beispielartikel", clear: "Leeren",
  go: "Übersetzen und zusammenfassen", stop: "Abbrechen", summary: ["Summary", "Zusammenfassung"], length: "Länge",
  short: "kurz", medium: "mittel", long: "lang", style: "Form", paragraph: "Absatz", bullets: "Stichpunkte",
  headline: "Überschrift", language: "Sprache", model: "Modell", ofTarget: "der Übersetzung", ofSource: "des Artikels",
  read: "Text lesen als", plain: "reinen Text", webPage: "Webseite: deren Artikel", html: "HTML, Tags bleiben",
  xml: "XML, Tags bleiben", terms: "Begriffe", inArticle: "Im Artikel", inTranslation: "In der Übersetzung",
  termsHelp: "Wie ein Wort übersetzt werden soll, in welcher Form es auch vorkommt.", addTerm: "Begriff hinzufügen",
  result: "Ergebnis", original: "Original", translation: ["Translation", "Übersetzung"], copy: "Übersetzung kopieren",
  copySummary: "Zusammenfassung kopieren", saveAs: "Herunterladen", print: "Drucken",
  remarks: ["What to know about this answer", "Was man über diese Antwort wissen sollte"], link: "Link zu diesen Einstellungen",
  api: "Die Schnittstelle hinter dieser Seite",
  privacy: "Einstellungen merkt sich dieser Browser, Texte werden nicht gespeichert.",
  keys: "Pfeiltasten gehen von Satz zu Satz, die Eingabetaste zum Gegenstück.",
  keyLabel: "API-Schlüssel", useKey: "Diesen Schlüssel verwenden",
  keyHelp: "Er bleibt im Speicher dieses Tabs und ist weg, wenn er geschlossen wird.",
  hint: "Hier einen Artikel einfügen oder eine .txt-, .html- oder .docx-Datei ablegen.",
  progress: "Fortschritt",
  demonstration: [
    "Demonstration model: this translation only shows that everything runs and is not fit for use. “make models” fetches the real models.",
    "Demonstrationsmodell: Diese Übersetzung zeigt nur, dass alles läuft, und ist nicht zum Gebrauch bestimmt. Die richtigen Modelle holt „make models“.",
  ],
  automatic: ["automatic", "automatisch"],
  detect: ["detect", "erkennen"],
  count: ["{0} characters", "{0} Zeichen"],
  over: ["{0} of at most {1} characters", "{0} von höchstens {1} Zeichen"],
  models: ["Model: {0}", "Modell: {0}"],
  through: ["Models: {0}, through English", "Modelle: {0}, über Englisch"],
  source: ["In the article, term {0}", "Im Artikel, Begriff {0}"],
  target: ["In the translation, term {0}", "In der Übersetzung, Begriff {0}"],
  removeTerm: ["Remove term {0}", "Begriff {0} entfernen"],
  loading: ["The models are loading …", "Die Modelle werden geladen …"],
  working: ["Translating …", "Wird übersetzt …"],
  summarizing: ["Translated; the summary follows …", "Übersetzt; die Zusammenfassung folgt …"],
  readOut: ["Translating; the original appears at the end …", "Wird übersetzt; das Original erscheint am Ende …"],
  done: ["Done.", "Fertig."],
  stopped: ["Stopped. What stands here is not all.", "Abgebrochen. Was hier steht, ist nicht alles."],
  halted: ["Stopped.", "Abgebrochen."],
  cut: ["The answer broke off; what stands here is not all of it.", "Die Antwort brach ab; was hier steht, ist nicht alles."],
  empty: ["Please paste a text first.", "Bitte zuerst einen Text einfügen."],
  tooLong: ["The text has {0} characters; this service takes at most {1}. Please shorten it.",
    "Der Text hat {0} Zeichen; dieser Dienst nimmt höchstens {1}. Bitte kürzen."],
  offline: ["The service cannot be reached. Is the network there?", "Der Dienst ist nicht erreichbar. Besteht eine Verbindung?"],
  again: ["The service is busy. Trying again in {0} s.", "Der Dienst ist ausgelastet. Neuer Versuch in {0} s."],
  later: ["This is all for now. Try again after {0}.", "Für jetzt ist das alles. Bitte nach {0} wieder versuchen."],
  retry: ["Try again", "Noch einmal versuchen"],
  choose: ["The article’s language is not clear. Which is it?", "Die Sprache des Artikels ist nicht klar. Welche ist es?"],
  chooseAny: ["The article’s language is not clear. Please choose it above.", "Die Sprache des Artikels ist nicht klar. Bitte oben wählen."],
  needsKey: ["This service needs an API key.", "Dieser Dienst verlangt einen API-Schlüssel."],
  wrongKey: ["This key is not accepted.", "Dieser Schlüssel wird nicht angenommen."],
  request: ["Request {0}", "Anfrage {0}"],
  opened: ["{0} is open.", "{0} ist geöffnet."],
  notText: ["{0} is not a .txt, .html or .docx file.", "{0} ist keine .txt-, .html- oder .docx-Datei."],
  fileTooLarge: ["{0} is too large.", "{0} ist zu groß."],
  fileBroken: ["{0} cannot be read: it is damaged or encrypted.", "{0} ist nicht lesbar: beschädigt oder verschlüsselt."],
  copied: ["Copied.", "Kopiert."],
  marked: ["Selected; copy it with Ctrl+C.", "Markiert; mit Strg+C kopieren."],
  linked: ["The link is copied; it holds these settings, no text.", "Der Link ist kopiert; er enthält diese Einstellungen, keinen Text."],
  inAddress: ["The link stands in the address bar; it holds these settings, no text.", "Der Link steht in der Adresszeile; er enthält diese Einstellungen, keinen Text."],
  places: ["{0} places", "{0} Stellen"],
  none: ["Nothing: no check found anything to doubt.", "Nichts: Keine Prüfung hat etwas zu bezweifeln gefunden."],
  extract: ["Sentences chosen from the article", "Ausgewählte Sätze des Artikels"],
  abstractive: ["Written by {0}", "Geschrieben von {0}"],
  unchanged: ["The article, which is too short to shorten", "Der Artikel, der zum Kürzen zu kurz ist"],
  unsure: ["The model is less sure of this sentence than of most.", "Dieses Satzes ist sich das Modell weniger sicher als der meisten."],
};

let column = 0;

export const $ = (id) => document.getElementById(id);
export const spoken = () => (column === 0 ? "en" : "de");

/** The entry in the language spoken, {0} and so on filled in. */
export function word(key, ...values) {
  return values.reduce((text, value, index) => text.replace(`{${index}}`, () => value), WORDS[key][column]);
}

/** The element says this, now and after a change of the interface's language. */
export function label(element, key, ...values) {
  element.dataset.text = key;
  element.values = values;
  element.textContent = word(key, ...values);
  return element;
}

function own(element, key, english) {
  const entry = WORDS[key];
  if (Array.isArray(entry)) return word(key, ...(element.values || []));
  element[`english-${key}`] ??= english;
  return column === 0 ? element[`english-${key}`] : entry;
}

export function speak(language) {
  column = language === "de" ? 1 : 0;
  document.documentElement.lang = spoken();
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = own(each, each.dataset.text, each.textContent);
  for (const each of document.querySelectorAll("[data-label]")) each.ariaLabel = own(each, each.dataset.label, each.ariaLabel);
  for (const each of document.querySelectorAll("[data-hint]")) each.placeholder = own(each, each.dataset.hint, each.placeholder);
  $("interface").textContent = column === 0 ? "Deutsch" : "English";
  $("interface").lang = column === 0 ? "de" : "en";
  document.dispatchEvent(new Event("spoken"));
}

export const number = (value) => new Intl.NumberFormat(spoken()).format(value);

export const languageName = (code) => new Intl.DisplayNames([spoken()], { type: "language" }).of(code);
