import { limits } from '../../../runtime/sdk/index.ts';
import { Refused } from './answers.ts';

/** Name-value pairs of a query or form to a record: a repeated name becomes a list, `a[b][]` nests as PHP writes it. */

type Tree = { [name: string]: unknown };

// Names that would reach JavaScript itself rather than the message's data.
const REFUSED = new Set(['__proto__', 'constructor', 'prototype']);

export class FormRecord {
  readonly #root: Tree = {};
  #pairs = 0;

  add(name: string, value: unknown): void {
    if (++this.#pairs > limits.webhookFormFieldsMax) throw new Refused(400, 'webhook.bad-body', { en: `the form has more than ${limits.webhookFormFieldsMax} fields; nothing was accepted`, ru: `в форме больше ${limits.webhookFormFieldsMax} полей; ничего не принято` });
    const open = name.indexOf('[');
    if (open <= 0 || !name.endsWith(']')) this.#put(this.#root, name, value);
    else this.#nest([name.slice(0, open), ...name.slice(open + 1, -1).split('][')], value);
  }

  get record(): { readonly [name: string]: unknown } { return listed(this.#root) as Tree; }

  #nest(keys: readonly string[], value: unknown): void {
    if (keys.length > limits.webhookFormDepthMax || keys.some((key) => REFUSED.has(key))) return;
    let at = this.#root;
    for (const key of keys.slice(0, -1)) {
      const own = key === '' ? String(Object.keys(at).length) : key;
      const next = Object.hasOwn(at, own) ? at[own] : undefined;
      if (isTree(next)) at = next;
      else at = at[own] = next === undefined ? {} : { 0: next };
    }
    const last = keys.at(-1) as string;
    this.#put(at, last === '' ? String(Object.keys(at).length) : last, value);
  }

  #put(at: Tree, name: string, value: unknown): void {
    if (REFUSED.has(name)) return;
    const before = Object.hasOwn(at, name) ? at[name] : undefined;
    if (before === undefined) at[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else at[name] = [before, value];
  }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Records whose keys count 0, 1, 2 … become lists. The root stays a record. */
function listed(tree: Tree, root = true): unknown {
  const keys = Object.keys(tree);
  const values = keys.map((key) => (isTree(tree[key]) ? listed(tree[key] as Tree, false) : tree[key]));
  if (!root && keys.length > 0 && keys.every((key, i) => key === String(i))) return values;
  return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
}

/** Reads `a=1&b=2`. In another character set than UTF-8 the escaped bytes are decoded by `decode`. */
export function parsePairs(text: string, decode?: (bytes: Uint8Array) => string): { readonly [name: string]: unknown } {
  if (text === '') return {};
  const form = new FormRecord();
  if (decode) for (const pair of text.split('&')) addPair(form, pair, decode);
  else for (const [name, value] of new URLSearchParams(text)) form.add(name, value);
  return form.record;
}

function addPair(form: FormRecord, pair: string, decode: (bytes: Uint8Array) => string): void {
  if (pair === '') return;
  const equals = pair.indexOf('=');
  const part = (text: string): string => decode(unescaped(text.replaceAll('+', ' ')));
  form.add(part(equals < 0 ? pair : pair.slice(0, equals)), equals < 0 ? '' : part(pair.slice(equals + 1)));
}

/** `%C0` to its byte; what is no escape stays. Characters are bytes here: the text was read as Latin-1. */
function unescaped(text: string): Uint8Array {
  return Buffer.from(text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1');
}
