import { describe, expect, test } from 'vitest';
import { canonicalFlow, canonicalJson } from '../../../runtime/flow/canonical.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { ANN, failure, lead, leadWith, worlds } from './kit.ts';

const { open, again } = worlds();
const codes = (problems: readonly { readonly code: string }[]): string[] => problems.map(({ code }) => code);
const bundle = (flows: readonly unknown[], connections: object = {}): string => JSON.stringify({ format: 'millrace.export/1', flows, connections });
const SQL = { type: 'sql', config: { host: 'db.test', password: { $secret: 'db.password' } } };
const NODE_RED = JSON.stringify([{ id: 't', type: 'tab', label: 'Flow' }, { id: 'a', type: 'inject', z: 't', wires: [['b']] }, { id: 'b', type: 'debug', z: 't', wires: [] }]);

describe('one flow', () => {
  test('is looked at without saving, then saved as a draft that is not live', async () => {
    const { project, host } = await open();
    const text = canonicalFlow(lead({ uses: { crm: 'sql' } }));
    const look = await project.import({ text, mode: 'look' }, ANN);
    expect(look).toMatchObject({ kind: 'millrace', saved: [], missing: [{ name: 'crm', type: 'sql' }], problems: [] });
    expect(look.flows).toMatchObject([{ id: 'lead', name: 'Lead', nodes: 2, exists: false }]);
    expect((await project.listFlows()).flows).toEqual([]);
    expect((await project.import({ text, mode: 'save' }, ANN)).saved).toEqual(['lead']);
    expect(await project.getFlow('lead')).toMatchObject({ version: 1 });
    expect(host.calls).toEqual([]);
  });
  test('comes out byte for byte as it went in, and again after another import', async () => {
    const world = await open();
    const text = canonicalFlow({ ...lead(), 'x-team': { b: 1, a: ['ж', 2] }, notes: { n: { text: 'строка\n"кавычки" 🚀', at: [1.5, -2] } } } as Flow);
    await world.project.import({ text, mode: 'save' }, ANN);
    const out = await world.project.export(['lead']);
    expect(out).toBe(text);
    await world.project.deleteFlow('lead', ANN);
    await world.project.import({ text: out, mode: 'save' }, ANN);
    expect(await (await again(world)).project.export(['lead'])).toBe(text);
  });
  test('may begin with a byte order mark, as a bundle may', async () => {
    const { project } = await open();
    expect((await project.import({ text: `\ufeff${canonicalFlow(lead())}`, mode: 'save' }, ANN)).saved).toEqual(['lead']);
    expect((await project.import({ text: `\ufeff${bundle([lead({ id: 'quote' })])}`, mode: 'save' }, ANN)).saved).toEqual(['quote']);
  });
  test('whose id is taken is not saved, unless it gets another one', async () => {
    const { project } = await open();
    await project.saveFlow(lead({ name: 'Mine' }), 0, ANN);
    const text = canonicalFlow(lead());
    expect(await project.import({ text, mode: 'save' }, ANN)).toMatchObject({ saved: [], flows: [{ id: 'lead', exists: true }] });
    expect(await project.import({ text, mode: 'save', rename: { lead: 'lead-2' } }, ANN)).toMatchObject({ saved: ['lead-2'], flows: [{ id: 'lead-2', exists: false }] });
    expect((await project.listFlows()).flows.map(({ id, name }) => `${id} ${name}`)).toEqual(['lead Mine', 'lead-2 Lead']);
  });
  test('with an id that cannot be one is answered with the problem', async () => {
    const { project } = await open();
    for (const id of ['../x', 'Lead', '']) {
      const answer = await project.import({ text: canonicalFlow(lead()), mode: 'save', rename: { lead: id } }, ANN);
      expect(answer.saved).toEqual([]);
      expect(answer.problems.length).toBeGreaterThan(0);
    }
  });
  test('with a literal secret is shown with the problem and never saved', async () => {
    const { project } = await open();
    const text = JSON.stringify(leadWith({ token: 'hunter-2' }));
    expect(codes((await project.import({ text, mode: 'look' }, ANN)).flows[0]?.problems ?? [])).toContain('field.secret-literal');
    expect(JSON.stringify(await failure('secret.literal', project.import({ text, mode: 'save' }, ANN)))).not.toContain('hunter-2');
    expect((await project.listFlows()).flows).toEqual([]);
  });
});

describe('several flows', () => {
  test('go out with the connections they use, and come back into another project byte for byte', async () => {
    const world = await open();
    await world.project.saveConnection('crm', SQL, 0, ANN);
    await world.project.saveConnection('spare', SQL, 0, ANN);
    await world.project.saveSecret('db.password', 'hunter-2', ANN);
    await world.project.saveFlow(lead({ uses: { crm: 'sql' } }), 0, ANN);
    await world.project.saveFlow(lead({ id: 'quote' }), 0, ANN);
    const out = await world.project.export(['quote', 'lead', 'lead']);
    expect(out).toBe(canonicalJson(JSON.parse(out)));
    expect(JSON.parse(out)).toMatchObject({ format: 'millrace.export/1', flows: [{ id: 'lead' }, { id: 'quote' }], connections: { crm: SQL } });
    expect(Object.keys((JSON.parse(out) as { connections: object }).connections)).toEqual(['crm']);
    expect(out).not.toContain('hunter-2');
    const all = await world.project.export([]);
    expect(Object.keys((JSON.parse(all) as { connections: object }).connections)).toEqual(['crm', 'spare']);

    for (const id of ['lead', 'quote']) await world.project.deleteFlow(id, ANN);
    for (const name of ['crm', 'spare']) await world.project.deleteConnection(name, ANN);
    expect(await world.project.import({ text: out, mode: 'look' }, ANN)).toMatchObject({ missing: [], flows: [{ problems: [] }, { problems: [] }] });
    expect((await world.project.import({ text: out, mode: 'save' }, ANN)).saved).toEqual(['lead', 'quote']);
    expect(await world.project.export(['lead', 'quote'])).toBe(out);
  });
  test('leave a connection as it is that the project has already', async () => {
    const { project } = await open();
    await project.saveConnection('crm', { type: 'sql', config: { host: 'production.test' } }, 0, ANN);
    await project.import({ text: bundle([lead({ uses: { crm: 'sql' } })], { crm: SQL }), mode: 'save' }, ANN);
    expect(await project.connection('crm')).toEqual({ type: 'sql', config: { host: 'production.test' } });
  });
  test('are saved all or not at all', async () => {
    const { project } = await open();
    for (const text of [bundle([lead(), { ...lead({ id: 'quote' }), nodes: 5 }]), bundle([lead(), lead()]), bundle([lead()], { crm: 5 })]) {
      expect((await project.import({ text, mode: 'save' }, ANN)).saved).toEqual([]);
    }
    await failure('secret.literal', project.import({ text: bundle([lead(), leadWith({ token: 'x' }, { id: 'quote' })]), mode: 'save' }, ANN));
    await failure('secret.literal', project.import({ text: bundle([lead()], { aaa: SQL, crm: { type: 'sql', config: { password: 'x' } } }), mode: 'save' }, ANN));
    expect((await project.listFlows()).flows).toEqual([]);
    expect(await project.listConnections()).toEqual({ connections: [] });
  });
});

describe('what is no flow', () => {
  test('Node-RED is recognised, and its types are listed as not yet supported', async () => {
    const { project } = await open();
    const answer = await project.import({ text: NODE_RED, mode: 'save' }, ANN);
    expect(answer).toMatchObject({ kind: 'node-red', flows: [], saved: [] });
    expect(answer.problems.map(({ message }) => message.en).join()).toMatch(/inject.*debug|debug.*inject/);
  });
  test('anything else is unknown, with the reason', async () => {
    const { project } = await open();
    for (const text of ['', '{', 'hello', '[]', '5', 'null', '{"a":1}', '{"format":"millrace.export/2"}', '{"format":"millrace.flow/9"}']) {
      const answer = await project.import({ text, mode: 'save' }, ANN);
      expect([answer.kind, answer.saved]).toEqual(['unknown', []]);
      expect(answer.problems.length).toBeGreaterThan(0);
    }
  });
  test('a flow that is nearly one is named as such, with all its problems', async () => {
    const { project } = await open();
    const answer = await project.import({ text: JSON.stringify({ ...lead(), wires: 'none', delivery: 'soon' }), mode: 'save' }, ANN);
    expect(answer).toMatchObject({ kind: 'millrace', flows: [], saved: [] });
    expect(answer.problems.length).toBeGreaterThan(1);
  });
  test('a bundle without flows is answered with a problem', async () => {
    const { project } = await open();
    for (const text of ['{"format":"millrace.export/1"}', '{"format":"millrace.export/1","flows":5}']) {
      expect((await project.import({ text, mode: 'save' }, ANN)).problems.length).toBeGreaterThan(0);
    }
  });
});
