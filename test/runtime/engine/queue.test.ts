import { expect, test } from 'vitest';
import { Deque, KeyedQueue } from '../../../runtime/engine/queue.ts';

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
