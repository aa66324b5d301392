import { afterEach, describe, expect, test } from 'vitest';
import { MissingParts } from '../../runtime/driver/missing.ts';
import { Station } from '../../runtime/driver/station.ts';
import { KeyedQueue } from '../../runtime/engine/queue.ts';
import type { Way } from './faulty-port.ts';
import { simulate } from './simulate.ts';

/** Mistakes put in on purpose: what the simulation could not find, its silence about the real thing would not prove. */

const SEEDS_MAX = 100;

async function firstFound(way?: Way): Promise<{ readonly seed: number; readonly violation: string } | undefined> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { violations } = await simulate(seed, way);
    if (violations[0] !== undefined) return { seed, violation: violations[0] };
  }
  return undefined;
}

describe('the simulation finds', () => {
  test('a journal that acknowledges messages before they are on the disk', { timeout: 60_000 }, async () => {
    let late: Parameters<Way>[1] | undefined;
    const found = await firstFound((write, request) => {
      if (late) write(late);
      late = undefined;
      if (!request.commits.every(({ acceptance, guard }) => acceptance && !guard)) return write(request);
      late = request;
      return { value: request.commits.map(() => ({ ended: [] })) };
    });
    expect(found?.violation).toMatch(/was acknowledged and is not on the disk|acted on, and was never accepted|while the disk does not say so|is still pending/);
  });

  test('a driver that removes a message in one commit and writes what came of it in the next', { timeout: 60_000 }, async () => {
    const found = await firstFound((write, request) => {
      const results: unknown[] = [];
      for (const commit of request.commits) {
        const removal = commit.ops.filter(({ op }) => op === 'end');
        if (removal.length > 0) write({ ...request, commits: [{ ops: removal }] });
        const reply = write({ ...request, commits: [{ ...commit, ops: commit.ops.filter(({ op }) => op !== 'end') }] });
        if ('error' in reply) return reply;
        results.push(...reply.value as unknown[]);
      }
      return { value: results };
    });
    expect(found?.violation).toMatch(/never ended|left no trace|dead letter|ended with|ended 2 times/);
  });

  describe('at joins', () => {
    const { of } = MissingParts.prototype;
    afterEach(() => { MissingParts.prototype.of = of; });
    test('a join that is not told of a part that ends on its way', { timeout: 60_000 }, async () => {
      MissingParts.prototype.of = () => undefined;
      expect((await firstFound())?.violation).toMatch(/a join waited in vain/);
    });
  });

  describe('in queues', () => {
    const { take } = KeyedQueue.prototype;
    const { holdForPerson } = Station.prototype;
    afterEach(() => {
      KeyedQueue.prototype.take = take;
      Station.prototype.holdForPerson = holdForPerson;
    });
    test('a dead letter behind which its key goes on', { timeout: 60_000 }, async () => {
      Station.prototype.holdForPerson = () => undefined;
      expect((await firstFound())?.violation).toMatch(/is called while its key waits for a person/);
    });
    test('a key that is free while its message is still in work', { timeout: 60_000 }, async () => {
      KeyedQueue.prototype.take = function early<T extends { readonly key: string | null }>(this: KeyedQueue<T>): T | undefined {
        const item = take.call(this) as T | undefined;
        if (item) this.release(item.key);
        return item;
      };
      expect((await firstFound())?.violation).toMatch(/of the same key is|comes after a later message of its key/);
    });
  });
});
