// The calls to the service. Addresses are relative to the page, so that they hold under any prefix.
let key = "";

/** For all calls from now on; kept nowhere else. */
export function useKey(value) {
  key = value.trim();
}

export const hasKey = () => key !== "";

/** An answer that is no success, in the fields of application/problem+json. `wait` is in seconds, 0 where none is named. */
export class Problem extends Error {
  constructor({ status = 0, code = "", detail = "", request_id = "", candidates = [] }, wait = 0) {
    super(detail);
    Object.assign(this, { status, code, candidates, wait, request: request_id });
  }
}

async function ask(address, options = {}) {
  const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  const answer = await fetch(address, { ...options, headers, cache: "no-store", credentials: "same-origin" });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  const fields = { detail: answer.statusText, request_id: answer.headers.get("X-Request-ID") || "", ...body };
  throw new Problem({ ...fields, status: answer.status }, seconds(answer.headers.get("Retry-After")));
}

// Seconds or a date.
function seconds(text) {
  if (!text) return 0;
  const value = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Math.max(0, Math.ceil(value)) || 0;
}

export const languages = async () => (await (await ask("v1/languages")).json()).languages;
export const models = async () => (await ask("v1/models")).json();

/** The events of a digest as [name, data], as they come. A problem, at first or half way, is thrown. */
export async function* digest(fields, signal) {
  const answer = await ask("v1/digest", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(fields),
    signal,
  });
  for await (const [name, data] of events(answer.body)) {
    if (name === "error") throw new Problem(data);
    yield [name, data];
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value;
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      // Not by /^…$/m: a U+2028 inside the data is no end of a line.
      const lines = buffer.slice(0, end).split("\n");
      buffer = buffer.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length);
      const name = field("event: ");
      if (name) yield [name, JSON.parse(field("data: "))];
    }
  }
}
