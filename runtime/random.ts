import { randomBytes, randomUUID } from 'node:crypto';

/** The only door to randomness and new ids: everything else receives a `Random`. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Unguessable bytes. */
  bytes(count: number): Uint8Array;
  /** A new id, sortable by time of making: `prefix_` + 26 characters. */
  id(nowMs: number): string;
  /** An unguessable token. */
  token(): string;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ten characters of time and sixteen of randomness, as ULID does, in lower case. */
export function timeSortedId(nowMs: number, random: (count: number) => Uint8Array): string {
  let time = '';
  for (let rest = nowMs, i = 0; i < 10; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = '';
  for (const byte of random(16)) tail += ALPHABET[byte & 31];
  return time + tail;
}

// The last two of the eight characters of a count, made once: they change with every id.
const LAST = Array.from({ length: 1024 }, (_, i) => i.toString(32).padStart(2, '0'));

/** Ids of this process: the time, eight characters that no other process has, and a count. Cheap enough for every message. */
function processIds(): (nowMs: number) => string {
  const own = timeSortedId(0, randomBytes).slice(10, 18);
  let lastMs = -1;
  let prefix = '';
  let count = 0;
  return (nowMs) => {
    const last = count & 1023;
    if (nowMs !== lastMs || last === 0) {
      lastMs = nowMs;
      prefix = timeSortedId(nowMs, NOTHING).slice(0, 10) + own + Math.floor(count / 1024).toString(32).padStart(6, '0');
    }
    count++;
    return prefix + LAST[last];
  };
}
const NOTHING = (): Uint8Array => new Uint8Array(0);

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
  id: processIds(),
  token: () => randomUUID().replaceAll('-', '') + randomUUID().replaceAll('-', ''),
};
