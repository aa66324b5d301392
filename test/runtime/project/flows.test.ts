import { describe, expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { canonicalFlow } from '../../../runtime/flow/canonical.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { RecordingHost } from '../../kit/recording-host.ts';
import { ANN, BOB, failure, lead, leadWith, worlds, type World } from './kit.ts';

const { open, again } = worlds();
const codes = (problems: readonly { readonly code: string }[]): string[] => problems.map(({ code }) => code);
async function deployed(flow = lead()): Promise<World> {
  const world = await open();
  await world.project.saveFlow(flow, 0, ANN);
  await world.project.deploy(flow.id, 1, ANN);
  return world;
}

describe('drafts', () => {
  test('a saved flow is read back with its version, and told of', async () => {
    const { project, changes } = await open();
    expect(await project.saveFlow(lead(), 0, ANN)).toEqual({ version: 1, problems: [] });
    expect(await project.getFlow('lead')).toEqual({ flow: lead(), version: 1, problems: [] });
    expect(await project.saveFlow(lead({ name: 'Leads' }), 1, BOB)).toMatchObject({ version: 2 });
    expect(changes).toEqual([{ kind: 'flows', id: 'lead', version: 1, by: 'ann' }, { kind: 'flow', id: 'lead', version: 2, by: 'bob' }]);
  });
  test('keys that the format does not know survive', async () => {
    const { project } = await open();
    const flow = { ...lead(), 'x-team': { owner: 'sales' } } as Flow;
    await project.saveFlow(flow, 0, ANN);
    expect((await project.getFlow('lead')).flow).toEqual(flow);
  });
  test('a save from a stale tab is refused, says who was first, and loses nothing', async () => {
    const { project } = await open();
    await project.saveFlow(lead(), 0, ANN);
    await project.saveFlow(lead({ name: 'By Bob' }), 1, BOB);
    const refused = await failure('flow.stale', project.saveFlow(lead({ name: 'By Ann' }), 1, ANN));
    expect(refused.details).toMatchObject({ flow: 'lead', version: 2, by: 'bob' });
    expect((await project.getFlow('lead')).flow.name).toBe('By Bob');
    await failure('flow.stale', project.saveFlow(lead(), 0, ANN));
  });
  test('saving what is stored already makes no new version', async () => {
    const { project } = await open();
    await project.saveFlow(lead(), 0, ANN);
    expect(await project.saveFlow(lead(), 1, ANN)).toMatchObject({ version: 1 });
    expect(await project.audit(9)).toHaveLength(1);
  });
  test('a draft with problems is saved, and its problems are answered', async () => {
    const { project } = await open();
    const flow = { ...lead(), wires: [{ from: 'form.out', to: 'nobody.in' }] };
    expect(codes((await project.saveFlow(flow, 0, ANN)).problems)).toEqual(['wire.dangling']);
    expect(codes((await project.getFlow('lead')).problems)).toEqual(['wire.dangling']);
    expect((await project.listFlows()).flows).toMatchObject([{ id: 'lead', problems: 1, changed: false }]);
  });
  test('one node is read into a flow of its own as it is sent, not as it was saved, or refused with what keeps it from running', async () => {
    const { project } = await open();
    await project.saveFlow({ ...lead(), env: { REGION: { type: 'text' } } }, 0, ANN);
    const document = { type: 'call', version: 1, config: { url: 'https://other.test' } };
    expect(await project.withOnly('lead', 'call', document)).toMatchObject({ id: 'lead', env: { REGION: { type: 'text' } }, nodes: { call: document }, wires: [] });
    expect((await project.getFlow('lead')).flow.nodes).toHaveProperty('form');
    expect(codes((await failure('flow.invalid', project.withOnly('lead', 'call', { ...document, config: { times: 'often' } }))).problems)).toEqual(['field.type']);
    expect((await failure('flow.invalid', project.withOnly('lead', 'call', { type: 5 }))).problems.length).toBeGreaterThan(0);
    await failure('flow.not-found', project.withOnly('none', 'call', document));
  });
  test('what is no flow at all is refused with every problem', async () => {
    const { project } = await open();
    for (const value of [null, 5, [], {}, { ...lead(), id: '../../etc' }, { ...lead(), nodes: 'none' }, { ...lead(), nodes: { A: 1 }, wires: 2 }]) {
      const refused = await failure('flow.invalid', project.saveFlow(value as unknown as Flow, 0, ANN));
      expect(refused.problems.length).toBeGreaterThan(0);
    }
    await failure('flow.id', project.saveFlow(lead({ id: `a${'b'.repeat(limits.flowIdMax)}` }), 0, ANN));
    expect((await project.listFlows()).flows).toEqual([]);
  });
  test('a flow that is not there is not found by anything', async () => {
    const { project } = await open();
    for (const work of [project.getFlow('none'), project.deploy('none', 1, ANN), project.stop('none', ANN), project.start('none', ANN), project.rollback('none', 1, ANN),
      project.revisions('none'), project.getRevision('none', 1), project.deleteFlow('none', ANN), project.restoreFlow('none', ANN), project.export(['none']), project.getFlow('../x')]) {
      await failure('flow.not-found', work);
    }
  });
});

describe('deploy', () => {
  test('makes the draft of that version the next revision and runs it', async () => {
    const { project, host, changes } = await deployed();
    expect(host.calls).toEqual(['deploy lead 1']);
    await project.saveFlow(lead({ name: 'Leads' }), 1, ANN);
    expect((await project.listFlows()).flows).toMatchObject([{ changed: true, live: { revision: 1, state: 'live' } }]);
    expect(await project.deploy('lead', 2, BOB)).toMatchObject({ revision: 2, state: 'live', started: ['call', 'form'] });
    expect(await project.getFlow('lead')).toMatchObject({ live: { revision: 2, state: 'live', flow: { name: 'Leads' } } });
    expect((await project.listFlows()).flows).toMatchObject([{ changed: false }]);
    expect(await project.revisions('lead')).toMatchObject([{ revision: 2, by: 'bob' }, { revision: 1, by: 'ann' }]);
    expect(changes.at(-1)).toEqual({ kind: 'deploy', id: 'lead', by: 'bob' });
  });
  test('of a version that is not the newest is refused', async () => {
    const { project, host } = await deployed();
    await project.saveFlow(lead({ name: 'Leads' }), 1, BOB);
    expect((await failure('flow.stale', project.deploy('lead', 1, ANN))).details).toMatchObject({ version: 2, by: 'bob' });
    expect(host.calls).toEqual(['deploy lead 1']);
  });
  test('of what is live already keeps the revision', async () => {
    const { project, host } = await deployed();
    expect(await project.deploy('lead', 1, ANN)).toMatchObject({ revision: 1 });
    expect(await project.revisions('lead')).toHaveLength(1);
    expect(host.calls).toEqual(['deploy lead 1', 'deploy lead 1']);
  });
  test('is refused with all problems when the document cannot be meant so, and what runs goes on', async () => {
    const { project, host } = await deployed();
    const broken = leadWith({ times: 'many' }, { wires: [{ from: 'form.out', to: 'call.in' }, { from: 'form.other', to: 'gone.in' }] });
    await project.saveFlow(broken, 1, ANN);
    const refused = await failure('flow.invalid', project.deploy('lead', 2, ANN));
    expect(codes(refused.problems).toSorted()).toEqual(['field.type', 'wire.dangling', 'wire.dangling']);
    expect(host.calls).toEqual(['deploy lead 1']);
    expect(await project.getFlow('lead')).toMatchObject({ live: { revision: 1, state: 'live' } });
  });
  test('goes on when one node cannot start, and reports that node', async () => {
    const world = await open();
    const nodes = { ...lead().nodes, odd: { type: 'from-a-plugin', version: 1, config: {} }, late: { type: 'call', version: 9, config: {} }, bad: { type: 'call', version: 1, config: { times: 'many', db: 'crm' } } };
    await world.project.saveFlow(lead({ nodes, uses: { crm: 'sql' } }), 0, ANN);
    const answer = await world.project.deploy('lead', 1, ANN);
    expect(answer.state).toBe('live');
    expect(answer.problems.map(({ code, where }) => [code, where.node ?? where.connection])).toEqual([
      ['field.type', 'bad'], ['flow.newer-version', 'late'], ['flow.unknown-type', 'odd'], ['flow.connection-missing', 'crm'],
    ]);
    expect(world.host.calls).toEqual(['deploy lead 1']);
  });
  test('adds what only the host found, and repeats nothing', async () => {
    const world = await open();
    world.host.onDeploy = () => [
      { code: 'flow.unknown-type', level: 'error', where: { flow: 'lead', node: 'odd' }, message: { en: 'again', ru: 'опять' }, fix: { en: '', ru: '' } },
      { code: 'http.path-taken', level: 'error', where: { flow: 'lead', node: 'form' }, message: { en: 'taken', ru: 'занят' }, fix: { en: '', ru: '' } },
    ];
    await world.project.saveFlow(lead({ nodes: { ...lead().nodes, odd: { type: 'odd', version: 1, config: {} } } }), 0, ANN);
    expect(codes((await world.project.deploy('lead', 1, ANN)).problems)).toEqual(['flow.unknown-type', 'http.path-taken']);
  });
  test('that the host cannot do leaves the revision that runs the one that a restart runs', async () => {
    const { project, host, store } = await deployed();
    await project.saveFlow(lead({ name: 'Leads' }), 1, ANN);
    host.onDeploy = () => { throw new Error('the journal is full'); };
    await expect(project.deploy('lead', 2, ANN)).rejects.toThrow('the journal is full');
    expect(await store.findLive('lead')).toEqual({ revision: 1, enabled: true });
  });
  test('of one flow waits for the one before it', async () => {
    const { project, host } = await deployed();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => { release = resolve; });
    host.onDeploy = async () => { await held; return []; };
    const first = project.deploy('lead', 1, ANN);
    const second = project.stop('lead', BOB);
    await project.listFlows();
    expect(host.calls).toEqual(['deploy lead 1', 'deploy lead 1']);
    release();
    await Promise.all([first, second]);
    expect(host.calls).toEqual(['deploy lead 1', 'deploy lead 1', 'stop lead']);
  });
});

describe('stop, start and rollback', () => {
  test('a stopped flow stays stopped over a restart, and starts on its revision', async () => {
    const world = await deployed();
    await world.project.stop('lead', BOB);
    expect((await world.project.listFlows()).flows).toMatchObject([{ live: { revision: 1, state: 'stopped' } }]);
    const next = await again(world);
    expect(next.host.calls).toEqual(['know lead']);
    expect(await next.project.start('lead', ANN)).toMatchObject({ revision: 1, state: 'live' });
    expect(next.host.calls).toEqual(['know lead', 'deploy lead 1']);
  });
  test('what was never deployed can neither start nor stop', async () => {
    const { project } = await open();
    await project.saveFlow(lead(), 0, ANN);
    await failure('flow.never-deployed', project.start('lead', ANN));
    await failure('flow.never-deployed', project.stop('lead', ANN));
  });
  test('a preview says what would come, for the version that was seen, and changes nothing', async () => {
    const { project, host } = await deployed();
    await project.saveFlow({ ...lead(), name: 'Other' }, 1, BOB);
    await failure('flow.stale', project.previewDeploy('lead', 1));
    expect(await project.previewDeploy('lead', 2)).toMatchObject({ refused: false, started: ['call', 'form'] });
    expect(host.calls).toEqual(['deploy lead 1']);
    expect((await project.getFlow('lead')).live).toMatchObject({ revision: 1 });
  });
  test('a rollback is a deploy of the old text under a new number, and leaves the draft alone', async () => {
    const { project, host } = await deployed();
    await project.saveFlow(lead({ name: 'Leads' }), 1, ANN);
    await project.deploy('lead', 2, ANN);
    expect(await project.previewRollback('lead', 1)).toMatchObject({ refused: false, started: ['call', 'form'] });
    expect(host.flows.get('lead')?.flow.name).toBe('Leads');
    expect(await project.rollback('lead', 1, BOB)).toMatchObject({ revision: 3, state: 'live' });
    expect(host.flows.get('lead')?.flow.name).toBe('Lead');
    expect(await project.getFlow('lead')).toMatchObject({ flow: { name: 'Leads' }, live: { revision: 3 } });
    expect((await project.getRevision('lead', 2)).name).toBe('Leads');
    await failure('revision.not-found', project.rollback('lead', 9, BOB));
  });
});

describe('a restart', () => {
  test('runs every live flow again from its stored revision, not from its draft', async () => {
    const world = await deployed();
    await world.project.saveFlow(lead({ name: 'Half done' }), 1, ANN);
    const next = await again(world);
    expect(next.host.calls).toEqual(['deploy lead 1']);
    expect(next.host.flows.get('lead')?.flow.name).toBe('Lead');
    expect((await next.project.getFlow('lead')).flow.name).toBe('Half done');
  });
  test('a flow that fails to start shows as failed and does not stop the others', async () => {
    const world = await deployed();
    for (const id of ['aaa', 'zzz']) {
      await world.project.saveFlow(lead({ id }), 0, ANN);
      await world.project.deploy(id, 1, ANN);
    }
    const host = new RecordingHost();
    host.onDeploy = ({ id }) => { if (id === 'lead') throw new Error('no such thing'); return []; };
    const next = await again(world, { host });
    expect((await next.project.listFlows()).flows.map(({ id, live }) => [id, live?.state])).toEqual([['aaa', 'live'], ['lead', 'failed'], ['zzz', 'live']]);
    expect(next.log.filter((line) => line.startsWith('error'))).toEqual([expect.stringContaining('starting the flow lead, revision 1: no such thing')]);
  });
  test('tells what keeps runs from going on on an earlier revision: in the log, and with the flow as long as it is so', async () => {
    const world = await deployed();
    const host = new RecordingHost();
    const earlier = { code: 'flow.earlier-revision', level: 'warning', where: { flow: 'lead' }, message: { en: 'runs that began on revision 1', ru: 'запуски' }, fix: { en: '', ru: '' } } as const;
    host.onDeploy = () => [earlier];
    const next = await again(world, { host });
    expect(next.log.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining('starting the flow lead, revision 1: runs that began on revision 1')]);
    expect((await next.project.getFlow('lead')).problems).toEqual([earlier]);
    expect((await next.project.saveFlow(lead({ name: 'Next' }), 1, ANN)).problems).toEqual([earlier]);
    host.onDeploy = () => [];
    await next.project.deploy('lead', 2, ANN);
    expect((await next.project.getFlow('lead')).problems).toEqual([]);
  });
  test('a revision that nobody can read does not stop the others', async () => {
    const world = await deployed();
    await world.store.saveDraft('odd', { text: '{', expected: 0, by: 'ann', at: 1 });
    await world.store.addRevision('odd', { text: '{', by: 'ann', at: 1 });
    await world.store.setLive('odd', { revision: 1, enabled: true });
    const next = await again(world);
    expect(next.host.calls).toEqual(['deploy lead 1']);
    expect((await failure('flow.invalid', next.project.getFlow('odd'))).problems).not.toEqual([]);
  });
});

describe('a deleted flow', () => {
  test('is stopped, leaves the list, and comes back stopped and whole', async () => {
    const { project, host } = await deployed();
    await project.deleteFlow('lead', BOB);
    expect(host.calls).toEqual(['deploy lead 1', 'stop lead', 'forget lead']);
    expect((await project.listFlows()).flows).toEqual([]);
    await project.restoreFlow('lead', ANN);
    expect(host.calls.at(-1)).toBe('know lead');
    expect(await project.getFlow('lead')).toMatchObject({ flow: lead(), version: 1, live: { revision: 1, state: 'stopped' } });
    expect(await project.start('lead', ANN)).toMatchObject({ state: 'live' });
    await failure('flow.not-found', project.restoreFlow('lead', ANN));
  });
  test('does not start again at a restart', async () => {
    const world = await deployed();
    await world.project.deleteFlow('lead', ANN);
    expect((await again(world)).host.calls).toEqual([]);
  });
  test('is forgotten after 30 days, and only then what rests in it', async () => {
    const { project, host, clock, store } = await deployed();
    await project.deleteFlow('lead', ANN);
    await clock.advance(limits.deletedKeptMs - 1);
    await project.tidy();
    expect(host.calls).not.toContain('remove lead');
    await clock.advance(2);
    await project.tidy();
    expect(host.calls.at(-1)).toBe('remove lead');
    expect((await project.audit(1))[0]).toMatchObject({ action: 'flow.forget', subject: 'lead', details: expect.stringContaining('3 pending messages and 1 dead letters') });
    expect(await store.listRevisions('lead', 9)).toEqual([]);
    await failure('flow.not-found', project.restoreFlow('lead', ANN));
  });
  test('goes on where it was when a flow of its id is made anew', async () => {
    const { project } = await deployed();
    await project.deleteFlow('lead', ANN);
    await failure('flow.stale', project.saveFlow(lead(), 1, ANN));
    expect(await project.saveFlow(lead({ name: 'Anew' }), 0, ANN)).toMatchObject({ version: 2 });
    expect(await project.getFlow('lead')).toMatchObject({ flow: { name: 'Anew' }, live: { revision: 1, state: 'stopped' } });
    expect(await project.deploy('lead', 2, ANN)).toMatchObject({ revision: 2 });
  });
  test('does not shine through when a flow of the same id is made after it is forgotten', async () => {
    const { project, clock } = await deployed();
    await project.deleteFlow('lead', ANN);
    await clock.advance(limits.deletedKeptMs + 1);
    await project.tidy();
    await project.saveFlow(lead({ name: 'Second life' }), 0, ANN);
    expect(await project.getFlow('lead')).toMatchObject({ flow: { name: 'Second life' }, version: 1 });
    await project.deploy('lead', 1, ANN);
    expect(await project.getFlow('lead')).toMatchObject({ live: { revision: 1, flow: { name: 'Second life' } } });
  });
});

test('the audit log says who did what, and holds no values', async () => {
  const { project } = await deployed(leadWith({ url: 'https://secret-host.test' }));
  await project.stop('lead', BOB);
  await project.saveSecret('token', 'the-value', ANN);
  await project.saveEnv('REGION', 'the-region', ANN);
  expect((await project.audit(9)).map(({ by, action, subject }) => `${by} ${action} ${subject}`)).toEqual([
    'ann env.save REGION', 'ann secret.save token', 'bob flow.stop lead', 'ann flow.deploy lead', 'ann flow.save lead',
  ]);
  expect(JSON.stringify(await project.audit(9))).not.toMatch(/the-value|the-region|secret-host/);
});

test('what is stored is the canonical text', async () => {
  const { store, project } = await open();
  await project.saveFlow(lead(), 0, ANN);
  expect((await store.findDraft('lead'))?.text).toBe(canonicalFlow(lead()));
});

test('a flow that ended the process again and again starts stopped, says why, and runs again when a person starts it', async () => {
  const before = await deployed();
  const host = new RecordingHost();
  host.blames.set('lead', 3);
  const { project, log, store } = await again(before, { host });
  expect([host.live('lead'), host.calls]).toEqual([undefined, ['know lead']]);
  const stopped = { live: { state: 'stopped', reason: { en: expect.stringContaining('3 messages'), ru: expect.any(String) } } };
  expect((await project.listFlows()).flows).toMatchObject([stopped]);
  expect(await project.getFlow('lead')).toMatchObject(stopped);
  expect(log.join()).toContain('the flow lead starts stopped');
  expect((await store.listAudit(1))[0]).toMatchObject({ action: 'flow.stop', by: 'start', subject: 'lead' });
  await project.start('lead', ANN);
  const [flow] = (await project.listFlows()).flows;
  expect(flow?.live).toEqual({ revision: 1, state: 'live' });
});

test('a flow that was stopped by itself still says why after the next start, until a person starts it', async () => {
  const before = await deployed();
  const host = new RecordingHost();
  host.blames.set('lead', 3);
  const blamed = await again(before, { host });
  const { project } = await again(blamed, { host: new RecordingHost() });
  expect((await project.listFlows()).flows[0]?.live).toMatchObject({ state: 'stopped', reason: { en: expect.stringContaining('3 messages') } });
  await project.start('lead', ANN);
  expect((await project.listFlows()).flows[0]?.live).toEqual({ revision: 1, state: 'live' });
  await project.stop('lead', ANN);
  expect((await project.listFlows()).flows[0]?.live).toEqual({ revision: 1, state: 'stopped' });
});
