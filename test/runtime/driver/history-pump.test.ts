import { expect, test } from 'vitest';
import { HistoryPump, type HistoryPumpOptions } from '../../../runtime/driver/history-pump.ts';
import type { EndedRun, OutboxBatch } from '../../../runtime/journal/rows.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

/** From the journal's outbox to the store. */

const run = (id: string): EndedRun => ({ id, flow: 'f', revision: 1, startedAt: 1, endedAt: 2, completed: 1, dropped: 0, dead: 0, discarded: 0 });

function pumpOver(batches: OutboxBatch[], atOnce: number) {
  const clock = new VirtualTime();
  const asked: number[] = [];
  const stored: string[] = [];
  const gates: (() => void)[] = [];
  const place = { slow: false, fails: undefined as Error | undefined, onStored: (): void => undefined };
  const journal = {
    outbox: async () => {
      asked.push(clock.now());
      const given = batches.slice(0, atOnce);
      return { batches: given, more: given.length === atOnce };
    },
    forgetOutbox: async (upTo: number) => { batches.splice(0, batches.findIndex(({ id }) => id === upTo) + 1); },
  };
  const store = {
    addRuns: async (runs: readonly { id: string }[]) => {
      if (place.fails) throw place.fails;
      if (place.slow) await new Promise<void>((resolve) => { gates.push(resolve); });
      stored.push(...runs.map(({ id }) => id));
      place.onStored();
    },
    addSteps: async () => undefined,
  };
  const pump = new HistoryPump({ journal, clock, store, failed: (error: unknown) => { if (error !== place.fails) throw error; } } as unknown as HistoryPumpOptions);
  return { pump, clock, asked, stored, gates, place };
}

test('a store that takes nothing is known as trouble until it takes again, and nothing is lost', async () => {
  const { pump, clock, stored, place } = pumpOver([{ id: 1, runs: [run('a')], steps: [] }], 10);
  const locked = new Error('locked');
  place.fails = locked;
  pump.start();
  await clock.advance(0);
  expect([pump.trouble, stored]).toEqual([locked, []]);
  place.fails = undefined;
  await clock.advance(5000);
  expect([pump.trouble, stored]).toEqual([undefined, ['a']]);
});

test('what comes while it moves goes with the next move, and not in one of its own', async () => {
  const batches: OutboxBatch[] = [{ id: 1, runs: [run('r1')], steps: [] }];
  const { pump, clock, asked, place } = pumpOver(batches, 10);
  place.onStored = () => {
    const id = asked.length + 1;
    batches.push({ id, runs: [run(`r${id}`)], steps: [] });
    if (id < 100) pump.grew();
  };
  pump.start();
  await clock.advance(1000);
  expect(asked).toHaveLength(6); // at once, and five times a second
  place.onStored = () => undefined;
  await pump.stop();
});

test('more than one read takes is moved in one go', async () => {
  const batches = Array.from({ length: 5 }, (_, i): OutboxBatch => ({ id: i + 1, runs: [run(`r${i}`)], steps: [] }));
  const { pump, stored } = pumpOver(batches, 2);
  await pump.flush();
  expect(stored).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
});

test('whoever asks for all of it waits for all of it, also when another does so at the same time', async () => {
  const { pump, stored, gates, place } = pumpOver([{ id: 1, runs: [run('a')], steps: [] }], 10);
  place.slow = true;
  const readable: string[][] = [];
  const asking = [pump.flush(), pump.flush()].map((flush) => flush.then(() => { readable.push([...stored]); }));
  while (gates.length === 0) await Promise.resolve();
  expect(readable).toEqual([]);
  gates.shift()?.();
  await Promise.all(asking);
  expect(readable).toEqual([['a'], ['a']]);
});
