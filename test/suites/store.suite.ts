import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunQuery, RunRecord, StepRecord, Store } from '../../runtime/store/store.ts';

/** What a store must be given to be tested. `open` starts with an empty one; `reopen`, where there is something to keep, opens the same again. */
export interface StoreUnderTest {
  open(): Promise<Store>;
  close(store: Store): Promise<void>;
  reopen?(store: Store): Promise<Store>;
  /** Tests that cannot hold for this store, by name, with the reason. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[];
}

const text = (name: string, more = ''): string => `{"name":${JSON.stringify(name)}${more}}`;
const run = (id: string, endedAt: number, more: Partial<RunRecord> = {}): RunRecord => ({ id, flow: 'a', revision: 1, startedAt: endedAt - 5, endedAt, state: 'completed', messages: 3, ...more });
const BOTH = { en: 'no', ru: 'нет' };
const step = (id: string, seq: number, more: Partial<StepRecord> = {}): StepRecord => ({ run: id, seq, flow: 'a', message: 'm', lineage: null, node: 'a', via: '', key: null, at: 5, ms: 1.5, attempt: 1, outcome: 'done', input: '{}', ...more });
const ids = (page: { readonly runs: readonly RunRecord[] }): string[] => page.runs.map((each) => each.id);

/** The promises of `Store`, for any implementation. Call it inside `describe`. */
export function storeSuite(subject: StoreUnderTest): void {
  let store: Store;
  beforeEach(async () => { store = await subject.open(); });
  afterEach(async () => { await subject.close(store); });
  const skipped = new Set((subject.skip ?? []).flatMap((each) => each.tests));
  const law = (name: string, check: () => Promise<void>): void => { test.skipIf(skipped.has(name))(name, check); };

  drafts(law, () => store);
  deletedDrafts(law, () => store);
  revisions(law, () => store);
  connections(law, () => store);
  values(law, () => store);
  runs(law, () => store);
  paths(law, () => store);
  pruning(law, () => store);
  audit(law, () => store);
  const { reopen } = subject;
  if (reopen) law('what was saved is there after closing and opening again', async () => {
    await everyKind(store);
    store = await reopen(store);
    expect(await store.findDraft('a')).toMatchObject({ text: text('A'), version: 1 });
    expect(await store.findRevision('a', 1)).toMatchObject({ text: text('A') });
    expect(await store.listLive()).toEqual([{ flow: 'a', revision: 1, enabled: true }]);
    expect(await store.listConnections()).toMatchObject([{ name: 'db', version: 1 }]);
    expect(await store.findSecret('key')).toEqual(new Uint8Array([1, 2, 3]));
    expect(await store.listEnv()).toEqual([{ name: 'REGION', value: '"RU"' }]);
    expect(ids(await store.listRuns({ limit: 9 }))).toEqual(['r1']);
    expect(await store.listAudit(9)).toHaveLength(1);
  });
}

type Law = (name: string, check: () => Promise<void>) => void;
type Get = () => Store;

async function everyKind(store: Store): Promise<void> {
  await store.saveDraft('a', { text: text('A'), expected: 0, by: 'ann', at: 1 });
  await store.addRevision('a', { text: text('A'), by: 'ann', at: 2 });
  await store.setLive('a', { revision: 1, enabled: true });
  await store.saveConnection('db', { text: '{}', expected: 0, by: 'ann', at: 3 });
  await store.saveSecret('key', { sealed: new Uint8Array([1, 2, 3]), by: 'ann', at: 4 });
  await store.saveEnv('REGION', '"RU"');
  await store.addRuns([run('r1', 100)]);
  await store.audit({ at: 5, by: 'ann', action: 'flow.save', subject: 'a' });
}

function drafts(law: Law, get: Get): void {
  law('a draft is saved, found and listed with its name, version and who saved it', async () => {
    expect(await get().saveDraft('b', { text: text('Второй 🚀'), expected: 0, by: 'ann', at: 10 })).toEqual({ version: 1 });
    await get().saveDraft('a', { text: text('First'), expected: 0, by: 'bob', at: 11 });
    expect(await get().findDraft('b')).toEqual({ flow: 'b', name: 'Второй 🚀', text: text('Второй 🚀'), version: 1, updatedAt: 10, updatedBy: 'ann' });
    expect(await get().listDrafts()).toEqual([
      { flow: 'a', name: 'First', version: 1, updatedAt: 11, updatedBy: 'bob' },
      { flow: 'b', name: 'Второй 🚀', version: 1, updatedAt: 10, updatedBy: 'ann' },
    ]);
    expect(await get().findDraft('c')).toBeUndefined();
  });
  law('a save with the stored version makes the next one', async () => {
    await get().saveDraft('a', { text: text('one'), expected: 0, by: 'ann', at: 1 });
    expect(await get().saveDraft('a', { text: text('two'), expected: 1, by: 'bob', at: 2 })).toEqual({ version: 2 });
    expect(await get().findDraft('a')).toMatchObject({ name: 'two', version: 2, updatedAt: 2, updatedBy: 'bob' });
  });
  law('a save with any other version changes nothing and answers the stored one', async () => {
    await get().saveDraft('a', { text: text('one'), expected: 0, by: 'ann', at: 1 });
    await get().saveDraft('a', { text: text('two'), expected: 1, by: 'ann', at: 2 });
    for (const expected of [0, 1, 3]) expect(await get().saveDraft('a', { text: text('late'), expected: expected, by: 'bob', at: 3 })).toEqual({ conflict: 2 });
    expect(await get().saveDraft('none', { text: text('late'), expected: 4, by: 'bob', at: 3 })).toEqual({ conflict: 0 });
    expect(await get().findDraft('a')).toMatchObject({ text: text('two'), updatedBy: 'ann' });
    expect(await get().findDraft('none')).toBeUndefined();
  });
  law('of many saves of one version at the same time exactly one is taken', async () => {
    await get().saveDraft('a', { text: text('one'), expected: 0, by: 'ann', at: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => get().saveDraft('a', { text: text(`n${n}`), expected: 1, by: 'bob', at: 2 })));
    expect(answers.filter((each) => 'version' in each)).toEqual([{ version: 2 }]);
    expect(answers.filter((each) => 'conflict' in each)).toHaveLength(19);
  });
  law('a draft that is not even JSON is kept as it is, under its id', async () => {
    await get().saveDraft('a', { text: '{ not json', expected: 0, by: 'ann', at: 1 });
    expect(await get().findDraft('a')).toMatchObject({ text: '{ not json', name: 'a' });
  });
}

function deletedDrafts(law: Law, get: Get): void {
  law('a deleted draft leaves the list and comes back whole', async () => {
    await get().saveDraft('a', { text: text('A'), expected: 0, by: 'ann', at: 1 });
    expect(await get().deleteDraft('a', 'bob', 50)).toBe(true);
    expect(await get().deleteDraft('a', 'bob', 51)).toBe(false);
    expect(await get().listDrafts()).toEqual([]);
    expect(await get().findDraft('a')).toBeUndefined();
    expect(await get().listDeletedDrafts()).toEqual([{ flow: 'a', name: 'A', version: 1, updatedAt: 1, updatedBy: 'ann', deletedAt: 50, deletedBy: 'bob' }]);
    expect(await get().restoreDraft('a')).toBe(true);
    expect(await get().restoreDraft('a')).toBe(false);
    expect(await get().findDraft('a')).toMatchObject({ text: text('A'), version: 1 });
    expect(await get().listDeletedDrafts()).toEqual([]);
  });
  law('a tab that still shows the deleted flow cannot save over its successor', async () => {
    await get().saveDraft('a', { text: text('old'), expected: 0, by: 'ann', at: 1 });
    await get().deleteDraft('a', 'ann', 2);
    expect(await get().saveDraft('a', { text: text('stale'), expected: 1, by: 'bob', at: 3 })).toEqual({ conflict: 0 });
    expect(await get().saveDraft('a', { text: text('new'), expected: 0, by: 'ann', at: 4 })).toEqual({ version: 2 });
    expect(await get().saveDraft('a', { text: text('stale'), expected: 1, by: 'bob', at: 5 })).toEqual({ conflict: 2 });
    expect(await get().listDeletedDrafts()).toEqual([]);
  });
  law('only a deleted flow is forgotten, and then with its revisions', async () => {
    await get().saveDraft('a', { text: text('A'), expected: 0, by: 'ann', at: 1 });
    await get().addRevision('a', { text: text('A'), by: 'ann', at: 1 });
    await get().setLive('a', { revision: 1, enabled: false });
    expect(await get().forgetDeletedDraft('a')).toBe(false);
    expect(await get().listRevisions('a', 9)).toHaveLength(1);
    await get().deleteDraft('a', 'ann', 2);
    expect(await get().forgetDeletedDraft('a')).toBe(true);
    expect(await get().forgetDeletedDraft('a')).toBe(false);
    expect(await get().listRevisions('a', 9)).toEqual([]);
    expect(await get().listLive()).toEqual([]);
    expect(await get().restoreDraft('a')).toBe(false);
  });
}

function revisions(law: Law, get: Get): void {
  law('revisions are numbered from 1 within their flow and never change', async () => {
    expect(await get().addRevision('a', { text: text('one'), by: 'ann', at: 1 })).toBe(1);
    expect(await get().addRevision('b', { text: text('other'), by: 'ann', at: 1 })).toBe(1);
    expect(await get().addRevision('a', { text: text('two'), by: 'bob', at: 2 })).toBe(2);
    expect(await get().findRevision('a', 1)).toEqual({ revision: 1, at: 1, by: 'ann', text: text('one') });
    expect(await get().listRevisions('a', 9)).toEqual([{ revision: 2, at: 2, by: 'bob' }, { revision: 1, at: 1, by: 'ann' }]);
    expect(await get().listRevisions('a', 1)).toEqual([{ revision: 2, at: 2, by: 'bob' }]);
    expect(await get().findRevision('a', 3)).toBeUndefined();
  });
  law('revisions that are added at the same time all get numbers of their own', async () => {
    const numbers = await Promise.all(Array.from({ length: 20 }, (_, n) => get().addRevision('a', { text: text(`n${n}`), by: 'ann', at: n })));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });
  law('which revision is live, and whether it runs, is told of every flow', async () => {
    await get().setLive('b', { revision: 1, enabled: true });
    await get().setLive('a', { revision: 1, enabled: true });
    await get().setLive('a', { revision: 2, enabled: false });
    expect(await get().listLive()).toEqual([{ flow: 'a', revision: 2, enabled: false }, { flow: 'b', revision: 1, enabled: true }]);
    expect(await get().findLive('a')).toEqual({ revision: 2, enabled: false });
    expect(await get().findLive('c')).toBeUndefined();
  });
  law('why a flow was stopped by itself is kept until it runs again', async () => {
    const stopped = { revision: 1, enabled: false, blamed: 3 };
    await get().setLive('a', stopped);
    expect(await get().findLive('a')).toEqual(stopped);
    expect(await get().listLive()).toEqual([{ flow: 'a', ...stopped }]);
    await get().setLive('a', { revision: 1, enabled: true });
    expect(await get().findLive('a')).toEqual({ revision: 1, enabled: true });
  });
}

function connections(law: Law, get: Get): void {
  law('a connection is saved only over the version that was opened', async () => {
    expect(await get().saveConnection('db', { text: '{"type":"sql"}', expected: 0, by: 'ann', at: 1 })).toEqual({ version: 1 });
    expect(await get().saveConnection('db', { text: '{"type":"sql","config":{}}', expected: 1, by: 'ann', at: 2 })).toEqual({ version: 2 });
    expect(await get().saveConnection('db', { text: '{}', expected: 1, by: 'bob', at: 3 })).toEqual({ conflict: 2 });
    expect(await get().saveConnection('db', { text: '{}', expected: 0, by: 'bob', at: 3 })).toEqual({ conflict: 2 });
    expect(await get().listConnections()).toEqual([{ name: 'db', text: '{"type":"sql","config":{}}', version: 2 }]);
  });
  law('a connection that is made anew counts on from the deleted one', async () => {
    await get().saveConnection('db', { text: 'old', expected: 0, by: 'ann', at: 1 });
    expect(await get().deleteConnection('db')).toBe(true);
    expect(await get().deleteConnection('db')).toBe(false);
    expect(await get().listConnections()).toEqual([]);
    expect(await get().saveConnection('db', { text: 'stale', expected: 1, by: 'bob', at: 2 })).toEqual({ conflict: 0 });
    expect(await get().saveConnection('db', { text: 'new', expected: 0, by: 'ann', at: 3 })).toEqual({ version: 2 });
  });
}

function values(law: Law, get: Get): void {
  law('sealed bytes come back as they were, and the list shows names only', async () => {
    const sealed = Uint8Array.from({ length: 256 }, (_, n) => n);
    await get().saveSecret('b', { sealed: sealed, by: 'ann', at: 1 });
    await get().saveSecret('a', { sealed: new Uint8Array([1]), by: 'ann', at: 2 });
    await get().saveSecret('a', { sealed: new Uint8Array([2]), by: 'bob', at: 3 });
    expect(await get().findSecret('b')).toEqual(sealed);
    expect(await get().findSecret('a')).toEqual(new Uint8Array([2]));
    expect(await get().listSecrets()).toEqual([{ name: 'a', updatedAt: 3, updatedBy: 'bob' }, { name: 'b', updatedAt: 1, updatedBy: 'ann' }]);
    expect(await get().deleteSecret('a')).toBe(true);
    expect(await get().deleteSecret('a')).toBe(false);
    expect(await get().findSecret('a')).toBeUndefined();
  });
  law('environment values are kept by name', async () => {
    await get().saveEnv('B', '1');
    await get().saveEnv('A', '"x"');
    await get().saveEnv('B', '2');
    expect(await get().listEnv()).toEqual([{ name: 'A', value: '"x"' }, { name: 'B', value: '2' }]);
    expect(await get().deleteEnv('A')).toBe(true);
    expect(await get().deleteEnv('A')).toBe(false);
  });
}

function runs(law: Law, get: Get): void {
  law('adding the same run again changes neither the list nor the counts', async () => {
    await get().addRuns([run('r1', 10), run('r2', 20)]);
    await get().addRuns([run('r2', 20), run('r3', 30, { state: 'dead-lettered' }), run('r3', 30, { state: 'dead-lettered' })]);
    expect(ids(await get().listRuns({ limit: 9 }))).toEqual(['r3', 'r2', 'r1']);
    expect(await get().countRuns()).toEqual({ completed: 2, dropped: 0, 'dead-lettered': 1, discarded: 0 });
    expect(await get().findRun('r2')).toEqual(run('r2', 20));
    expect(await get().findRun('none')).toBeUndefined();
  });
  law('pages follow one another without gaps or repeats, also where runs ended in the same instant', async () => {
    await get().addRuns(Array.from({ length: 25 }, (_, n) => run(`r${String(n).padStart(2, '0')}`, 100 + Math.floor(n / 10))));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await get().listRuns({ limit: 4, ...(after !== undefined && { after }) });
      seen.push(...ids(page));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `r${String(24 - n).padStart(2, '0')}`));
  });
  law('the last page names no next one', async () => {
    await get().addRuns([run('r1', 1), run('r2', 2)]);
    expect((await get().listRuns({ limit: 2 })).next).toBeUndefined();
    expect((await get().listRuns({ limit: 1 })).next).toBeTypeOf('string');
  });
  law('a cursor that is none starts at the newest run', async () => {
    await get().addRuns([run('r1', 1)]);
    for (const after of ['', 'x', '1', '\' OR 1=1 --']) expect(ids(await get().listRuns({ limit: 2, after }))).toEqual(['r1']);
  });
  law('runs are found by flow and by state', async () => {
    await get().addRuns([
      run('r1', 1), run('r2', 2, { flow: 'b' }), run('r3', 3, { state: 'dropped' }), run('r4', 4, { flow: 'b', state: 'dead-lettered' }),
      run('r5', 5, { state: 'discarded' }), run('r6', 6, { state: 'dropped', flow: 'b' }),
    ]);
    expect(ids(await get().listRuns({ limit: 9, flow: 'b' }))).toEqual(['r6', 'r4', 'r2']);
    expect(ids(await get().listRuns({ limit: 9, state: 'dropped' }))).toEqual(['r6', 'r3']);
    expect(ids(await get().listRuns({ limit: 9, state: 'completed' }))).toEqual(['r2', 'r1']);
    expect(ids(await get().listRuns({ limit: 9, flow: 'b', state: 'dropped' }))).toEqual(['r6']);
    expect(ids(await get().listRuns({ limit: 9, flow: 'b', state: 'completed' }))).toEqual(['r2']);
    expect(await get().countRuns('b')).toEqual({ completed: 1, dropped: 1, 'dead-lettered': 1, discarded: 0 });
  });
}

function paths(law: Law, get: Get): void {
  law('steps are read in the order in which they were made, and adding one again changes nothing', async () => {
    await get().addSteps([step('r1', 2, { node: 'b' }), step('r1', 1, { outcome: 'accepted' })], 10);
    await get().addSteps([step('r1', 1, { outcome: 'accepted' }), step('r2', 3)], 10);
    expect((await get().listSteps('r1', 10)).map(({ seq, node }) => [seq, node])).toEqual([[1, 'a'], [2, 'b']]);
    expect((await get().listSteps('r1', 10, 'b')).map(({ seq }) => seq)).toEqual([2]);
    expect(await get().listSteps('r1', 1)).toEqual([step('r1', 1, { outcome: 'accepted' })]);
    const whole = step('r3', 4, { rule: 'dedupe', failure: { code: 'x.y', text: BOTH }, outputs: { out: { count: 3, bodies: ['{}', null] } }, replay: { of: 'r1', mode: 'same-keys' } });
    await get().addSteps([whole], 10);
    expect(await get().listSteps('r3', 1)).toEqual([whole]);
  });
  law('of one run no more steps are kept than asked for, and it says so', async () => {
    await get().addSteps(Array.from({ length: 5 }, (_, n) => step('r1', n, n === 0 ? { outcome: 'accepted' } : {})), 3);
    expect((await get().listSteps('r1', 10)).map(({ seq }) => seq)).toEqual([0, 1, 2]);
    expect((await get().notesOf(['r1', 'r2'])).get('r1')).toEqual({ recorded: true, cut: true });
  });
  law('a run tells its first failure, whether its path is kept, and what it repeats; also before it ends', async () => {
    const failure = (code: string) => ({ failure: { code, text: BOTH } });
    await get().addSteps([step('r1', 1, { outcome: 'accepted', replay: { of: 'r0', mode: 'new-generation' } }), step('r1', 2, { node: 'b', ...failure('x.first') }), step('r1', 3, { node: 'c', ...failure('x.second') }), step('r2', 4, failure('x.first'))], 10);
    await get().addRuns([run('r1', 10), run('r3', 30)]);
    expect(await get().findRun('r1')).toEqual({ ...run('r1', 10), recorded: true, cut: false, replayOf: 'r0', failure: { node: 'b', code: 'x.first', text: BOTH } });
    expect((await get().notesOf(['r2'])).get('r2')).toEqual({ recorded: false, cut: false, failure: { node: 'a', code: 'x.first', text: BOTH } });
    expect((await get().listRuns({ limit: 9 })).runs).toEqual([run('r3', 30), expect.objectContaining({ id: 'r1', recorded: true })]);
    expect(await get().listReplays('r0', 9)).toEqual([{ id: 'r1', startedAt: 5, mode: 'new-generation' }]);
  });
  law('runs are found by failed node, code, key, id and time of their end, also together', async () => {
    const failed = (node: string, code: string): Partial<StepRecord> => ({ node, failure: { code, text: BOTH } });
    await get().addSteps([step('r1', 1, failed('b', 'x.y')), step('r2', 2, { ...failed('b', 'x.z'), key: 'k1' }), step('r3', 3, { key: 'k1' }), step('p4', 4, { key: 'k1' }), step('p5', 5, failed('b', 'x.y'))], 10);
    await get().addRuns([run('r1', 10), run('r2', 20), run('r3', 30)]);
    const found = async (query: Partial<RunQuery>): Promise<string[]> => ids(await get().listRuns({ limit: 9, ...query }));
    expect(await found({ node: 'b' })).toEqual(['r2', 'r1']);
    expect(await found({ code: 'x.z' })).toEqual(['r2']);
    expect(await found({ key: 'k1' })).toEqual(['r3', 'r2']);
    expect(await found({ key: 'k1', node: 'b' })).toEqual(['r2']);
    expect(await found({ id: 'r1' })).toEqual(['r1']);
    expect(await found({ since: 20 })).toEqual(['r3', 'r2']);
    expect(await found({ until: 20 })).toEqual(['r1']);
    expect(await found({ node: `b' OR 1=1 --` })).toEqual([]);
    expect(await get().listUnended({ key: 'k1', limit: 9 })).toEqual(['p4']);
    expect(await get().listUnended({ node: 'b', code: 'x.y', limit: 9 })).toEqual(['p5']);
  });
  law('a node is found to be done with a message by what it did first, never by a failure or by turning it away', async () => {
    await get().addSteps([step('r0', 0, { outcome: 'dropped', rule: 'queue.full' }), step('r0', 1, { outcome: 'dropped', rule: 'disabled' }), step('r1', 1, { outcome: 'retried' }), step('r1', 2, { outcome: 'done', attempt: 2 }), step('r2', 3, { outcome: 'replayed' })], 10);
    expect(await get().findDone('m', 'a')).toMatchObject({ run: 'r1', seq: 2 });
    expect(await get().findDone('m', 'b')).toBeUndefined();
    expect(await get().findDone('n', 'a')).toBeUndefined();
  });
  law('of the messages of a lineage at a node it is told whether the node was done with them, the one that is done first, and nothing of what was turned away', async () => {
    const kin = (message: string, seq: number, more: Partial<StepRecord> = {}): StepRecord => step('r1', seq, { message, lineage: 'l', ...more });
    await get().addSteps([kin('m1', 1, { outcome: 'retried' }), kin('m1', 2, { outcome: 'dead-lettered' }), kin('m2', 3, { outcome: 'dropped', rule: 'queue.full' }), kin('m3', 4, { node: 'b' }), kin('m3', 7, { lineage: 'l-l' }), kin('m3', 8, { lineage: 'l~l!id' }), step('r1', 5, { message: 'm4' })], 10);
    expect(await get().listKin('l', 'a')).toEqual([{ message: 'm1', done: false }]);
    await get().addSteps([kin('m5', 6, { outcome: 'dropped', rule: 'filter', lineage: 'l!id!id' })], 10);
    expect(await get().listKin('l', 'a')).toEqual([{ message: 'm5', done: true }, { message: 'm1', done: false }]);
    expect(await get().listSteps('r1', 1)).toEqual([kin('m1', 1, { outcome: 'retried' })]);
  });
  law('steps go with their run, with their age, and the oldest when they are too many', async () => {
    const at = (id: string, time: number): StepRecord => step(id, time, { at: time, input: 'x'.repeat(100), outcome: 'accepted' });
    await get().addSteps([at('r1', 10), at('r2', 20), at('r3', 30), at('r4', 40)], 10);
    await get().addRuns([run('r1', 10), run('r2', 20), run('r3', 30)]);
    await get().pruneRuns(15, 100, 100);
    expect(await get().listSteps('r1', 9)).toEqual([]);
    expect(await get().pruneSteps(25, 10_000, 100)).toBe(1);
    expect(await get().listSteps('r2', 9)).toEqual([]);
    expect(await get().findRun('r2')).toEqual(run('r2', 20));
    expect(await get().pruneSteps(25, 150, 100)).toBe(1);
    expect(await get().listSteps('r3', 9)).toEqual([]);
    expect(await get().listSteps('r4', 9)).toHaveLength(1);
    expect(await get().pruneSteps(25, 150, 100)).toBe(0);
  });
}

function pruning(law: Law, get: Get): void {
  law('runs that ended before an instant are forgotten, and no others', async () => {
    await get().addRuns([run('r1', 10), run('r2', 20), run('r3', 30)]);
    expect(await get().pruneRuns(20, 100, 100)).toBe(1);
    expect(ids(await get().listRuns({ limit: 9 }))).toEqual(['r3', 'r2']);
    expect(await get().countRuns()).toMatchObject({ completed: 2 });
  });
  law('of too many runs the oldest are forgotten', async () => {
    await get().addRuns(Array.from({ length: 10 }, (_, n) => run(`r${n}`, 100 + n, n % 2 ? { state: 'dropped' } : {})));
    expect(await get().pruneRuns(0, 3, 100)).toBe(7);
    expect(ids(await get().listRuns({ limit: 9 }))).toEqual(['r9', 'r8', 'r7']);
    expect(await get().countRuns()).toMatchObject({ completed: 1, dropped: 2 });
  });
  law('one call forgets no more than it is allowed to', async () => {
    await get().addRuns(Array.from({ length: 10 }, (_, n) => run(`r${n}`, n)));
    expect(await get().pruneRuns(6, 2, 4)).toBe(4);
    expect(await get().pruneRuns(6, 2, 4)).toBe(4);
    expect(await get().pruneRuns(6, 2, 4)).toBe(0);
    expect(ids(await get().listRuns({ limit: 9 }))).toEqual(['r9', 'r8']);
  });
}

function audit(law: Law, get: Get): void {
  law('the audit log is read from its newest entry backwards, and an instant is never cut in two', async () => {
    const entry = (at: number, subject: string): Parameters<Store['audit']>[0] => ({ at, by: 'ann', action: 'flow.save', subject });
    for (const each of [entry(1, 'a'), entry(2, 'b'), entry(2, 'c'), { ...entry(3, 'd'), details: 'revision 2' }]) await get().audit(each);
    expect(await get().listAudit(2)).toEqual([{ ...entry(3, 'd'), details: 'revision 2' }, entry(2, 'c'), entry(2, 'b')]);
    expect(await get().listAudit(2, 2)).toEqual([entry(1, 'a')]);
    expect(await get().pruneAudit(2)).toBe(1);
    expect(await get().listAudit(9)).toHaveLength(3);
  });
}
