import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalFlow, canonicalJson } from '../../../runtime/flow/canonical.ts';
import type { Flow } from '../../../runtime/flow/flow.ts';
import { ANN, lead, worlds } from './kit.ts';

const { open, again, folder } = worlds();
const SQL = { type: 'sql', config: { host: 'db.test' } };

function examples(...flows: (Flow | [string, string])[]): string {
  const dir = folder();
  for (const flow of flows) {
    const [id, text] = Array.isArray(flow) ? flow : [flow.id, canonicalFlow(flow)];
    mkdirSync(join(dir, id));
    writeFileSync(join(dir, id, 'flow.json'), text);
  }
  writeFileSync(join(dir, 'connections.json'), canonicalJson({ crm: SQL }));
  return dir;
}

test('the first start brings the examples with their connections, and runs lead-capture', async () => {
  const world = await open({ examplesDir: examples(lead({ id: 'lead-capture', uses: { crm: 'sql' } }), lead({ id: 'quote' })) });
  expect((await world.project.listFlows()).flows.map(({ id, live, problems }) => [id, live?.state, problems])).toEqual([['lead-capture', 'live', 0], ['quote', undefined, 0]]);
  expect(await world.project.connection('crm')).toEqual(SQL);
  expect(world.host.calls).toEqual(['changed crm', 'deploy lead-capture 1']);
});

test('an example comes out of an export byte for byte as it was shipped', async () => {
  const flow = lead({ id: 'lead-capture' });
  const { project } = await open({ examplesDir: examples(flow) });
  expect(await project.export(['lead-capture'])).toBe(canonicalFlow(flow));
});

test('a second start brings nothing back that was deleted', async () => {
  const examplesDir = examples(lead({ id: 'lead-capture' }));
  const world = await open({ examplesDir });
  await world.project.deleteFlow('lead-capture', ANN);
  await world.project.deleteConnection('crm', ANN);
  const next = await again(world, { examplesDir });
  expect((await next.project.listFlows()).flows).toEqual([]);
  expect(next.host.calls).toEqual([]);
});

test('a project with a flows folder gets no examples', async () => {
  const { project } = await open({ examplesDir: examples(lead()), flowsDir: folder() });
  expect((await project.listFlows()).flows).toEqual([]);
});

test('a missing folder of examples, or a broken example, does not keep Millrace from starting', async () => {
  const world = await open({ examplesDir: join(folder(), 'none') });
  expect((await world.project.listFlows()).flows).toEqual([]);
  const next = await again(world, { examplesDir: examples(['broken', '{'], lead({ id: 'lead-capture' })) });
  expect((await next.project.listFlows()).flows).toMatchObject([{ id: 'lead-capture', live: { state: 'live' } }]);
});
