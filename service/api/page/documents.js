// Word's .docx: the text out of one, and one written.
import { ZipDamaged, readEntry, zipped } from "./zip.js";

const MAIN = "word/document.xml";
const W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const MOST_BYTES = 20_000_000; // of XML; a whole novel has about five million

/** Paragraphs with blank lines between them, rows of tables as lines with tabs. Deleted text, notes, headers and
footers are left out. Raises what `readEntry` raises. */
export async function textOf(bytes) {
  const found = await readEntry(bytes, MAIN, MOST_BYTES);
  const xml = found && new TextDecoder().decode(found);
  // Word writes no declarations of entities; they are a way to make little into much.
  if (!xml || xml.includes("<!DOCTYPE")) throw new ZipDamaged();
  const root = new DOMParser().parseFromString(xml, "application/xml");
  const body = root.getElementsByTagNameNS(W, "body")[0];
  if (!body || root.querySelector("parsererror")) throw new ZipDamaged();
  return blocks(body).join("\n\n");
}

function blocks(element) {
  const found = [];
  for (const child of element.children) {
    if (child.localName === "p") found.push(...paragraph(child));
    else if (child.localName === "tbl") found.push(table(child));
    else if (!LEFT_OUT.has(child.localName)) found.push(...blocks(child));
  }
  return found.filter((text) => text.trim());
}

const LEFT_OUT = new Set(["del", "moveFrom", "Fallback", "pict", "pPr", "rPr", "sectPr", "sdtPr", "tblPr"]);
const SIGNS = { tab: "\t", br: "\n", cr: "\n", noBreakHyphen: "\u2011" };

// The text of a paragraph, and then that of the boxes anchored in it.
function paragraph(element) {
  const boxes = [];
  const text = (node) => {
    if (node.localName === "t") return node.textContent;
    if (LEFT_OUT.has(node.localName)) return "";
    if (node.localName === "txbxContent") {
      boxes.push(...blocks(node));
      return "";
    }
    return SIGNS[node.localName] ?? [...node.children].map(text).join("");
  };
  return [text(element), ...boxes];
}

function table(element) {
  const rows = [...element.getElementsByTagNameNS(W, "tr")];
  const cells = (row) => [...row.children].filter((each) => each.localName === "tc").map((cell) => blocks(cell).join(" "));
  return rows.map((row) => cells(row).join("\t")).join("\n");
}

/** A .docx file of [style, text] paragraphs in these languages; styles: Title, Heading1, ListBullet and "". */
export function docx(paragraphs) {
  const body = paragraphs.map(([style, text, language]) => {
    const look = style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : "";
    const tongue = language ? `<w:rPr><w:lang w:val="${escaped(language)}"/></w:rPr>` : "";
    const lines = text.split("\n").map((line) => `<w:t xml:space="preserve">${escaped(line)}</w:t>`);
    return `<w:p>${look}<w:r>${tongue}${lines.join("<w:br/>")}</w:r></w:p>`;
  });
  return zipped([
    ["[Content_Types].xml", CONTENT_TYPES],
    ["_rels/.rels", relations("officeDocument", MAIN)],
    ["word/_rels/document.xml.rels", relations("styles", "styles.xml")],
    ["word/styles.xml", STYLES],
    [MAIN, `${HEAD}<w:document xmlns:w="${W}"><w:body>${body.join("")}</w:body></w:document>`],
  ]);
}

// XML has no place for most control characters, nor for half a pair.
function escaped(text) {
  const allowed = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
  return allowed.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006/";
const CONTENT_TYPES = `${HEAD}<Types xmlns="${PACKAGE}content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/${MAIN}" ContentType="${OFFICE}document.main+xml"/><Override PartName="/word/styles.xml" ContentType="${OFFICE}styles+xml"/></Types>`;

function relations(kind, target) {
  const type = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}`;
  return `${HEAD}<Relationships xmlns="${PACKAGE}relationships"><Relationship Id="rId1" Type="${type}" Target="${target}"/></Relationships>`;
}

// Sizes are half points, distances twentieths of a point.
const style = (id, name, paragraph, run) =>
  `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/><w:basedOn w:val="Normal"/><w:pPr>${paragraph}</w:pPr><w:rPr>${run}</w:rPr></w:style>`;
const STYLES =
  `${HEAD}<w:styles xmlns:w="${W}"><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:pPr><w:spacing w:after="160"/></w:pPr><w:rPr><w:sz w:val="22"/></w:rPr></w:style>` +
  style("Title", "Title", "", '<w:b/><w:sz w:val="40"/>') +
  style("Heading1", "heading 1", '<w:keepNext/><w:spacing w:before="240"/><w:outlineLvl w:val="0"/>', '<w:b/><w:sz w:val="28"/>') +
  style("ListBullet", "List Bullet", '<w:ind w:left="360"/>', "") +
  "</w:styles>";
