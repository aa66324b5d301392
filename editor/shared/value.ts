/** What a value is, how it is written in one line, and how its places are named. Bytes, dates and big integers come as `$bytes`, `$date` and `$bigint`, as the journal writes them. */

export type ValueKind = 'null' | 'boolean' | 'number' | 'text' | 'list' | 'record' | 'bytes' | 'date';
export interface Token { readonly text: string; readonly tone: ValueKind | 'key' | 'quiet' }

export function kindOf(value: unknown): ValueKind {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Date) return 'date';
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return 'bytes';
  if (typeof value === 'object') return taggedKind(value as Record<string, unknown>) ?? 'record';
  return typeof value === 'boolean' || typeof value === 'number' ? (typeof value as 'boolean' | 'number') : 'text';
}

function taggedKind(record: Record<string, unknown>): 'bytes' | 'date' | 'number' | undefined {
  if (typeof record['$bytes'] === 'string' && Object.keys(record).length === 1) return 'bytes';
  if (typeof record['$date'] === 'number' && Object.keys(record).length === 1) return 'date';
  return typeof record['$bigint'] === 'string' && Object.keys(record).length === 1 ? 'number' : undefined;
}

/** Children of a list or record by key, in order; none of anything else. */
export function childrenOf(value: unknown): readonly (readonly [key: string | number, value: unknown])[] {
  const kind = kindOf(value);
  if (kind === 'list') return (value as readonly unknown[]).map((item, i) => [i, item] as const);
  return kind === 'record' ? Object.entries(value as Record<string, unknown>) : [];
}

export const sizeOf = (value: unknown): number => {
  const kind = kindOf(value);
  return kind === 'list' ? (value as readonly unknown[]).length : kind === 'record' ? Object.keys(value as object).length : 0;
};

const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

/** `payload.items[0]["first name"]`: the path as a function or expression would write it. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return Uint8Array.from(atob((value as { $bytes: string }).$bytes), (char) => char.charCodeAt(0));
}

export function dateOf(value: unknown): Date {
  return value instanceof Date ? value : new Date((value as { $date: number }).$date);
}

/** Number of bytes without decoding them. */
function byteCount(value: unknown): number {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value.byteLength;
  const base64 = (value as { $bytes: string }).$bytes;
  return Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
}

const HEX_SHOWN = 16;

/** One scalar, or an empty list or record, in the form in which a person reads it. */
export function scalarText(value: unknown, textMax = 10_000): string {
  switch (kindOf(value)) {
    case 'null': return value === undefined ? 'undefined' : 'null';
    case 'date': { const date = dateOf(value); return Number.isNaN(date.getTime()) ? 'Invalid Date' : date.toISOString(); }
    case 'bytes': return bytesText(value);
    case 'list': return '[]';
    case 'record': return '{}';
    case 'text': return JSON.stringify(cut(String(value), textMax));
    case 'number': return typeof value === 'object' ? `${(value as { $bigint: string }).$bigint}n` : String(value);
    default: return String(value);
  }
}

function bytesText(value: unknown): string {
  const count = byteCount(value);
  const head = [...bytesOf(value).subarray(0, HEX_SHOWN)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `<${count} B: ${head}${count > HEX_SHOWN ? ' …' : ''}>`;
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text);

/** A value in one line of at most about `charsMax` characters, as tokens to be coloured. */
export function previewOf(value: unknown, charsMax = 160): readonly Token[] {
  const tokens: Token[] = [];
  let left = charsMax;
  const add = (text: string, tone: Token['tone']): void => { tokens.push({ text, tone }); left -= text.length; };
  const write = (item: unknown, depth: number): void => {
    const kind = kindOf(item);
    if (kind !== 'list' && kind !== 'record') { add(scalarText(item, Math.max(8, left)), kind); return; }
    const children = childrenOf(item);
    if (kind === 'list' && children.length > 3) { add('Array(', 'quiet'); add(String(children.length), 'number'); add(') ', 'quiet'); }
    const [open, close] = kind === 'list' ? ['[', ']'] : ['{', '}'];
    if (children.length === 0) { add(open + close, 'quiet'); return; }
    if (depth > 2) { add(`${open}…${close}`, 'quiet'); return; }
    add(`${open} `, 'quiet');
    children.every(([key, child], i) => {
      if (left <= 4) { add('…', 'quiet'); return false; }
      if (i > 0) add(', ', 'quiet');
      if (kind === 'record') { add(String(key), 'key'); add(': ', 'quiet'); }
      write(child, depth + 1);
      return true;
    });
    add(` ${close}`, 'quiet');
  };
  write(value, 0);
  return tokens;
}

/** The value as JSON text, for the clipboard. Text itself goes without quotes. */
export function clipboardText(value: unknown): string {
  const kind = kindOf(value);
  if (kind === 'text') return String(value);
  if (kind === 'date') return scalarText(value);
  return JSON.stringify(value, null, 2) ?? 'undefined';
}

/** Looks a path of `joinPath` or a dotted field path up; undefined when there is nothing. */
export function valueAt(root: unknown, path: string): unknown {
  const keys = path.match(/[^.[\]"]+|"(?:[^"\\]|\\.)*"/g) ?? [];
  return keys.reduce<unknown>((value, raw) => {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = raw.startsWith('"') ? (JSON.parse(raw) as string) : raw;
    return (value as Record<string, unknown>)[key];
  }, root);
}
