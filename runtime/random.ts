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
const POOL_BYTES = 8192;

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

let pool = new Uint8Array(0);
let used = 0;
/** Random bytes from a refilled pool: asking the system for each id costs microseconds. */
function pooled(count: number): Uint8Array {
  if (used + count > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += count;
  return pool.subarray(used - count, used);
}

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
  id: (nowMs) => timeSortedId(nowMs, pooled),
  token: () => randomUUID().replaceAll('-', '') + randomUUID().replaceAll('-', ''),
};
