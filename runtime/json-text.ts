import { limits } from './limits.ts';

/**
 * JSON text beside the value that was read from it, so that whoever writes the value next need not make it again: into the sandbox, the journal.
 * Messages are immutable, hence the text stays true as long as its value lives.
 */

/** Gives the object that it is given, so that a private field of a class below is put on that: seen by nothing else, not by a copy of it either. */
class Given { constructor(value: object) { return value; } }

class WithText extends Given {
  readonly #text: string;
  constructor(value: object, text: string) {
    super(value);
    this.#text = text;
  }
  static textOf(value: object): string | undefined { return #text in value ? value.#text : undefined; }
}

/** Reads JSON as JSON.parse does, and keeps the text of an object or a list. */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && text.length <= limits.jsonTextKeptChars) new WithText(value, text);
  return value;
}

/** The text from which it was read, when that was kept. */
export const keptText = (value: object): string | undefined => WithText.textOf(value);

/**
 * A body as JSON text in parts, where a text was kept of one of its values; else undefined, also when `isSpecial` holds for another. What it does not
 * find in `names` is left out. The kept texts are parts of their own, so that they need not be copied before they are written.
 */
export function partsWithKept(body: { readonly [name: string]: unknown }, names: readonly string[], isSpecial: (value: unknown) => boolean): string[] | undefined {
  if (!names.some((name) => isKept(body[name]))) return undefined;
  const parts: string[] = [];
  let open = '{';
  let isFirst = true;
  for (const name of names) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value === undefined) continue;
    const kept = isKept(value) ? keptText(value) : undefined;
    if (kept === undefined && isSpecial(value)) return undefined;
    const text = kept ?? JSON.stringify(value) as string | undefined;
    if (text === undefined) continue;
    open += `${isFirst ? '' : ','}${JSON.stringify(name)}:`;
    isFirst = false;
    if (kept === undefined) open += text;
    else {
      parts.push(open, kept);
      open = '';
    }
  }
  parts.push(`${open}}`);
  return parts;
}

/** The same as one text. */
export function textWithKept(...given: Parameters<typeof partsWithKept>): string | undefined {
  let text = '';
  for (const part of partsWithKept(...given) ?? []) text += part; // copies nothing: the text is made once, when it is written
  return text || undefined;
}

const isKept = (value: unknown): value is object => typeof value === 'object' && value !== null && keptText(value) !== undefined;
