import { expect, test } from 'vitest';
import { Deque, KeyedQueue } from '../../../runtime/engine/queue.ts';
import { RateWindow } from '../../../runtime/engine/rate.ts';

const item = (key: string | null, n: number) => ({ key, n });

test('a deque gives back what it got, in order, over many growths', () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 100; i++) deque.push(i);
  for (let i = 0; i < 50; i++) expect(deque.shift()).toBe(i);
  for (let i = 100; i < 300; i++) deque.push(i);
  deque.unshift(-1);
  expect(deque.size).toBe(251);
  expect(deque.shift()).toBe(-1);
  for (let i = 50; i < 300; i++) expect(deque.shift()).toBe(i);
  expect(deque.shift()).toBeUndefined();
});

test('a message whose key is in work steps aside and holds nobody of another key', () => {
  const queue = new KeyedQueue<{ key: string | null; n: number }>();
  for (const each of [item('a', 1), item('a', 2), item('b', 3), item(null, 4), item('a', 5)]) queue.push(each);
  expect(queue.take()?.n).toBe(1);
  expect(queue.take()?.n).toBe(3);
  expect(queue.take()?.n).toBe(4);
  expect(queue.take()).toBeUndefined();
  expect(queue.size).toBe(2);
  queue.release('a');
  expect(queue.take()?.n).toBe(2);
  expect(queue.take()).toBeUndefined();
  queue.release('a');
  expect(queue.take()?.n).toBe(5);
});

test('a retry goes before the newer messages of its key', () => {
  const queue = new KeyedQueue<{ key: string | null; n: number }>();
  queue.push(item('a', 1));
  const first = queue.take();
  queue.push(item('a', 2));
  expect(queue.take()).toBeUndefined();
  if (first) queue.pushFirst(first);
  expect(queue.take()?.n).toBe(1);
  expect(queue.take()).toBeUndefined();
  queue.release('a');
  expect(queue.take()?.n).toBe(2);
});

test('a message that stepped aside goes before one of its key that becomes due while the key is in work', () => {
  const queue = new KeyedQueue<{ key: string | null; n: number }>();
  for (const n of [1, 2]) queue.push(item('a', n));
  expect(queue.take()?.n).toBe(1);
  expect(queue.take()).toBeUndefined();
  queue.pushDue(item('a', 3));
  queue.release('a');
  expect(queue.take()?.n).toBe(2);
  expect(queue.take()).toBeUndefined();
  queue.release('a');
  expect(queue.take()?.n).toBe(3);
});

test('retries wait while new messages may go, and go when nothing else can', () => {
  const queue = new KeyedQueue<{ key: string | null; n: number }>();
  queue.pushRetry(item(null, 1));
  queue.push(item(null, 2));
  expect(queue.take(false)?.n).toBe(2);
  expect(queue.take(false)?.n).toBe(1);
  queue.push(item(null, 4));
  queue.pushRetry(item(null, 3));
  expect(queue.take()?.n).toBe(3);
});

test('a retry that may not go yet still keeps its key', () => {
  const queue = new KeyedQueue<{ key: string | null; n: number }>();
  queue.pushRetry(item('a', 1));
  queue.push(item('a', 2));
  queue.push(item('b', 3));
  expect(queue.take(false)?.n).toBe(3);
  expect(queue.take(false)?.n).toBe(1);
  queue.release('a');
  expect(queue.take()?.n).toBe(2);
});

test('what steps aside beyond the limit is put away and comes back in order', () => {
  const away: { key: string | null; n: number }[] = [];
  const asked: string[] = [];
  const queue = new KeyedQueue<{ key: string | null; n: number }>({ sizeOf: () => 1, putAway: (each) => { away.push(each); return true; }, fetch: (key) => asked.push(key) }, { messages: 1, size: 100 });
  queue.hold('a');
  for (const n of [1, 2, 3]) queue.push(item('a', n));
  queue.push(item('b', 9));
  expect(queue.take()?.n).toBe(9);
  expect([queue.aside, queue.away, queue.behind('a')]).toEqual([1, 2, 3]);
  queue.release('a');
  expect(queue.take()?.n).toBe(1);
  queue.release('a');
  expect(asked).toEqual(['a']);
  queue.push(item('a', 4));
  expect(queue.take()).toBeUndefined();
  queue.returned('a', away.splice(0));
  for (const n of [2, 3, 4]) {
    expect(queue.take()?.n).toBe(n);
    queue.release('a');
  }
  expect([queue.size, queue.away]).toEqual([0, 0]);
});

test('what is put away while those away are asked for is asked for in its turn, also when none of the others comes', () => {
  const asked: string[] = [];
  const queue = new KeyedQueue<{ key: string | null; n: number }>({ sizeOf: () => 1, putAway: () => true, fetch: (key) => asked.push(key) }, { messages: 0, size: 0 });
  for (const n of [1, 2]) queue.push(item('a', n));
  expect(queue.take()?.n).toBe(1);
  expect(queue.take()).toBeUndefined();
  queue.release('a');
  queue.push(item('a', 3));
  expect(queue.take()).toBeUndefined();
  queue.returned('a', []); // the run of the second was cancelled meanwhile
  expect([asked, queue.away]).toEqual([['a', 'a'], 1]);
  queue.returned('a', [item('a', 3)]);
  expect([queue.take()?.n, queue.away]).toEqual([3, 0]);
});

test('no more than its rate begins in any window', () => {
  const window = new RateWindow({ count: 2, perMs: 1000 });
  for (const at of [0, 400]) {
    expect(window.waitMs(at)).toBe(0);
    window.begin(at);
  }
  expect(window.waitMs(500)).toBe(500);
  expect(window.waitMs(1000)).toBe(0);
  window.begin(1000);
  expect(window.waitMs(1000)).toBe(400);
});
