// Just enough of the zip format for a .docx file: one entry read, a few written without compression.
const END = 0x06054b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;

/** Not a zip file, or one that this cannot read: damaged, encrypted, in several parts. */
export class ZipDamaged extends Error {}

/** The entry holds more than was allowed. */
export class ZipTooLarge extends Error {}

/** What the entry of this name holds; null without one. Raises `ZipDamaged`, and `ZipTooLarge` beyond `most` bytes. */
export async function readEntry(bytes, name, most) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const entry = find(view, bytes, name);
    if (!entry) return null;
    const { encrypted, method, packed, local } = entry;
    if (encrypted || view.getUint32(local, true) !== LOCAL) throw new ZipDamaged();
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + packed > bytes.length) throw new ZipDamaged();
    const data = bytes.subarray(start, start + packed);
    if (method === 8) return await inflated(data, most);
    if (method !== 0) throw new ZipDamaged();
    if (packed > most) throw new ZipTooLarge();
    return data;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new ZipDamaged(); // beyond the end; not deflate
    throw error;
  }
}

function find(view, bytes, name) {
  let end = bytes.length - 22;
  const furthest = Math.max(0, end - 0xffff); // a comment may follow
  while (end >= furthest && view.getUint32(end, true) !== END) end--;
  if (end < furthest) throw new ZipDamaged();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== DIRECTORY) throw new ZipDamaged();
    const length = view.getUint16(at + 28, true);
    if (new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length)) === name) {
      return {
        encrypted: (view.getUint16(at + 8, true) & 1) === 1,
        method: view.getUint16(at + 10, true),
        packed: view.getUint32(at + 20, true),
        local: view.getUint32(at + 42, true),
      };
    }
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return null;
}

// Counted while it unfolds: what the file says of its size is not to be trusted.
async function inflated(data, most) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new ZipTooLarge();
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The bytes of a zip file with these [name, text] entries. */
export function zipped(files) {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [name, text] of files) {
    const [label, data] = [name, text].map((each) => new TextEncoder().encode(each));
    const facts = [20, 0x0800, 0, 0, 0x21, crc32(data), data.length, data.length, label.length, 0];
    const local = record("IHHHHHIIIHH", [LOCAL, ...facts]);
    directory.push(record("IHHHHHHIIIHHHHHII", [DIRECTORY, 20, ...facts, 0, 0, 0, 0, at]), label);
    parts.push(local, label, data);
    at += local.length + label.length + data.length;
  }
  const size = directory.reduce((sum, each) => sum + each.length, 0);
  const end = record("IHHHHIIH", [END, 0, 0, files.length, files.length, size, at, 0]);
  return new Blob([...parts, ...directory, end]);
}

/** Little-endian; I is four bytes, H two. */
function record(shape, values) {
  const bytes = new Uint8Array([...shape].reduce((sum, each) => sum + (each === "I" ? 4 : 2), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  [...shape].forEach((each, index) => {
    if (each === "I") view.setUint32(at, values[index], true);
    else view.setUint16(at, values[index], true);
    at += each === "I" ? 4 : 2;
  });
  return bytes;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
