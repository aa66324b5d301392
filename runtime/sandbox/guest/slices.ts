import type { Guest } from './state.ts';

/**
 * A long answer leaves in slices, so that whoever takes it is never held up for long: first `p`, how long the head is, a comma, how much of it are large results, `;`, the head and the first
 * slice; then, each time the host asks, `p` and a slice, or `e` and the last one.
 */

export function sliced(guest: Guest, number: number, answer: string): string {
  const { wholeChars, pieceChars } = guest.config;
  const { large } = guest;
  guest.large = 0;
  guest.leaving.delete(number); // of an answer that nobody asked for to its end
  if (answer.length <= wholeChars) return answer;
  const head = headOf(answer);
  const at = sliceEnd(answer, head + pieceChars);
  guest.leaving.set(number, { answer, at });
  return `p${head},${large};${answer.slice(0, at)}`;
}

/** Of a message by itself: many small ones are what a stream is. */
export function countLarge(guest: Guest, result: string): void {
  if (result.length > guest.config.partChars) guest.large += result.length;
}

export function nextSlice(guest: Guest, number: number): string {
  const leaving = guest.leaving.get(number);
  if (!leaving) throw new Error('nothing is left of this answer');
  const { answer, at } = leaving;
  leaving.at = sliceEnd(answer, at + guest.config.pieceChars);
  const isLast = leaving.at === answer.length;
  if (isLast) guest.leaving.delete(number);
  return `${isLast ? 'e' : 'p'}${answer.slice(at, leaving.at)}`;
}

/** How far what the code asks and the state of the batch go, before its results. */
export function headOf(answer: string): number {
  const asked = answer.startsWith('q') ? answer.indexOf(';') + 1 + Number(answer.slice(1, answer.indexOf(';'))) : 0;
  return answer.charAt(asked) === 'd' ? asked + 1 : answer.indexOf(';', asked) + 1;
}

/** Not between the two halves of a character. */
export function sliceEnd(answer: string, at: number): number {
  const before = answer.charCodeAt(at - 1);
  return Math.min(answer.length, before >= 0xd800 && before < 0xdc00 ? at + 1 : at);
}
