// An answer as a file to keep.
import { docx } from "./documents.js";
import { plainly } from "./warnings.js";
import { spoken, word } from "./words.js";

export function save(digest, kind) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(FORMS[kind](digest));
  link.download = `${fileName(digest)}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

const FORMS = {
  txt: (digest) => new Blob([text(digest)], { type: "text/plain" }),
  md: (digest) => new Blob([markdown(digest)], { type: "text/markdown" }),
  json: (digest) => new Blob([JSON.stringify(digest, null, 2)], { type: "application/json" }),
  docx: wordDocument,
};

function fileName({ title }) {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "kurzfassung";
}

// Each warning once.
const remarks = ({ warnings }) => [...new Set(warnings.map(plainly))];
const summary = (digest) => digest.summary?.sentences.map((each) => each.text) || [];

function text(digest) {
  const notes = remarks(digest).map((each) => `* ${each}`);
  return `${[summary(digest).join(" "), digest.translation.trimEnd(), notes.join("\n")].filter(Boolean).join("\n\n")}\n`;
}

function markdown(digest) {
  const bullets = (lines) => lines.map((line) => `- ${plain(line)}`).join("\n");
  const parts = [
    [word("summary"), bullets(summary(digest))],
    [word("translation"), plain(digest.translation.trimEnd())],
    [word("remarks"), bullets(remarks(digest))],
  ];
  const shown = parts.filter(([, body]) => body).map(([heading, body]) => `## ${heading}\n\n${body}`);
  return `${[digest.title && `# ${plain(digest.title)}`, ...shown].filter(Boolean).join("\n\n")}\n`;
}

// The article's own signs are no markup.
const plain = (line) => line.replace(/[\\`*_[\]<>]/g, "\\$&").replace(/^(\s*)([#+-]|\d+(?=[.)]))/gm, "$1\\$2");

function wordDocument(digest) {
  const { language } = digest.end?.translation || {};
  const paragraphs = (text) => text.split(/\n\s*\n/).filter((each) => each.trim());
  const bulleted = (lines, tongue) => lines.map((line) => ["ListBullet", `• ${line}`, tongue]);
  const part = (heading, lines) => (lines.length > 0 ? [["Heading1", heading, spoken()], ...lines] : []);
  return docx([
    ...(digest.title ? [["Title", digest.title, language]] : []),
    ...part(word("summary"), bulleted(summary(digest), digest.summary?.language)),
    ...part(word("translation"), paragraphs(digest.translation).map((each) => ["", each.trimEnd(), language])),
    ...part(word("remarks"), bulleted(remarks(digest), spoken())),
  ]);
}
