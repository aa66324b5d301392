import { fromBase64, toBase64, unitsBytes, unitsText, utf8Bytes, utf8Length, utf8Text } from './bytes.ts';

/** TextEncoder, TextDecoder, btoa and atob, as browsers and Node have them. */

export class GuestTextEncoder {
  get encoding(): string { return 'utf-8'; }
  encode(text: unknown = ''): Uint8Array { return utf8Bytes(String(text)); }
  encodeInto(text: unknown, into: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const letter of String(text)) {
      const length = utf8Length(letter);
      if (written + length > into.length) break;
      into.set(utf8Bytes(letter), written);
      read += letter.length;
      written += length;
    }
    return { read, written };
  }
}

export class GuestTextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  constructor(label: unknown = 'utf-8', options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const name = String(label).trim().toLowerCase();
    const known: { [label: string]: string } = { 'utf-8': 'utf-8', utf8: 'utf-8', 'utf-16le': 'utf-16le', 'utf-16': 'utf-16le', latin1: 'latin1', 'iso-8859-1': 'latin1', ascii: 'latin1' };
    const encoding = Object.hasOwn(known, name) ? known[name] : undefined;
    if (encoding === undefined) throw new RangeError(`TextDecoder: the encoding ${name} is not available in a function node`);
    this.encoding = encoding;
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }
  decode(input?: ArrayBuffer | ArrayBufferView): string {
    if (input === undefined) return '';
    const bytes = ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
    const text = this.encoding === 'utf-8' ? utf8Text(bytes, this.fatal) : unitsText(bytes, this.encoding === 'latin1' ? 'latin1' : 'utf16le');
    if (text === null) throw new TypeError('The encoded data was not valid for encoding utf-8');
    return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

export function encodeBase64Text(given: unknown): string {
  const text = String(given);
  // eslint-disable-next-line no-control-regex -- the range is what btoa accepts
  if (/[^\u0000-\u00ff]/.test(text)) throw new TypeError('btoa: the text has characters outside Latin-1');
  return toBase64(unitsBytes(text, 'latin1'), false);
}

export function decodeBase64Text(given: unknown): string {
  const text = String(given).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw new TypeError('atob: the text is not base64');
  return unitsText(fromBase64(text), 'latin1');
}
