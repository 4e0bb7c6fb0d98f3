/** Spans of the API count code points, a string counts UTF-16 units: an emoji is one of those and two of these. */
export class Offsets {
  constructor(text) {
    this.text = text;
    this.point = 0;
    this.unit = 0;
  }

  /** The unit at which this code point begins. Quick for points that grow. */
  at(point) {
    if (point < this.point) this.point = this.unit = 0;
    while (this.point < point && this.unit < this.text.length) {
      this.unit += this.text.codePointAt(this.unit) > 0xffff ? 2 : 1;
      this.point++;
    }
    return this.unit;
  }

  slice(start, end) {
    const from = this.at(start);
    return this.text.slice(from, this.at(end));
  }
}

export function countPoints(text) {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xd800) pairs++;
  return text.length - pairs;
}
