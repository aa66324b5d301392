import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

const first = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], limit: [260, 0], old: [260, 140] },
  nodes: { hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, limit: { type: 'rate-limit', version: 1, config: { count: 10, per: '1s' } }, old: { type: 'debug', version: 1, name: 'Old look', config: {} } },
  wires: [{ from: 'hook.out', to: 'limit.in' }, { from: 'hook.out', to: 'old.in' }],
});
function second(id: string): Flow {
  const { old: _, ...nodes } = first(id).nodes;
  return {
    ...first(id), layout: { hook: [0, 0], limit: [260, 0], seen: [520, 0] },
    nodes: { ...nodes, limit: { type: 'rate-limit', version: 1, config: { count: 25, per: '1s' } }, seen: { type: 'debug', version: 1, name: 'New look', config: {} } },
    wires: [{ from: 'hook.out', to: 'limit.in' }, { from: 'limit.out', to: 'seen.in' }],
  };
}
async function deploy(flow: Flow): Promise<void> {
  await bench.save(flow);
  const { version } = await bench.flow(flow.id);
  const answer = await fetch(`${bench.url}/api/v1/flows/${flow.id}/deploy`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ version }) });
  expect(answer.status).toBe(200);
}
async function twice(id: string, options: Parameters<EditorBench['tab']>[1] = {}, name = 'Revisions'): Promise<Tab> {
  await deploy(first(id));
  await deploy(second(id));
  const tab = await bench.tab(id, options);
  await tab.page.locator('.switch').getByRole('button', { name }).click();
  return tab;
}
const rows = (tab: Tab) => tab.page.locator('section.view button.row');

// In a low window the words were written over the drawing.
test.skipIf(!chromium)('in a low window the words stand under the drawing', async () => {
  const tab = await twice('low');
  await tab.page.setViewportSize({ width: 1440, height: 420 });
  await rows(tab).first().click();
  const drawing = await tab.page.getByRole('group', { name: 'What changed, drawn' }).boundingBox();
  const words = await tab.page.locator('.details li').first().boundingBox();
  expect(words?.y).toBeGreaterThanOrEqual((drawing?.y ?? 0) + (drawing?.height ?? Infinity));
  await tab.page.close();
});

test.skipIf(!chromium)('a revision shows what it changed, drawn and in words', async () => {
  const tab = await twice('compare');
  await expect.poll(() => rows(tab).count()).toBe(2);
  await rows(tab).first().click();
  const drawing = tab.page.getByRole('group', { name: 'What changed, drawn' });
  await drawing.getByRole('img', { name: 'New look: added' }).waitFor();
  await drawing.getByRole('img', { name: 'Old look: removed' }).waitFor();
  await drawing.getByRole('img', { name: 'Rate limit: changed' }).click();
  const change = tab.page.locator('.details li.picked');
  expect(await change.locator('.before').innerText()).toBe('10');
  expect(await change.locator('.after').innerText()).toBe('25');
  await rows(tab).last().click();
  await drawing.getByRole('img', { name: 'Old look: added' }).waitFor();
  await tab.page.getByLabel('Compared with').click();
  await tab.page.getByRole('option', { name: 'Beside what is live (2)' }).click();
  await drawing.getByRole('img', { name: 'New look: removed' }).waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a person goes back to an earlier revision, and the draft stays', async () => {
  const tab = await twice('back');
  await rows(tab).last().click();
  await tab.page.getByRole('button', { name: 'Go back to revision 1' }).click();
  // What it would do stands there before it is done, as before a deploy.
  expect(await tab.page.getByRole('dialog').locator('dl').innerText()).toMatch(/1 node starts\s+Old look\s+1 node restarts\s+Rate limit\s+1 node stops\s+New look\s+1 node goes on/);
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  expect((await bench.flow('back')).live?.revision).toBe(2);
  await tab.page.getByRole('button', { name: 'Go back to revision 1' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await tab.page.getByText('Deployed: revision 3').waitFor();
  await expect.poll(() => rows(tab).first().innerText()).toMatch(/Revision 3\s+live/);
  const { live, flow } = await bench.flow('back');
  expect([Object.keys(live?.flow.nodes ?? {}), Object.keys(flow.nodes)]).toEqual([['hook', 'limit', 'old'], ['hook', 'limit', 'seen']]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light', 'Revisions'], ['ru', 'dark', 'Ревизии']] as const)('revisions look as they should: %s, %s', async (language, theme, name) => {
  const tab = await twice(`rev-${language}`, { language, theme }, name);
  await rows(tab).first().click();
  await tab.page.locator('.details svg').first().waitFor();
  await tab.screenshot(`revisions-${language}-${theme}`);
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
