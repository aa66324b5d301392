import type { HashKind } from './hashes.ts';

/** The steps of MD5, SHA-1 and SHA-2. Their constants are the first bits of roots of primes and of sines, and are made when they are first needed. */

export function makeHashKind(name: string): HashKind | undefined {
  switch (name) {
    case 'md5': return { blockBytes: 64, digestBytes: 16, start: sha1Start().slice(0, 4), little: true, take: md5Steps() };
    case 'sha1': return { blockBytes: 64, digestBytes: 20, start: sha1Start(), little: false, take: sha1Steps };
    case 'sha224': return { blockBytes: 64, digestBytes: 28, start: rootWords(2n, 8, 16).filter((_, at) => at % 2 === 1), little: false, take: sha256Steps() };
    case 'sha256': return { blockBytes: 64, digestBytes: 32, start: rootWords(2n, 0, 8).filter((_, at) => at % 2 === 0), little: false, take: sha256Steps() };
    case 'sha384': return { blockBytes: 128, digestBytes: 48, start: rootWords(2n, 8, 16), little: false, take: sha512Steps() };
    case 'sha512': return { blockBytes: 128, digestBytes: 64, start: rootWords(2n, 0, 8), little: false, take: sha512Steps() };
    default: return undefined;
  }
}

export function sha1Start(): number[] {
  return [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
}

/** Of the primes with these places: the first 64 bits of the fraction of the root, as two words each. */
export function rootWords(power: bigint, from: number, to: number): number[] {
  const words: number[] = [];
  for (const prime of firstPrimes(to).slice(from)) {
    const root = wholeRoot(BigInt(prime) << (64n * power), power);
    words.push(Number(BigInt.asIntN(32, root >> 32n)), Number(BigInt.asIntN(32, root)));
  }
  return words;
}

export function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  return primes;
}

/** The largest whole number whose power is no more than the value: Newton's way, from above. */
export function wholeRoot(value: bigint, power: bigint): bigint {
  let root = 1n << (BigInt(value.toString(2).length) / power + 1n);
  for (;;) {
    const next = ((power - 1n) * root + value / root ** (power - 1n)) / power;
    if (next >= root) return root;
    root = next;
  }
}

export function md5Steps(): HashKind['take'] {
  const sines = Int32Array.from({ length: 64 }, (_, at) => Math.floor(2 ** 32 * Math.abs(Math.sin(at + 1))));
  const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
  return (state, view, from) => {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let at = 0; at < 64; at++) {
      const round = at >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = round === 0 ? at : (round === 1 ? 5 * at + 1 : round === 2 ? 3 * at + 5 : 7 * at) & 15;
      const sum = (a + mixed + (sines[at] as number) + view.getInt32(from + word * 4, true)) | 0;
      const shift = shifts[round * 4 + (at & 3)] as number;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    addWords(state, [a, b, c, d]);
  };
}

export function sha1Steps(state: Int32Array, view: DataView, from: number): void {
  const words = new Int32Array(80);
  for (let at = 0; at < 16; at++) words[at] = view.getInt32(from + at * 4);
  for (let at = 16; at < 80; at++) {
    const word = (words[at - 3] as number) ^ (words[at - 8] as number) ^ (words[at - 14] as number) ^ (words[at - 16] as number);
    words[at] = (word << 1) | (word >>> 31);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let at = 0; at < 80; at++) {
    const mixed = at < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : at < 40 ? (b ^ c ^ d) + 0x6ed9eba1 : at < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
    const sum = (((a << 5) | (a >>> 27)) + mixed + e + (words[at] as number)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = sum;
  }
  addWords(state, [a, b, c, d, e]);
}

export function sha256Steps(): HashKind['take'] {
  const roots = Int32Array.from(rootWords(3n, 0, 64).filter((_, at) => at % 2 === 0));
  const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
  const words = new Int32Array(64);
  return (state, view, from) => {
    for (let at = 0; at < 16; at++) words[at] = view.getInt32(from + at * 4);
    for (let at = 16; at < 64; at++) {
      const [near, far] = [words[at - 2] as number, words[at - 15] as number];
      words[at] = (turn(near, 17) ^ turn(near, 19) ^ (near >>> 10)) + (words[at - 7] as number) + (turn(far, 7) ^ turn(far, 18) ^ (far >>> 3)) + (words[at - 16] as number);
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let at = 0; at < 64; at++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + (roots[at] as number) + (words[at] as number)) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    addWords(state, [a, b, c, d, e, f, g, h]);
  };
}

export function addWords(state: Int32Array, words: readonly number[]): void {
  for (let at = 0; at < words.length; at++) state[at] = (state[at] as number) + (words[at] as number);
}

/**
 * As SHA-256 with words of 64 bits, each held as two: at `2i` its high half, at `2i + 1` its low one. Low halves are added without sign, and
 * what goes beyond 32 bits is carried to the high ones.
 */
export function sha512Steps(): HashKind['take'] {
  const roots = Int32Array.from(rootWords(3n, 0, 80));
  const words = new Int32Array(160);
  const work = new Int32Array(16);
  return (state, view, from) => {
    for (let at = 0; at < 32; at++) words[at] = view.getInt32(from + at * 4);
    for (let at = 32; at < 160; at += 2) widen(words, at);
    work.set(state);
    for (let at = 0; at < 160; at += 2) mix(work, [words[at] as number, words[at + 1] as number], [roots[at] as number, roots[at + 1] as number]);
    for (let at = 0; at < 16; at += 2) {
      const low = ((state[at + 1] as number) >>> 0) + ((work[at + 1] as number) >>> 0);
      state[at] = (state[at] as number) + (work[at] as number) + carried(low);
      state[at + 1] = low;
    }
  };
}

/** The upper 32 bits of two words' 64, moved to the right. */
export function across(one: number, two: number, by: number): number {
  return (one >>> by) | (two << (32 - by));
}

export function carried(low: number): number {
  return Math.floor(low / 4294967296);
}

/** One more word of those that a block is widened to. */
export function widen(words: Int32Array, at: number): void {
  const [near, nearLow, far, farLow] = [words[at - 4] as number, words[at - 3] as number, words[at - 30] as number, words[at - 29] as number];
  const one = across(near, nearLow, 19) ^ across(nearLow, near, 29) ^ (near >>> 6);
  const oneLow = across(nearLow, near, 19) ^ across(near, nearLow, 29) ^ across(nearLow, near, 6);
  const two = across(far, farLow, 1) ^ across(far, farLow, 8) ^ (far >>> 7);
  const twoLow = across(farLow, far, 1) ^ across(farLow, far, 8) ^ across(farLow, far, 7);
  const low = (oneLow >>> 0) + (twoLow >>> 0) + ((words[at - 13] as number) >>> 0) + ((words[at - 31] as number) >>> 0);
  words[at] = one + two + (words[at - 14] as number) + (words[at - 32] as number) + carried(low);
  words[at + 1] = low;
}

/** One step of SHA-512 over a to h. */
export function mix(work: Int32Array, [word, wordLow]: readonly [number, number], [root, rootLow]: readonly [number, number]): void {
  const [a, aLow, b, bLow, c, cLow] = [work[0] as number, work[1] as number, work[2] as number, work[3] as number, work[4] as number, work[5] as number];
  const [e, eLow, f, fLow, g, gLow] = [work[8] as number, work[9] as number, work[10] as number, work[11] as number, work[12] as number, work[13] as number];
  const turnedE = across(e, eLow, 14) ^ across(e, eLow, 18) ^ across(eLow, e, 9);
  const turnedELow = across(eLow, e, 14) ^ across(eLow, e, 18) ^ across(e, eLow, 9);
  const oneLow = ((work[15] as number) >>> 0) + (turnedELow >>> 0) + (((eLow & fLow) ^ (~eLow & gLow)) >>> 0) + (rootLow >>> 0) + (wordLow >>> 0);
  const one = ((work[14] as number) + turnedE + ((e & f) ^ (~e & g)) + root + word + carried(oneLow)) | 0;
  const turnedA = across(a, aLow, 28) ^ across(aLow, a, 2) ^ across(aLow, a, 7);
  const turnedALow = across(aLow, a, 28) ^ across(a, aLow, 2) ^ across(a, aLow, 7);
  const rest = oneLow % 4294967296;
  const sumLow = (turnedALow >>> 0) + (((aLow & bLow) ^ (aLow & cLow) ^ (bLow & cLow)) >>> 0) + rest;
  const two = turnedA + ((a & b) ^ (a & c) ^ (b & c));
  work.copyWithin(2, 0, 14);
  work[0] = one + two + carried(sumLow);
  work[1] = sumLow;
  const nextLow = ((work[9] as number) >>> 0) + rest;
  work[8] = (work[8] as number) + one + carried(nextLow);
  work[9] = nextLow;
}
