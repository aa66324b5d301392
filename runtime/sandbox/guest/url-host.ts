import { percentDecode, percentEncode } from './url.ts';

/** The host of an address, normal form; null when it cannot be one. */
export function hostText(given: string, special: boolean): string | null {
  if (given.startsWith('[')) return given.endsWith(']') ? ipv6Text(given.slice(1, -1)) : null;
  if (!special) return /[\0\t\n\r #/<>?@[\\\]^|]/.test(given) ? null : percentEncode(given, /[^ -~]/);
  const decoded = percentDecode(given).normalize('NFKC').toLowerCase().replace(/[\u3002\uff0e\uff61]/g, '.');
  const labels = decoded.split('.').map((label) => (/^[ -~]*$/.test(label) ? label : `xn--${punycode(label)}`));
  const host = labels.join('.');
  // eslint-disable-next-line no-control-regex -- the standard's forbidden domain code points
  if (/[\u0000- #%/:<>?@[\\\]^|\u007f]/.test(host)) return null;
  const parts = host.replace(/\.$/, '').split('.');
  return /^(0x[0-9a-f]*|\d+)$/.test(parts.at(-1) ?? '') ? ipv4Text(parts) : host;
}

/** `127.1`, `0x7f.0.0.1` and `2130706433` are 127.0.0.1. */
export function ipv4Text(parts: readonly string[]): string | null {
  if (parts.length > 4) return null;
  const numbers: number[] = [];
  for (const part of parts) {
    if (!/^(0x[0-9a-f]*|0[0-7]*|[1-9]\d*)$/.test(part)) return null;
    numbers.push(part.startsWith('0x') ? Number.parseInt(`0${part.slice(2)}`, 16) : part.length > 1 && part.startsWith('0') ? Number.parseInt(part, 8) : Number(part));
  }
  const last = numbers.pop() ?? 0;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return null;
  const value = numbers.reduce((sum, number, index) => sum + number * 256 ** (3 - index), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

export function ipv6Text(given: string): string | null {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(given);
  const bytes = dotted ? dotted.slice(2).map(Number) : [];
  if (bytes.some((byte) => byte > 255)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const text = dotted ? `${dotted[1] ?? ''}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}` : given;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const [front = [], back] = groups;
  const missing = 8 - front.length - (back?.length ?? 0);
  if (back === undefined ? missing !== 0 : missing < 1) return null;
  const all = back === undefined ? front : [...front, ...new Array<string>(missing).fill('0'), ...back];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return `[${shortIpv6(all.map((group) => Number.parseInt(group, 16).toString(16)))}]`;
}

/** The longest run of two zeros or more becomes `::`; the first of equals. */
export function shortIpv6(groups: readonly string[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > best.length) best = { at, length };
    at += length;
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

/** RFC 3492. */
export function punycode(label: string): string {
  const points = [...label].map((letter) => letter.codePointAt(0) ?? 0);
  const basic = points.filter((point) => point < 128);
  let output = String.fromCharCode(...basic) + (basic.length > 0 ? '-' : '');
  let current = 128;
  let delta = 0;
  let bias = 72;
  let handled = basic.length;
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= current));
    delta += (next - current) * (handled + 1);
    current = next;
    for (const point of points) {
      if (point < current) delta++;
      if (point !== current) continue;
      output += punycodeDigits(delta, bias);
      bias = punycodeBias(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled++;
    }
    delta++;
    current++;
  }
  return output;
}

export function punycodeDigits(delta: number, bias: number): string {
  let digits = '';
  let rest = delta;
  for (let base = 36; ; base += 36) {
    const threshold = base <= bias ? 1 : base >= bias + 26 ? 26 : base - bias;
    const digit = rest < threshold ? rest : threshold + ((rest - threshold) % (36 - threshold));
    digits += String.fromCharCode(digit < 26 ? digit + 97 : digit + 22);
    if (rest < threshold) return digits;
    rest = Math.floor((rest - threshold) / (36 - threshold));
  }
}

export function punycodeBias(delta: number, handled: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : Math.floor(delta / 2);
  rest += Math.floor(rest / handled);
  let base = 0;
  for (; rest > 455; base += 36) rest = Math.floor(rest / 35);
  return base + Math.floor((36 * rest) / (rest + 38));
}
