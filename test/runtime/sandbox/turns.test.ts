import { expect, test } from 'vitest';
import { blame, collect, endTurn, nextTurn, step } from '../../../runtime/sandbox/guest/run.ts';
import type { Guest, GuestConfig } from '../../../runtime/sandbox/guest/state.ts';
import { nextSlice, sliced } from '../../../runtime/sandbox/guest/slices.ts';
import { addTimer } from '../../../runtime/sandbox/guest/timers.ts';

/** The guest's turns by a clock of the test, without an isolate. */

const CONFIG: GuestConfig = {
  flow: 'f', nodeId: 'n', nodeName: '', hasSetup: false, isClosing: false, setupNames: [], moduleNames: [], outputs: 1, timeoutMs: 1000, cpuMs: 100, plain: false, back: null, came: [], env: {},
  sliceMs: 20, partChars: 1000, wholeChars: 500, pieceChars: 100, outputChars: 1000, bodiesMax: 10, logsMax: 3, logChars: 10, timersMax: 3,
};

function guestOf(user: (guest: Guest, msg: { [key: string]: unknown }) => unknown, config: Partial<GuestConfig> = {}): { guest: Guest; pass: (ms: number) => void } {
  let now = 1000;
  const only = { config: { ...CONFIG, ...config }, user: (msg: { [key: string]: unknown }) => user(guest, msg) };
  const guest: Guest = {
    ...only, stages: [{ ...only, whole: only.config, before: [] }], whole: only.config, wallNow: () => now, wire: { writing: false, special: false, bytes: () => new Uint8Array() },
    loadModules: null, harden: () => undefined, batches: new Map(), current: null, timerIds: 0, turns: { calls: [], until: 0, chars: 0 }, finished: 0, leaving: new Map(), large: 0,
  };
  return { guest, pass: (ms) => { now += ms; } };
}
const rows = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, payload) => [`m-${payload}`, 0, { payload }]));
const sent = (...payloads: number[]): string => `[${payloads.map((payload) => `{"w":{"payload":${payload}}}`).join(',')}]`;

test('a plain batch hands over what is ready after its slice, and goes on', () => {
  const { guest, pass } = guestOf((_, msg) => { pass(15); return msg; }, { plain: true });
  expect(step(guest, 1, rows(3))).toBe(`m;${sent(0, 1)}`);
  expect(step(guest, 1, '')).toBe(`d${sent(2)}`);
  expect(guest.batches.size).toBe(0);
});

test('a plain batch hands over what is ready when it grows large', () => {
  const { guest } = guestOf((_, msg) => msg, { plain: true, partChars: 30 });
  expect(step(guest, 1, rows(3))).toBe(`m;${sent(0, 1)}`);
});

test('code that may wait begins one message a turn, and results keep the order', () => {
  const { guest, pass } = guestOf((own, msg) => { if (msg.payload === 0) addTimer(own, () => undefined, { ms: 10, args: [] }); return msg; });
  step(guest, 1, rows(2));
  expect(collect(guest, 1)).toBe('m1;');
  step(guest, 1, '');
  expect(collect(guest, 1)).toBe('w10;');
  pass(10);
  expect(collect(guest, 1)).toBe('m0;');
  step(guest, 1, '');
  expect(collect(guest, 1)).toBe(`d${sent(0, 1)}`);
});

test('what waits too long fails by itself, with its timers dropped', () => {
  const { guest, pass } = guestOf((own) => { addTimer(own, () => undefined, { ms: 5000, args: [], repeats: true }); });
  step(guest, 1, rows(1));
  expect(collect(guest, 1)).toBe('w1000;');
  pass(1000);
  step(guest, 1, '');
  expect(collect(guest, 1)).toMatch(/^d\[\{"f":\{"c":"timeout","m":"its timers were still running"/);
});

test('what computes too long in all its turns fails', () => {
  const { guest, pass } = guestOf((own) => { addTimer(own, () => { pass(60); }, { ms: 1, args: [], repeats: true }); });
  step(guest, 1, rows(1));
  collect(guest, 1);
  pass(1);
  step(guest, 1, '');
  expect(collect(guest, 1)).toMatch(/^[mw]/);
  pass(1);
  step(guest, 1, '');
  expect(collect(guest, 1)).toMatch(/^d\[\{"f":\{"c":"timeout","m":"it computed for more than 100 ms"/);
});

test('an error that surfaces late takes the result back that was just handed over', () => {
  const { guest } = guestOf((_, msg) => msg);
  step(guest, 1, rows(2));
  expect(collect(guest, 1)).toBe(`m1;${sent(0)}`);
  step(guest, 1, '');
  expect(collect(guest, 1)).toBe(`d${sent(1)}`);
  expect(blame(guest, 1, [[0, 'late', 'Error: late\n    at function:2:3']])).toBe('d[{"f":{"c":"threw","m":"late","l":2,"k":3},"l":[]}]');
});

/** What the host sends at once for several messages. */
function turnsInARow(guest: Guest, count: number): void {
  step(guest, 1, '');
  endTurn(guest);
  for (let more = 1; more < count; more++) {
    nextTurn(guest, 1);
    endTurn(guest);
  }
}

test('turns in a row begin one message each, and empty ones nothing', () => {
  const begun: unknown[] = [];
  const { guest } = guestOf((_, msg) => { begun.push(msg.payload); return msg; });
  step(guest, 1, rows(4));
  expect(collect(guest, 1)).toBe(`m3;${sent(0)}`);
  turnsInARow(guest, 5);
  expect(begun).toEqual([0, 1, 2, 3]);
  expect(guest.turns.calls.map((call) => call?.id)).toEqual(['m-1', 'm-2', 'm-3', undefined, undefined]);
  expect(collect(guest, 1)).toBe(`d${sent(1, 2, 3)}`);
});

test.each<[string, Partial<GuestConfig>, number]>([['its slice', {}, 10], ['much to hand over', { partChars: 30 }, 0]])('turns in a row begin no more messages once the batch has had %s', (_, config, ms) => {
  const { guest, pass } = guestOf((_guest, msg) => { pass(ms); return msg; }, config);
  step(guest, 1, rows(5));
  collect(guest, 1);
  turnsInARow(guest, 4);
  expect(collect(guest, 1)).toBe(`m2;${sent(1, 2)}`);
});

test('errors that surface late in turns in a row fail each the message of its turn', () => {
  const { guest } = guestOf((_, msg) => msg);
  step(guest, 1, rows(5));
  collect(guest, 1);
  turnsInARow(guest, 4);
  const failed = (message: string): string => `{"f":{"c":"threw","m":"${message}"},"l":[]}`;
  const [one, , , four] = [1, 2, 3, 4].map((n) => sent(n).slice(1, -1));
  expect(blame(guest, 1, [[1, 'b', ''], [2, 'c', '']])).toBe(`d[${one},${failed('b')},${failed('c')},${four}]`);
});

test.each(['d', 'm;', 'm3;', 'w12;', 'q14;[1,0,"GET",";"]m3;', 'q3;[1]d'])('a long answer that begins with %s leaves in slices, and a short one whole', (head) => {
  const { guest } = guestOf(() => undefined);
  expect(sliced(guest, 1, `${head}[1,2]`)).toBe(`${head}[1,2]`);
  const results = JSON.stringify(['x'.repeat(450), '😀'.repeat(150)]);
  const first = sliced(guest, 1, `${head}${results}`);
  const more: string[] = [];
  for (let slice = nextSlice(guest, 1); ; slice = nextSlice(guest, 1)) {
    more.push(slice);
    if (slice.startsWith('e')) break;
  }
  expect(first.startsWith(`p${head.length},0;${head}["xxx`)).toBe(true);
  expect(first.slice(`p${head.length},0;${head}`.length) + more.map((slice) => slice.slice(1)).join('')).toBe(results);
  for (const slice of [first, ...more]) expect(slice.isWellFormed()).toBe(true);
  expect(guest.leaving.size).toBe(0);
});

test('a long answer in whose place another is given leaves nothing behind', () => {
  const { guest } = guestOf(() => undefined);
  sliced(guest, 1, `d["${'x'.repeat(1000)}"]`);
  sliced(guest, 1, 'd[1]');
  expect(guest.leaving.size).toBe(0);
});

test.each([['small results', 9, 50, 0], ['a large one', 1, 700, 720]])('%s: how much is large by itself is told before its slices', (_, count, size, large) => {
  const { guest } = guestOf(() => ({ payload: 'x'.repeat(size) }), { plain: true, partChars: 600, outputChars: 10_000 });
  const answer = step(guest, 1, rows(count));
  expect(sliced(guest, 1, answer).split(';')[0]).toBe(`p1,${large}`);
  expect(guest.large).toBe(0);
});
