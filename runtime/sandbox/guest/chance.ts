import { makeCryptoApi } from './crypto-api.ts';
import type { Call, Guest } from './state.ts';
import { replaceConstructor } from './harden.ts';

/** Time and chance come from the message, so that every attempt of it sees the same. */
export function installTime(guest: Guest): void {
  const Native = Date;
  const now = (): number => guest.current?.now ?? 0;
  const replaced = replaceConstructor('Date', Native, {
    make: (args, target) => Reflect.construct(Native, args.length === 0 ? [now()] : [...args], target),
    call: () => String(new Native(now())),
  });
  Reflect.defineProperty(replaced, 'now', { value: now, writable: true, configurable: true, enumerable: false });
}

/** Formatting without a date means now, which is the message's time too. */
export function installFormats(guest: Guest): void {
  const prototype = Intl.DateTimeFormat.prototype;
  const given = (date: unknown): unknown => (date === undefined ? (guest.current?.now ?? 0) : date);
  const parts = Reflect.get(prototype, 'formatToParts') as (this: unknown, date: unknown) => unknown;
  const format = Reflect.getOwnPropertyDescriptor(prototype, 'format')?.get as (this: unknown) => (date: unknown) => string;
  Reflect.defineProperty(prototype, 'formatToParts', { value(this: unknown, date?: unknown) { return parts.call(this, given(date)); }, writable: true, configurable: true, enumerable: false });
  Reflect.defineProperty(prototype, 'format', {
    get(this: unknown) {
      const bound = format.call(this);
      return (date?: unknown) => bound(given(date));
    },
    configurable: true, enumerable: false,
  });
}

export function installChance(guest: Guest): void {
  const random = (): number => nextChance(guest);
  Reflect.defineProperty(Math, 'random', { value: random, writable: true, configurable: true, enumerable: false });
  Reflect.defineProperty(globalThis, 'crypto', { value: makeCryptoApi(guest), writable: true, configurable: true, enumerable: false });
}

/** sfc32, seeded by the message and the node. Good for ids, not for secrets: who knows the message's id knows what follows. */
export function nextChance(guest: Guest): number {
  const call = guest.current;
  const state = call ? (call.chance ??= seedOf(call, guest.config.nodeId)) : [1, 2, 3, 4];
  const [a = 0, b = 0, c = 0, d = 0] = state;
  const sum = (a + b + d) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = (c + (c << 3)) | 0;
  state[2] = (((c << 21) | (c >>> 11)) + sum) | 0;
  state[3] = (d + 1) | 0;
  return (sum >>> 0) / 4294967296;
}

/** Four words that any change of the text changes (murmur's mixing). */
export function seedOf(call: Call, nodeId: string): number[] {
  const text = `${nodeId}\n${call.id}`;
  let hash = 1779033703 ^ text.length;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 3432918353);
    hash = (hash << 13) | (hash >>> 19);
  }
  const words: number[] = [];
  for (let count = 0; count < 4; count++) {
    hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
    hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
    hash ^= hash >>> 16;
    words.push(hash);
  }
  return words;
}

export function seededUuid(random: () => number): string {
  let hex = '';
  for (let at = 0; at < 32; at++) {
    const digit = at === 12 ? 4 : at === 16 ? 8 + Math.floor(random() * 4) : Math.floor(random() * 16);
    hex += digit.toString(16);
    if (at === 7 || at === 11 || at === 15 || at === 19) hex += '-';
  }
  return hex;
}
