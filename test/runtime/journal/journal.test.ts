import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeBody, encodeBody } from '../../../runtime/journal/codec.ts';
import { JournalClient } from '../../../runtime/journal/client.ts';
import { JournalDatabase } from '../../../runtime/journal/database.ts';
import { openInlinePort, openThreadPort, JournalError, type JournalPort } from '../../../runtime/journal/port.ts';
import type { Op, Row } from '../../../runtime/journal/rows.ts';
import { migrations } from '../../../runtime/journal/schema.ts';
import { limits } from '../../../runtime/limits.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { journalFile } from '../../kit/world.ts';

let journal: ReturnType<typeof journalFile>;
const open: JournalClient[] = [];
const client = (port: JournalPort, clock = new VirtualTime()): JournalClient => {
  const made = new JournalClient(port, clock);
  open.push(made);
  return made;
};
beforeEach(() => { journal = journalFile(); });
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  journal.remove();
});

const row = (seq: number, more: Partial<Row> = {}): Row => ({
  seq, pos: seq, id: `m${seq}`, run: `r${seq}`, flow: 'f', node: 'n', via: 'a.out->n.in', parents: null, lineage: null, key: null, receivedAt: 5, revision: 1,
  due: null, attempt: 0, crashes: 0, state: 0, branched: 0, hops: 0, flags: 0, cursor: null, body: '{}', ...more,
});
const save = (seq: number, more: Partial<Row> = {}): Op => ({ op: 'save', row: row(seq, more) });
const page = (j: JournalClient, after = 0) => j.page({ flow: 'f', node: 'n', after, limit: 100, charsMax: 1_000_000 });

describe.each([['in its thread', (file: string) => openThreadPort(file, (error) => { throw error; })], ['in this thread', async (file: string) => openInlinePort(file)]])('%s', (_name, openPort) => {
  test('what was committed is there after the next opening, in order', async () => {
    const first = client(await openPort(journal.file));
    await Promise.all([3, 1, 2].map((seq) => first.commit({ ops: [save(seq)] })));
    await first.close();
    open.pop();
    const second = client(await openPort(journal.file));
    expect((await page(second)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(second.nextSeq()).toBeGreaterThan(3);
    expect(second.token).toBeGreaterThan(first.token);
  });

  test('a second runtime on the same file is told so', async () => {
    client(await openPort(journal.file));
    await expect((async () => openPort(journal.file))()).rejects.toThrow(/locked/);
  });
});

test('pending runs are counted as runs, of one flow or of all', async () => {
  const j = client(openInlinePort(journal.file));
  await j.commit({ ops: [save(1, { run: 'one' }), save(2, { run: 'one' }), save(3, { run: 'two' }), save(4, { flow: 'other', run: 'three' })] });
  expect(await j.pendingRunCount('f')).toEqual({ runs: 2, more: false });
  expect(await j.pendingRunCount()).toEqual({ runs: 3, more: false });
  expect((await j.pendingRuns({ flow: 'f', limit: 10 })).map(({ run, messages }) => [run, messages])).toEqual(expect.arrayContaining([['one', 2], ['two', 1]]));
});

test('what a window has gathered of a run is pending, until its time', async () => {
  const j = client(openInlinePort(journal.file));
  const kept = (pos: number, run: string, flow = 'f') => ({ op: 'keep' as const, kept: { flow, node: 'gather', window: 'w', pos, id: `m${pos}`, run, revision: 1, receivedAt: pos, branched: 0 as const, flags: 0, body: '{}' } });
  await j.commit({ ops: [save(1, { run: 'both' }), kept(2, 'both'), kept(3, 'kept'), kept(4, 'elsewhere', 'other'), { op: 'window', change: { flow: 'f', node: 'gather', key: 'w', state: '1', closeAt: 77, first: 'm2' } }] });
  expect(await j.pendingRunCount('f')).toEqual({ runs: 2, more: false });
  expect(await j.pendingRunCount()).toEqual({ runs: 3, more: false });
  expect((await j.pendingRuns({ flow: 'f', limit: 10 })).map(({ run, messages }) => [run, messages])).toEqual(expect.arrayContaining([['both', 2], ['kept', 1]]));
  expect(await j.pendingRuns({ among: ['kept', 'elsewhere'], flow: 'f', limit: 10 })).toMatchObject([{ run: 'kept', flow: 'f', revision: 1, messages: 1 }]);
  expect(await j.pendingOf('kept', 10)).toEqual([{ id: 'm3', node: 'gather', state: 3, attempt: 0, due: 77 }]);
});

test('a revision is pending as long as one of its messages is, in a queue or in a window, whichever of them goes first', async () => {
  const j = client(openInlinePort(journal.file));
  const kept = (pos: number, revision: number): Op => ({ op: 'keep', kept: { flow: 'f', node: 'n', window: 'w', pos, id: `k${pos}`, run: `r${pos}`, revision, receivedAt: 5, branched: 0, flags: 0, body: '{}' } });
  await j.commit({ ops: [save(1), save(2, { revision: 2 }), save(3), save(4, { flow: 'g', revision: 3 }), kept(9, 2)] });
  expect((await j.pendingRevisions('f')).toSorted()).toEqual([1, 2]);
  const asked = async (): Promise<readonly number[]> => await j.pendingOn('f', [3, 2, 1]);
  expect(await asked()).toEqual([2, 1]);
  await j.commit({ ops: [{ op: 'end', seq: 1 }, { op: 'end', seq: 2 }] });
  expect(await asked()).toEqual([2, 1]);
  await j.commit({ ops: [{ op: 'end', seq: 3 }, save(5, { revision: 3 })] });
  expect(await asked()).toEqual([3, 2]);
  await j.commit({ ops: [{ op: 'unkeep', flow: 'f', node: 'n', window: 'w' }] });
  expect(await asked()).toEqual([3]);
});

describe('commits', () => {
  test('a message that is saved, begun and ended in one transaction leaves no row', async () => {
    const j = client(openInlinePort(journal.file));
    await Promise.all([j.commit({ ops: [save(1)] }), j.commit({ ops: [{ op: 'begin', seq: 1, attempt: 1 }] }), j.commit({ ops: [{ op: 'end', seq: 1 }] })]);
    expect(await j.pendingTotal()).toBe(0);
  });

  test('what happens to a row later wins over what happened to it before', async () => {
    const j = client(openInlinePort(journal.file));
    await Promise.all([j.commit({ ops: [save(1)] }), j.commit({ ops: [{ op: 'wait', seq: 1, due: 50, attempt: 2, state: 2 }] })]);
    expect(await page(j)).toEqual([]);
    expect(await j.due({ flow: 'f', node: 'n', after: { due: 0, pos: 0 }, limit: 10 })).toMatchObject([{ seq: 1, attempt: 2, due: 50 }]);
  });

  test('stay in order when one that can never be written is among them and the disk fails meanwhile', async () => {
    const clock = new VirtualTime();
    const written: string[] = [];
    let asked = 0;
    const j = client({
      opened: { token: 1, lastSeq: 0, unplannedEnds: 0 },
      ask: async (request) => {
        if (request.kind !== 'apply') return undefined;
        const runs = request.commits.map(({ ops }) => (ops[0] as { readonly run: string }).run);
        asked++;
        if (runs.includes('bad')) throw new JournalError({ name: 'AssertionError', message: 'bad', errcode: 0 });
        if (asked < 4) throw new JournalError({ name: 'Error', message: 'full', errcode: 13 });
        written.push(...runs);
        return runs.map(() => ({ ended: [] }));
      },
    }, clock);
    const [bad, ...good] = ['bad', 'first', 'second'].map((run) => j.commit({ ops: [{ op: 'answered', run, answer: '', at: 0 }] }));
    await expect(bad).rejects.toThrow('bad');
    await clock.advance(5000);
    await Promise.all(good);
    expect(written).toEqual(['first', 'second']);
  });

  test('an event id is taken once, and the commit that repeats it changes nothing', async () => {
    const j = client(openInlinePort(journal.file));
    const event = { flow: 'f', node: 'n', id: 'e', at: 1 };
    await j.commit({ ops: [save(1)], guard: { event: { ...event, run: 'r1' } } });
    expect(await j.commit({ ops: [save(2)], guard: { event: { ...event, run: 'r2' } } })).toEqual({ duplicateOf: 'r1', ended: [] });
    expect(await j.pendingTotal()).toBe(1);
  });

  test('a run with branches ends when its counter comes to nothing, and goes to the outbox', async () => {
    const j = client(openInlinePort(journal.file));
    const change = { run: 'r', flow: 'f', revision: 1, startedAt: 1, at: 2, completed: 0, dropped: 0, dead: 0 };
    await j.commit({ ops: [{ op: 'run', change: { ...change, opens: 1, pending: 1 } }] });
    expect((await j.commit({ ops: [{ op: 'run', change: { ...change, opens: null, pending: -1, completed: 1 } }] })).ended).toEqual([]);
    const { ended } = await j.commit({ ops: [{ op: 'run', change: { ...change, opens: null, pending: -1, dead: 1 } }] });
    expect(ended).toMatchObject([{ id: 'r', completed: 1, dead: 1 }]);
    const { batches: [batch], more } = await j.outbox(1000);
    expect(batch?.runs).toEqual(ended);
    expect(more).toBe(false);
    await j.forgetOutbox(batch?.id ?? 0);
    expect(await j.outbox(1000)).toEqual({ batches: [], more: false });
  });

  test('calls that were under way when the owner ended come back as one crash more, and no attempt more', async () => {
    const first = new JournalDatabase(journal.file);
    first.apply([{ ops: [save(1), { op: 'begin', seq: 1, attempt: 1 }, save(2)] }], 2);
    first.close();
    const j = client(openInlinePort(journal.file));
    await j.recover('f');
    expect(await page(j)).toMatchObject([{ seq: 1, crashes: 1, attempt: 0 }, { seq: 2, crashes: 0 }]);
  });
});

describe('a disk that fails', () => {
  const failing = (port: JournalPort, state: { fail: boolean }): JournalPort => ({
    opened: port.opened,
    ask: (request) => (state.fail && request.kind === 'apply' ? Promise.reject(new JournalError({ name: 'Error', message: 'disk full', errcode: 13 })) : port.ask(request)),
  });
  test('refuses new messages and keeps what belongs to accepted ones until it works again', async () => {
    const clock = new VirtualTime();
    const state = { fail: false };
    const j = client(failing(openInlinePort(journal.file), state), clock);
    await j.commit({ ops: [save(1)], acceptance: true });
    state.fail = true;
    const moved = j.commit({ ops: [save(1, { node: 'next' })] });
    await expect(j.commit({ ops: [save(2)], acceptance: true })).rejects.toThrow('disk full');
    await expect(j.commit({ ops: [save(3)], acceptance: true })).rejects.toThrow('disk full');
    state.fail = false;
    await clock.advance(1000);
    await moved;
    expect(await j.counts('f')).toEqual([{ node: 'next', queued: 1, waiting: 0 }]);
  });
});

describe('a damaged file', () => {
  const damaged = (port: JournalPort, state: { broken: boolean }): JournalPort => ({
    opened: port.opened,
    ask: (request) => (state.broken && request.kind !== 'close' ? Promise.reject(new JournalError({ name: 'Error', message: 'database disk image is malformed', errcode: 11 })) : port.ask(request)),
  });
  const opened = (told: string[] = []) => {
    const state = { broken: false };
    const j = new JournalClient(damaged(openInlinePort(journal.file), state), new VirtualTime(), ({ state: health }) => { told.push(health); });
    open.push(j);
    return { j, state };
  };

  test('takes nothing more, calls nothing done that it could not write, and says so once', async () => {
    const told: string[] = [];
    const { j, state } = opened(told);
    await j.commit({ ops: [save(1)] });
    state.broken = true;
    let settled = false;
    void j.commit({ ops: [save(1, { node: 'next' })] }).finally(() => { settled = true; });
    await expect(j.commit({ ops: [save(2)], acceptance: true })).rejects.toMatchObject({ code: 'journal.damaged' });
    await expect(j.commit({ ops: [save(3)], acceptance: true })).rejects.toMatchObject({ code: 'journal.damaged' });
    await expect(j.pendingTotal()).rejects.toMatchObject({ code: 'journal.damaged' });
    expect([settled, told, j.health.state]).toEqual([false, ['damaged'], 'damaged']);
    await j.close();
    open.pop();
    const next = client(openInlinePort(journal.file));
    expect(await next.counts('f')).toEqual([{ node: 'n', queued: 1, waiting: 0 }]);
  });

  test('is found by reading, too', async () => {
    const { j, state } = opened();
    state.broken = true;
    await expect(page(j)).rejects.toMatchObject({ code: 'journal.damaged' });
    await expect(j.commit({ ops: [save(1)], acceptance: true })).rejects.toMatchObject({ code: 'journal.damaged' });
  });
});

describe('a disk that does not answer', () => {
  test('lets those on their way wait, refuses who comes meanwhile, and takes messages again when it answers', async () => {
    const port = openInlinePort(journal.file);
    const { promise: answers, resolve } = Promise.withResolvers<void>();
    const clock = new VirtualTime();
    const told: string[] = [];
    const j = new JournalClient({ opened: port.opened, ask: async (request) => { await answers; return await port.ask(request); } }, clock, ({ state }) => { told.push(state); });
    open.push(j);
    const onItsWay = j.commit({ ops: [save(1)], acceptance: true });
    await clock.advance(1);
    const queued = j.commit({ ops: [save(2)], acceptance: true });
    const moved = j.commit({ ops: [save(3)] });
    queued.catch(() => undefined);
    await clock.advance(limits.commitSlowMs - 2);
    expect(told).toEqual([]);
    await clock.advance(2);
    await expect(queued).rejects.toThrow('has not answered');
    await expect(j.commit({ ops: [save(4)], acceptance: true })).rejects.toThrow('has not answered');
    resolve();
    await Promise.all([onItsWay, moved]);
    await j.commit({ ops: [save(5)], acceptance: true });
    expect((await page(j)).map(({ seq }) => seq)).toEqual([1, 3, 5]);
    expect(told).toEqual(['waiting', 'well']);
  });

  test('lets no more messages in behind it than fit in memory', async () => {
    const never = new Promise<never>(() => undefined);
    const j = new JournalClient({ opened: { token: 1, lastSeq: 0, unplannedEnds: 0 }, ask: () => never }, new VirtualTime());
    void j.commit({ ops: [save(1)] });
    await Promise.resolve();
    for (let n = 0; n < limits.commitsQueuedMax; n++) j.commit({ ops: [], acceptance: true }).catch(() => undefined);
    await expect(j.commit({ ops: [save(2)], acceptance: true })).rejects.toThrow(String(limits.commitsQueuedMax));
  });
});

test('a message and a dead letter of a journal that knew no lineages are there with an unknown one', async () => {
  const before = migrations.findIndex((step) => step.includes('TO lineage'));
  const old = new DatabaseSync(journal.file);
  for (const step of migrations.slice(0, before)) old.exec(step);
  old.exec(`PRAGMA user_version = ${before};
    INSERT INTO messages (seq, pos, id, run, flow, node, via, received_at, revision, attempt, crashes, state, branched, body) VALUES (1, 1, 'm1', 'r1', 'f', 'n', 'a.out->n.in', 5, 1, 0, 0, 0, 0, '{}');
    INSERT INTO dead_letters (id, run, flow, node, at, attempts, code, text, details, received_at, body) VALUES ('m2', 'r2', 'f', 'n', 5, 1, 'x.y', '{}', '{}', 5, '{}');`);
  old.close();
  const j = client(openInlinePort(journal.file));
  expect(await page(j)).toEqual([row(1)]);
  expect((await j.deadLetters({ limit: 9 })).map(({ id, lineage }) => [id, lineage])).toEqual([['m2', null]]);
});

describe('bodies', () => {
  const BODIES: { readonly [name: string]: object } = {
    'an empty body': {}, 'plain JSON': { payload: { a: [1, 'x', null, true] } }, 'bytes and dates': { payload: new Uint8Array([0, 255]), at: new Date(5) },
    'keys that look like tags': { $date: 5, payload: { $bytes: 'x', $$y: new Date(1) } }, 'a big integer': { big: 12345678901234567890n },
  };
  test.each(Object.entries(BODIES))('%s comes back as it was', (_name, body) => {
    expect(decodeBody(encodeBody(body))).toEqual(body);
  });
  test('what is nested without end is refused', () => {
    const body: { payload?: unknown } = {};
    body.payload = body;
    expect(() => encodeBody(body)).toThrow(RangeError);
  });
});
