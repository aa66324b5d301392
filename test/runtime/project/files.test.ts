import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { canonicalFlow, canonicalJson } from '../../../runtime/flow/canonical.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Change } from '../../../runtime/project/changes.ts';
import { openVault } from '../../../runtime/project/vault.ts';
import { systemRandom } from '../../../runtime/random.ts';
import { openSqliteStore } from '../../../runtime/store/sqlite/sqlite-store.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { ANN, failure, lead, leadWith, worlds, type World } from './kit.ts';

const { open, again, folder } = worlds();
const SQL = { type: 'sql', config: { host: 'db.test' } };

/** The folder counts as quiet as soon as a change was seen; all other time stands still. */
class QuietAtOnce extends VirtualTime {
  override after(delayMs: number, call: () => void): () => void {
    if (delayMs !== limits.filesSettleMs) return super.after(delayMs, call);
    const soon = setImmediate(call);
    return () => clearImmediate(soon);
  }
}

let dir: string;
beforeEach(() => { dir = folder(); });
const fileOf = (id = 'lead'): string => join(dir, id, 'flow.json');
const write = (flow: Flow | string, id = 'lead'): void => {
  mkdirSync(join(dir, id), { recursive: true });
  // As most editors save: a new file takes the place of the old one.
  writeFileSync(`${fileOf(id)}.new`, typeof flow === 'string' ? flow : canonicalFlow(flow));
  renameSync(`${fileOf(id)}.new`, fileOf(id));
};
const withFiles = (options: object = {}): Promise<World> => open({ flowsDir: dir, clock: new QuietAtOnce(), ...options });
const restarted = (world: World, options: object = {}): Promise<World> => again(world, { flowsDir: dir, clock: new QuietAtOnce(), ...options });
const next = (world: World, fits: (change: Change) => boolean): Promise<Change> => new Promise((resolve) => {
  const stop = world.project.onChange((change) => {
    if (!fits(change)) return;
    stop();
    resolve(change);
  });
});
async function live(flow = lead()): Promise<World> {
  write(flow);
  const world = await withFiles();
  await world.project.deploy('lead', 1, ANN);
  return world;
}

describe('at the start', () => {
  test('what the folder holds is the project, and nothing else is', async () => {
    const before = await open();
    await before.project.saveFlow(lead({ id: 'from-the-store' }), 0, ANN);
    await before.project.deploy('from-the-store', 1, ANN);
    write(lead());
    writeFileSync(join(dir, 'connections.json'), canonicalJson({ crm: SQL }));
    mkdirSync(join(dir, 'notes'));
    writeFileSync(join(dir, 'README.md'), 'hello');
    const world = await restarted(before);
    expect((await world.project.listFlows()).flows.map(({ id, live: running }) => [id, running])).toEqual([['lead', undefined]]);
    expect((await world.project.listConnections()).connections).toMatchObject([{ name: 'crm', version: 1 }]);
    expect(world.host.calls).toEqual([]);
    expect([world.project.flowsDir, world.project.readOnly]).toEqual([dir, false]);
    const without = await again(world);
    expect((await without.project.listFlows()).flows).toMatchObject([{ id: 'from-the-store' }, { id: 'lead' }]);
    expect(without.host.calls).toEqual(['deploy from-the-store 1']);
  });
  test('headless, every flow of the folder runs', async () => {
    write(lead());
    write(lead({ id: 'quote' }), 'quote');
    const world = await withFiles({ autoDeploy: true });
    expect(world.host.calls.toSorted()).toEqual(['deploy lead 1', 'deploy quote 1']);
    expect((await restarted(world, { autoDeploy: true })).host.calls.toSorted()).toEqual(['deploy lead 1', 'deploy quote 1']);
  });
  test('a live flow whose file changed meanwhile runs as the file says; one that only was edited runs its revision', async () => {
    const world = await live();
    await world.project.saveFlow(lead({ name: 'Edited' }), 1, ANN);
    const second = await restarted(world);
    expect(second.host.flows.get('lead')?.flow.name).toBe('Lead');
    write(lead({ name: 'From git' }));
    const third = await restarted(second);
    expect(third.host.calls).toEqual(['deploy lead 2']);
    expect(third.host.flows.get('lead')?.flow.name).toBe('From git');
  });
  test('a broken file runs what ran before, and shows what is wrong', async () => {
    const world = await live();
    write('{ "format": "millrace.flow/1",,');
    const after = await restarted(world, { autoDeploy: true });
    expect(after.host.calls).toEqual(['deploy lead 1']);
    expect(await after.project.getFlow('lead')).toMatchObject({ problems: [{ code: 'flow.json', where: { line: 1 } }], live: { state: 'live' } });
  });
  test('one broken flow or connections file does not keep the others from running', async () => {
    write('{', 'aaa');
    write(lead({ id: 'other' }), 'misnamed');
    write(lead());
    writeFileSync(join(dir, 'connections.json'), '[]');
    const world = await withFiles({ autoDeploy: true });
    expect(world.host.calls).toEqual(['deploy lead 1']);
    expect((await world.project.listFlows()).flows.map(({ id, version, problems }) => [id, version, problems])).toEqual([['aaa', 0, 1], ['lead', 1, 0], ['misnamed', 0, 1]]);
    expect((await failure('flow.invalid', world.project.getFlow('misnamed'))).problems).toMatchObject([{ code: 'flow.id', where: { flow: 'misnamed' } }]);
    expect(world.log.filter((line) => line.startsWith('error'))[0]).toContain('connections.json');
  });
  test('a folder that is not there is a clear failure', async () => {
    await failure('files.unavailable', withFiles({ flowsDir: join(dir, 'none') }));
  });
});

describe('saving', () => {
  test('writes the canonical file, whole, and leaves nothing else behind', async () => {
    write(JSON.stringify(lead()));
    const { project } = await withFiles();
    expect(readFileSync(fileOf(), 'utf8')).toBe(JSON.stringify(lead()));
    await project.saveFlow(lead({ name: 'Лиды' }), 1, ANN);
    expect(readFileSync(fileOf(), 'utf8')).toBe(canonicalFlow(lead({ name: 'Лиды' })));
    await project.saveFlow(lead({ id: 'new' }), 0, ANN);
    expect(readFileSync(fileOf('new'), 'utf8')).toBe(canonicalFlow(lead({ id: 'new' })));
    expect(readdirSync(join(dir, 'new'))).toEqual(['flow.json']);
    await project.saveConnection('crm', SQL, 0, ANN);
    expect(readFileSync(join(dir, 'connections.json'), 'utf8')).toBe(canonicalJson({ crm: SQL }));
    await project.deleteConnection('crm', ANN);
    expect(readFileSync(join(dir, 'connections.json'), 'utf8')).toBe('{}\n');
  });
  test('never writes over a change on disk that nobody has seen', async () => {
    write(lead());
    const { project } = await open({ flowsDir: dir });
    write(lead({ name: 'By hand' }));
    expect((await failure('flow.stale', project.saveFlow(lead({ name: 'By Ann' }), 1, ANN))).details).toMatchObject({ version: 2, by: 'files' });
    await failure('flow.stale', project.deploy('lead', 1, ANN));
    expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toMatchObject({ name: 'By hand' });
    expect(await project.saveFlow(lead({ name: 'By Ann' }), 2, ANN)).toMatchObject({ version: 3 });
  });
  test('and deploying never uses a version that is not what the file says', async () => {
    write(lead());
    const { project, host } = await open({ flowsDir: dir });
    write(lead({ name: 'By hand' }));
    await failure('flow.stale', project.deploy('lead', 1, ANN));
    expect(await project.deploy('lead', 2, ANN)).toMatchObject({ revision: 1 });
    expect(host.flows.get('lead')?.flow.name).toBe('By hand');
  });
  test('never writes over a file that cannot be read', async () => {
    write(lead());
    const { project } = await open({ flowsDir: dir });
    write('{ half a li');
    const refused = await failure('flow.file-broken', project.saveFlow(lead({ name: 'By Ann' }), 1, ANN));
    expect(refused.problems).toMatchObject([{ code: 'flow.json' }]);
    await failure('flow.file-broken', project.deploy('lead', 1, ANN));
    expect(readFileSync(fileOf(), 'utf8')).toBe('{ half a li');
    write(lead());
    expect(await project.saveFlow(lead({ name: 'By Ann' }), 1, ANN)).toMatchObject({ version: 2 });
  });
  test('a stale save leaves the file as it is', async () => {
    write(lead());
    const { project } = await open({ flowsDir: dir });
    await project.saveFlow(lead({ name: 'By Ann' }), 1, ANN);
    await failure('flow.stale', project.saveFlow(lead({ name: 'Late' }), 1, ANN));
    expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toMatchObject({ name: 'By Ann' });
    expect(readdirSync(join(dir, 'lead'))).toEqual(['flow.json']);
  });
  test('that a crash cut off is finished when the store has it, and forgotten when it has not', async () => {
    const world = await live();
    writeFileSync(join(dir, 'lead', '.flow.json.saving'), canonicalFlow(lead({ name: 'Kept' })));
    await world.store.saveDraft('lead', { text: canonicalFlow(lead({ name: 'Kept' })), expected: 1, by: 'ann', at: 1 });
    const second = await restarted(world);
    expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toMatchObject({ name: 'Kept' });
    expect(second.host.flows.get('lead')?.flow.name).toBe('Lead');
    writeFileSync(join(dir, 'lead', '.flow.json.saving'), canonicalFlow(lead({ name: 'Never' })));
    await restarted(second);
    expect(JSON.parse(readFileSync(fileOf(), 'utf8'))).toMatchObject({ name: 'Kept' });
    expect(readdirSync(join(dir, 'lead'))).toEqual(['flow.json']);
  });
  test('a deleted flow takes its file with it and no other, and brings it back', async () => {
    const { project } = await live();
    writeFileSync(join(dir, 'lead', 'cases.json'), '[]');
    await project.deleteFlow('lead', ANN);
    expect(readdirSync(join(dir, 'lead'))).toEqual(['cases.json']);
    await project.restoreFlow('lead', ANN);
    expect(readFileSync(fileOf(), 'utf8')).toBe(canonicalFlow(lead()));
    rmSync(join(dir, 'lead', 'cases.json'));
    await project.deleteFlow('lead', ANN);
    expect(existsSync(join(dir, 'lead'))).toBe(false);
  });
});

describe('a change on disk', () => {
  test('of a live flow becomes the draft and is deployed', async () => {
    const world = await live();
    const deployed = next(world, ({ kind }) => kind === 'deploy');
    write(lead({ name: 'By hand' }));
    expect(await deployed).toMatchObject({ id: 'lead', by: 'files' });
    expect(await world.project.getFlow('lead')).toMatchObject({ version: 2, live: { revision: 2, state: 'live', flow: { name: 'By hand' } } });
  });
  test('of a flow that is not live only becomes the draft', async () => {
    write(lead());
    const world = await withFiles();
    const changed = next(world, ({ kind }) => kind === 'flow');
    write(lead({ name: 'By hand' }));
    expect(await changed).toMatchObject({ id: 'lead', version: 2 });
    expect(world.host.calls).toEqual([]);
  });
  test('that cannot be read is shown, and what runs goes on until it is mended', async () => {
    const world = await live();
    const broken = next(world, ({ kind }) => kind === 'flow');
    write('{ "id": ');
    await broken;
    expect(await world.project.getFlow('lead')).toMatchObject({ problems: [{ code: 'flow.json' }], flow: { name: 'Lead' } });
    expect(world.host.calls).toEqual(['deploy lead 1']);
    const mended = next(world, ({ kind }) => kind === 'deploy');
    write(lead({ name: 'Mended' }));
    await mended;
    expect((await world.project.getFlow('lead')).problems).toEqual([]);
    expect(world.host.flows.get('lead')?.flow.name).toBe('Mended');
  });
  test('that a deploy refuses leaves what runs alone', async () => {
    const world = await live();
    const changed = next(world, ({ version }) => version === 2);
    write({ ...lead(), wires: [{ from: 'form.out', to: 'nobody.in' }] });
    await changed;
    await world.project.close();
    expect(world.host.calls).toEqual(['deploy lead 1']);
    expect(world.log.some((line) => line.startsWith('error') && line.includes('nobody'))).toBe(true);
  });
  test('with a literal secret is not taken over', async () => {
    const world = await live();
    const broken = next(world, ({ kind }) => kind === 'flow');
    write(leadWith({ token: 'hunter-2' }));
    await broken;
    expect((await world.project.getFlow('lead')).problems).toMatchObject([{ code: 'field.secret-literal', where: { node: 'call', field: 'token' } }]);
    expect((await world.store.findDraft('lead'))?.text).not.toContain('hunter-2');
    expect(world.log.join()).not.toContain('hunter-2');
  });
  test('a new file is a new flow; a file that goes away stops its flow, and starts it when it comes back', async () => {
    const world = await live();
    const added = next(world, ({ kind, id }) => kind === 'flows' && id === 'quote');
    write(lead({ id: 'quote' }), 'quote');
    await added;
    const gone = next(world, ({ kind, id }) => kind === 'flows' && id === 'lead');
    rmSync(join(dir, 'lead'), { recursive: true });
    await gone;
    expect((await world.project.listFlows()).flows.map(({ id }) => id)).toEqual(['quote']);
    const back = next(world, ({ kind, id }) => kind === 'deploy' && id === 'lead');
    write(lead({ name: 'Back' }));
    await back;
    expect(world.host.calls).toEqual(['deploy lead 1', 'stop lead', 'forget lead', 'deploy lead 2']);
  });
  test('of connections.json is followed; a literal secret in it is not', async () => {
    writeFileSync(join(dir, 'connections.json'), canonicalJson({ crm: SQL, old: SQL }));
    const world = await withFiles();
    const changed = next(world, ({ kind, id }) => kind === 'connection' && id === 'crm');
    writeFileSync(join(dir, 'connections.json'), canonicalJson({ crm: { type: 'sql', config: { host: 'new.test' } }, bad: { type: 'sql', config: { password: 'hunter-2' } } }));
    await changed;
    expect(await world.project.connection('crm')).toEqual({ type: 'sql', config: { host: 'new.test' } });
    const { connections } = await world.project.listConnections();
    expect(connections.map(({ name, problems }) => [name, problems.map(({ code }) => code)])).toEqual([['bad', ['field.secret-literal']], ['crm', []]]);
    expect(JSON.stringify(connections)).not.toContain('hunter-2');
    expect(world.host.calls.toSorted()).toEqual(['changed crm', 'changed old']);
  });
  test('a broken connections.json keeps the connections that were, and is not written over', async () => {
    writeFileSync(join(dir, 'connections.json'), canonicalJson({ crm: SQL }));
    const { project } = await open({ flowsDir: dir });
    writeFileSync(join(dir, 'connections.json'), '{ "crm": ');
    await failure('connection.invalid', project.saveConnection('new', SQL, 0, ANN));
    expect((await project.listConnections()).connections).toMatchObject([{ name: 'crm', document: SQL, problems: [{ code: 'connections.json' }] }]);
    expect(readFileSync(join(dir, 'connections.json'), 'utf8')).toBe('{ "crm": ');
  });
});

describe.skipIf(process.platform === 'win32')('a read-only folder', () => {
  // Rights do not bind root, so the test gives them up for a while.
  async function asNobody(work: () => Promise<void>): Promise<void> {
    const root = process.geteuid?.() === 0;
    chmodSync(dir, 0o555);
    if (root) process.seteuid?.(65_534);
    try {
      await work();
    } finally {
      if (root) process.seteuid?.(0);
      chmodSync(dir, 0o755);
    }
  }
  test('runs what it holds and refuses every change', async () => {
    write(lead());
    const data = folder();
    chmodSync(data, 0o777);
    chmodSync(join(dir, 'lead'), 0o555);
    await asNobody(async () => {
      const { project, host } = await open({
        flowsDir: dir, autoDeploy: true, store: openSqliteStore(join(data, 'store.db')),
        vault: openVault({ dataDir: data, secretKey: 'ab'.repeat(32), random: systemRandom, log: () => undefined }),
      });
      expect(project.readOnly).toBe(true);
      expect(host.calls).toEqual(['deploy lead 1']);
      await failure('files.read-only', project.saveFlow(lead({ name: 'New' }), 1, ANN));
      await failure('files.read-only', project.saveFlow(lead({ id: 'new' }), 0, ANN));
      await failure('files.read-only', project.deleteFlow('lead', ANN));
      await failure('files.read-only', project.saveConnection('crm', SQL, 0, ANN));
      expect(await project.getFlow('lead')).toMatchObject({ version: 1, live: { state: 'live' } });
      await project.stop('lead', ANN);
    });
  });
});
