import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../../../runtime/api/contract.ts';
import type { PendingRun } from '../../../runtime/host.ts';
import { limits } from '../../../runtime/limits.ts';
import { History } from '../../../runtime/project/history.ts';
import { openMemoryStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import type { RunRecord, StepRecord, Store } from '../../../runtime/store/store.ts';
import { RecordingHost } from '../../kit/recording-host.ts';
import { TEST_START, VirtualTime } from '../../kit/virtual-time.ts';
import { worlds } from './kit.ts';

const { open } = worlds();
function withHistory(diskTotal: number): { readonly store: Store; readonly history: History } {
  const store = openMemoryStore();
  return { store, history: new History({ store, clock: new VirtualTime(), log: () => undefined, diskTotal: () => diskTotal }) };
}
const ended = (id: string, endedAt: number, more: Partial<RunRecord> = {}): RunRecord => ({ id, flow: 'lead', revision: 1, startedAt: endedAt - 5, endedAt, state: 'completed', messages: 1, ...more });
const pending = (id: string, startedAt: number): PendingRun => ({ id, flow: 'lead', revision: 1, startedAt, state: 'pending', messages: 1 });
const ids = ({ runs }: { readonly runs: readonly RunSummary[] }): string[] => runs.map(({ id }) => id);

describe('the list of runs', () => {
  test('begins with the pending ones and goes on with the ended ones, newest first', async () => {
    const { project, store, host } = await open();
    await store.addRuns([ended('r1', 10), ended('r2', 20, { state: 'dead-lettered' })]);
    host.pending = { runs: [pending('p2', 40), pending('p1', 30)], total: 2 };
    const list = await project.listRuns({ limit: 10 });
    expect(ids(list)).toEqual(['p2', 'p1', 'r2', 'r1']);
    expect(list.counts).toEqual({ pending: 2, completed: 1, dropped: 0, deadLettered: 1, discarded: 0 });
    expect(ids(await project.listRuns({ limit: 10, state: 'pending' }))).toEqual(['p2', 'p1']);
    expect(ids(await project.listRuns({ limit: 10, state: 'completed' }))).toEqual(['r1']);
    expect(ids(await project.listRuns({ limit: 10, flow: 'other' }))).toEqual([]);
  });
  test('shows a run once that ends while it is read', async () => {
    const { project, store, host } = await open();
    host.pending = { runs: [pending('r1', 10)], total: 1 };
    await store.addRuns([ended('r1', 20)]);
    expect((await project.listRuns({ limit: 10 })).runs).toMatchObject([{ id: 'r1', state: 'completed' }]);
  });
  test('is paged through without a gap, also where the first page is full of pending ones', async () => {
    const { project, store, host } = await open();
    await store.addRuns(Array.from({ length: 5 }, (_, n) => ended(`r${n}`, n)));
    host.pending = { runs: Array.from({ length: 7 }, (_, n) => pending(`p${n}`, n)), total: 7 };
    const first = await project.listRuns({ limit: 3 });
    expect(ids(first)).toEqual(['p0', 'p1', 'p2']);
    const second = await project.listRuns({ limit: 3, after: first.next ?? '' });
    const third = await project.listRuns({ limit: 3, after: second.next ?? '' });
    expect([ids(second), ids(third), third.next]).toEqual([['r4', 'r3', 'r2'], ['r1', 'r0'], undefined]);
  });
  test('never gives more than a page, whatever is asked for', async () => {
    const { project, store } = await open();
    await store.addRuns(Array.from({ length: limits.pageSizeMax + 5 }, (_, n) => ended(`r${n}`, n)));
    expect((await project.listRuns({ limit: 1e9 })).runs).toHaveLength(limits.pageSizeMax);
    expect((await project.listRuns({ limit: -3 })).runs).toHaveLength(1);
  });
});

describe('what is kept', () => {
  test('runs are forgotten by themselves when they are old', async () => {
    const { project, store, clock } = await open();
    await store.addRuns([ended('old', TEST_START - limits.runsKeptMs), ended('new', TEST_START)]);
    await clock.advance(limits.historyPruneMs);
    await project.tidy();
    expect(ids(await project.listRuns({ limit: 9 }))).toEqual(['new']);
  });
  test('many old runs are forgotten in one go, in small steps', async () => {
    const { project, store } = await open();
    for (let n = 0; n < 3; n++) await store.addRuns(Array.from({ length: limits.historyPruneBatch }, (_, i) => ended(`r${n}-${i}`, 1)));
    await project.tidy();
    expect(await store.countRuns()).toMatchObject({ completed: 0 });
  });
  test('a store that cannot forget is told of and tried again', async () => {
    const world = await open();
    world.store.pruneRuns = async () => { throw new Error('disk full'); };
    await world.project.tidy();
    expect(world.log.filter((line) => line.startsWith('error'))).toEqual([expect.stringContaining('disk full')]);
  });
  const paths = (n: number, chars: number): StepRecord[] => Array.from({ length: n }, (_, i) => ({ run: `r${i}`, seq: i, flow: 'lead', message: 'm', lineage: null, node: 'a', via: '', key: null, at: TEST_START + i, ms: 0, attempt: 1, outcome: 'done', input: 'x'.repeat(chars) }));
  const oldestKept = async (store: Store, n: number): Promise<number> => {
    const kept = await store.notesOf(Array.from({ length: n }, (_, i) => `r${i}`));
    return Math.min(...[...kept.keys()].map((run) => Number(run.slice(1))));
  };
  test('paths take no more than their share of a small disk; the oldest are forgotten', async () => {
    const { store, history } = withHistory(5_000_000);
    await store.addSteps(paths(20, 100_000), 10);
    await history.prune();
    expect(await oldestKept(store, 20)).toBe(10);
  });
  test('paths make room for messages, some at a time, down to what is kept in any case', async () => {
    const { store, history } = withHistory(Infinity);
    await store.addSteps(paths(2 * limits.roomRuns, limits.stepsLeastChars / limits.roomRuns), 10);
    await history.makeRoom();
    expect(await oldestKept(store, 2 * limits.roomRuns)).toBe(limits.roomRuns);
    await history.makeRoom();
    expect(await oldestKept(store, 2 * limits.roomRuns)).toBe(limits.roomRuns);
  });
  test('the timer goes on and ends with the project', async () => {
    const { project, clock } = await open({ host: new RecordingHost() });
    await clock.advance(limits.historyPruneMs * 3);
    await project.tidy();
    expect(clock.waiting).toBe(1);
    await project.close();
    expect(clock.waiting).toBe(0);
  });
});
