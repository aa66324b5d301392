/** Texts and bytes, in the encodings that Buffer and TextDecoder know. */

export function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) { bytes[to++] = unit; continue; }
    const point = wellFormedPoint(text, at);
    if (point > 0xffff) at++;
    if (point < 0x800) bytes[to++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x10000) bytes[to++] = 0xe0 | (point >> 12);
      else {
        bytes[to++] = 0xf0 | (point >> 18);
        bytes[to++] = 0x80 | ((point >> 12) & 63);
      }
      bytes[to++] = 0x80 | ((point >> 6) & 63);
    }
    bytes[to++] = 0x80 | (point & 63);
  }
  return bytes;
}

export function utf8Length(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) { length++; continue; }
    const point = wellFormedPoint(text, at);
    if (point > 0xffff) at++;
    length += point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

/** Half of a pair counts as the replacement character. */
export function wellFormedPoint(text: string, at: number): number {
  const point = text.codePointAt(at) ?? 0xfffd;
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

/** As the Encoding standard says: each maximal wrong part becomes one replacement character; null when `fatal`. */
export function utf8Text(bytes: Uint8Array, fatal: boolean): string | null {
  let text = '';
  let chunk: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [point, length] = utf8Point(bytes, at);
    if (point < 0 && fatal) return null;
    const shown = point < 0 ? 0xfffd : point;
    if (shown > 0xffff) chunk.push(0xd7c0 + (shown >> 10), 0xdc00 + (shown & 0x3ff));
    else chunk.push(shown);
    at += length;
    if (chunk.length > 4000) {
      text += String.fromCharCode(...chunk);
      chunk = [];
    }
  }
  return text + String.fromCharCode(...chunk);
}

/** The code point at `at` and how many bytes it takes; -1 for a wrong part. */
export function utf8Point(bytes: Uint8Array, at: number): readonly [number, number] {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return [first, 1];
  const more = first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0;
  if (more === 0) return [-1, 1];
  let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  let point = first & (more === 1 ? 0x1f : more === 2 ? 0x0f : 0x07);
  for (let count = 1; count <= more; count++) {
    const byte = bytes[at + count];
    if (byte === undefined || byte < low || byte > high) return [-1, count];
    point = (point << 6) | (byte & 63);
    low = 0x80;
    high = 0xbf;
  }
  return [point, more + 1];
}

export function base64Alphabet(url: boolean): string {
  return `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${url ? '-_' : '+/'}`;
}

export function toBase64(bytes: Uint8Array, url: boolean): string {
  const letters = base64Alphabet(url);
  const letter = (index: number): string => letters.charAt(index & 63);
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const a = bytes[at] ?? 0;
    const b = bytes[at + 1];
    const c = bytes[at + 2];
    text += letter(a >> 2) + letter((a << 4) | ((b ?? 0) >> 4));
    text += b === undefined ? (url ? '' : '=') : letter((b << 2) | ((c ?? 0) >> 6));
    text += c === undefined ? (url ? '' : '=') : letter(c);
  }
  return text;
}

/** Takes both alphabets and skips what belongs to neither, as Buffer does. */
export function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length * 0.75));
  let to = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 61) break;
    const value = unit >= 65 && unit <= 90 ? unit - 65 : unit >= 97 && unit <= 122 ? unit - 71 : unit >= 48 && unit <= 57 ? unit + 4
      : unit === 43 || unit === 45 ? 62 : unit === 47 || unit === 95 ? 63 : -1;
    if (value < 0) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[to++] = (held >> bits) & 255;
    }
  }
  return bytes.slice(0, to);
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16);
  return text;
}

/** Ends at the first pair that is not hexadecimal, as Buffer does. */
export function fromHex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at + 1 < text.length; at += 2) {
    const pair = text.slice(at, at + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(pair)) break;
    bytes.push(Number.parseInt(pair, 16));
  }
  return Uint8Array.from(bytes);
}

/** One unit a byte (`mask` 255 for latin1, 127 for ascii), or two little-endian bytes a unit (utf16le). */
export function unitsText(bytes: Uint8Array, kind: 'latin1' | 'ascii' | 'utf16le'): string {
  let text = '';
  if (kind === 'utf16le') {
    for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
    return text;
  }
  const mask = kind === 'ascii' ? 127 : 255;
  for (const byte of bytes) text += String.fromCharCode(byte & mask);
  return text;
}

export function unitsBytes(text: string, kind: 'latin1' | 'utf16le'): Uint8Array {
  const wide = kind === 'utf16le' ? 2 : 1;
  const bytes = new Uint8Array(text.length * wide);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[at * wide] = unit;
    if (wide === 2) bytes[at * 2 + 1] = unit >> 8;
  }
  return bytes;
}

export function encodingName(name: unknown): 'utf8' | 'hex' | 'base64' | 'base64url' | 'latin1' | 'ascii' | 'utf16le' {
  const given = name === undefined || name === null ? 'utf8' : String(name).toLowerCase();
  if (given === 'utf8' || given === 'utf-8') return 'utf8';
  if (given === 'hex' || given === 'base64' || given === 'base64url' || given === 'ascii') return given;
  if (given === 'latin1' || given === 'binary') return 'latin1';
  if (given === 'utf16le' || given === 'utf-16le' || given === 'ucs2' || given === 'ucs-2') return 'utf16le';
  throw new TypeError(`Unknown encoding: ${given}`);
}

export function bytesOf(text: string, encoding: unknown): Uint8Array {
  const name = encodingName(encoding);
  if (name === 'utf8') return utf8Bytes(text);
  if (name === 'hex') return fromHex(text);
  if (name === 'base64' || name === 'base64url') return fromBase64(text);
  return unitsBytes(text, name === 'ascii' ? 'latin1' : name);
}

export function textOf(bytes: Uint8Array, encoding: unknown): string {
  const name = encodingName(encoding);
  if (name === 'utf8') return utf8Text(bytes, false) ?? '';
  if (name === 'hex') return toHex(bytes);
  if (name === 'base64' || name === 'base64url') return toBase64(bytes, name === 'base64url');
  return unitsText(bytes, name);
}
