// A file dropped or opened: its text, and how that is to be read.
import { textOf } from "./documents.js";
import { ZipDamaged, ZipTooLarge } from "./zip.js";

const MOST_BYTES = 20_000_000;

/** `key` says why, in the words of the page. */
export class FileRefused extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/** Its text and format ("text" or "page"). Raises `FileRefused`. */
export async function read(file) {
  if (file.size > MOST_BYTES) throw new FileRefused("fileTooLarge");
  const kind = kindOf(file);
  if (!kind) throw new FileRefused("notText");
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (kind !== "docx") return { text: decoded(bytes), format: kind };
  try {
    return { text: await textOf(bytes), format: "text" };
  } catch (error) {
    if (error instanceof ZipTooLarge) throw new FileRefused("fileTooLarge");
    if (error instanceof ZipDamaged) throw new FileRefused("fileBroken");
    throw error;
  }
}

function kindOf({ name, type }) {
  if (/\.docx$/i.test(name)) return "docx";
  if (/\.html?$/i.test(name) || type === "text/html") return "page";
  return /\.(txt|text|md)$/i.test(name) || type.startsWith("text/") ? "text" : null;
}

// UTF-8 or what the first two bytes say; otherwise what a page declares, or Windows' Latin.
function decoded(bytes) {
  const marked = { "255,254": "utf-16le", "254,255": "utf-16be" }[bytes.subarray(0, 2).join()];
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
    const declared = /charset\s*=\s*["']?\s*([\w-]+)/i.exec(head)?.[1];
    try {
      return new TextDecoder(declared || "windows-1252").decode(bytes);
    } catch {
      return new TextDecoder("windows-1252").decode(bytes);
    }
  }
}
