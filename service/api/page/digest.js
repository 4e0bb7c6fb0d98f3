/** One answer as it grows: what was shown can be taken away in the fields of the plain answer of v1/digest. */
export class Digest {
  constructor(text) {
    this.text = text;
    this.segments = [];
    this.translation = "";
    this.summary = null;
    this.end = null;
  }

  take(name, event) {
    if (name === "segment") {
      this.segments.push(event);
      this.translation += event.text;
    } else if (name === "summary") {
      this.summary = event;
    } else if (name === "done") {
      this.end = event;
    }
  }

  get whole() {
    return this.end !== null;
  }

  get title() {
    return this.end?.title || "";
  }

  /** Those of the whole answer; before its end those of its segments. */
  get warnings() {
    return this.end ? this.end.warnings : this.segments.flatMap((segment) => segment.warnings);
  }

  /** The segments that the spans touch. */
  under(spans) {
    return this.segments.filter(({ source }) => spans.some((each) => source.start < each.end && each.start < source.end));
  }

  toJSON() {
    const { title = null, translation = {}, ...facts } = this.end || { warnings: this.warnings, incomplete: true };
    return {
      title,
      translation: { text: this.translation, ...translation },
      summary: this.summary,
      segments: this.segments.map(({ source, target, score }) => ({ source, target, score })),
      ...facts,
    };
  }
}
