import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, RunList } from '../../../runtime/api/contract.ts';
import { localServer } from '../../kit/local-server.ts';
import type { LocalServer } from '../../kit/local-server.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
let shop: LocalServer;
beforeAll(async () => {
  if (!chromium) return;
  shop = await localServer((_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'));
  bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
  await shop?.close();
});

/** Each item of an order is sent to a shop; an order without a list of items fails. */
const orders = (id: string, more: Partial<Flow['nodes'][string]> = {}): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], items: [260, 0], shop: [520, 0] },
  nodes: {
    hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, items: { type: 'split', version: 1, name: 'Each item', config: { path: 'payload.items' } },
    shop: { type: 'http-request', version: 1, name: 'Shop', config: { method: 'POST', url: `${shop.url}/${id}` }, ...more },
  },
  wires: [{ from: 'hook.out', to: 'items.in' }, { from: 'items.out', to: 'shop.in' }],
});
const told = async (id: string, more = ''): Promise<RunList> => (await (await fetch(`${bench.url}/api/v1/runs?flow=${id}${more}`)).json()) as RunList;
const calls = (id: string): number => shop.requests.filter(({ url }) => url === `/${id}`).length;
const rows = (tab: Tab) => tab.page.locator('section.view button.row');
const steps = (tab: Tab) => tab.page.locator('section.view ol > li');

async function ran(flow: Flow, bodies: readonly object[], options: Parameters<EditorBench['tab']>[1] = {}, name = 'Runs'): Promise<Tab> {
  await bench.save(flow);
  const tab = await bench.tab(flow.id, options);
  await tab.deploy();
  for (const data of bodies) await tab.page.request.post(`${bench.url}/hook/${flow.id}`, { data });
  await tab.page.locator('.switch').getByRole('button', { name }).click();
  return tab;
}
async function choose(tab: Tab, label: string, name: string | RegExp): Promise<void> {
  await tab.page.locator('.filters').getByLabel(label, { exact: true }).click();
  await tab.page.getByRole('option', { name }).click();
}

test.skipIf(!chromium)('a run shows its path over the nodes with what came in and went out, and is found by its filters', async () => {
  const tab = await ran(orders('path'), [{ phone: '+79001234567', items: ['a', 'b'] }, { items: 5 }]);
  await expect.poll(async () => (await told('path')).counts).toMatchObject({ completed: 1, deadLettered: 1 });
  await expect.poll(() => rows(tab).count()).toBe(2);
  await choose(tab, 'State', /^Completed/);
  await expect.poll(() => rows(tab).count()).toBe(1);
  await rows(tab).first().click();
  await expect.poll(() => steps(tab).count()).toBeGreaterThanOrEqual(4); // accepted, split, and each of two items at the shop
  await steps(tab).filter({ hasText: 'Each item' }).first().getByRole('button').first().click();
  const details = steps(tab).filter({ hasText: 'Each item' }).first().locator('.details');
  await details.getByText('2 messages').waitFor();
  expect(await details.innerText()).not.toContain('1234567');
  await tab.page.getByRole('button', { name: 'Clear filters' }).click();
  await choose(tab, 'Node that failed', 'Failed at Each item');
  await rows(tab).first().getByText('Each item:').waitFor();
  expect(await rows(tab).count()).toBe(1);
  await choose(tab, 'Node that failed', 'Failed at Shop');
  await tab.page.getByText('No run fits').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a replay repeats only what is missing, or everything, and a dry run nothing', async () => {
  const tab = await ran(orders('again'), [{ items: ['a'] }]);
  await expect.poll(async () => (await told('again')).counts.completed).toBe(1);
  expect(calls('again')).toBe(1);
  await rows(tab).first().click();
  const replay = async (mode: RegExp, verb: string, from?: string): Promise<void> => {
    await tab.page.getByRole('button', { name: 'Replay…', exact: true }).click();
    const dialog = tab.page.getByRole('dialog');
    await dialog.getByRole('radio', { name: mode }).check();
    if (from !== undefined) {
      await dialog.getByLabel('From', { exact: true }).click();
      await tab.page.getByRole('option', { name: from }).click();
    }
    await dialog.getByRole('button', { name: verb, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await replay(/^Nothing: a dry run/, 'Dry run');
  await tab.page.getByText('Nothing has happened.').waitFor();
  await steps(tab).getByText('from the record').first().waitFor();
  await tab.page.getByRole('button', { name: 'Back to the path' }).click();
  await replay(/^Only what is missing/, 'Replay');
  await tab.page.getByText('1 run started.').waitFor();
  await expect.poll(async () => (await told('again')).counts.completed).toBe(2);
  expect(calls('again')).toBe(1);
  await replay(/^Everything, under new ids/, 'Do it all again', 'Node Shop');
  await expect.poll(() => calls('again')).toBe(2);
  await tab.page.getByRole('button', { name: 'Show it' }).click();
  await tab.page.locator('.run').getByText('Repeats').waitFor();
  await expect.poll(() => steps(tab).filter({ hasText: 'Each item' }).count()).toBe(0);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a pending run says where it waits and is cancelled after a question', async () => {
  const tab = await ran(orders('stop', { rate: '1/1d' }), [{ items: ['a', 'b', 'c'] }]);
  await rows(tab).first().click();
  await tab.page.getByText('2 messages on their way').waitFor();
  await tab.page.locator('.run').getByRole('button', { name: 'Cancel', exact: true }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click();
  expect((await told('stop', '&state=pending')).runs).toHaveLength(1);
  await tab.page.locator('.run').getByRole('button', { name: 'Cancel', exact: true }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
  await tab.page.getByText('2 pending messages are discarded.').waitFor();
  await tab.page.locator('.run header').getByText('Discarded').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a dead letter leads to the path of its run, and a path to the canvas', async () => {
  const tab = await ran(orders('leads-on'), [{ items: 5 }], {}, 'Dead letters');
  await rows(tab).first().click();
  await tab.page.locator('.letter').getByTitle('Show its path').click();
  await steps(tab).getByText('dead letter').first().waitFor();
  await tab.page.getByRole('button', { name: 'Show on the canvas' }).click();
  await tab.page.getByText('2 nodes selected').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light', 'Runs'], ['ru', 'dark', 'Запуски']] as const)('runs look as they should: %s, %s', async (language, theme, name) => {
  const tab = await ran(orders(`runs-${language}`), [{ items: ['a', 'b'] }, { items: 5 }, { items: ['c'] }], { language, theme }, name);
  await expect.poll(async () => (await told(`runs-${language}`)).counts.completed).toBe(2);
  await expect.poll(() => rows(tab).count()).toBe(3);
  await rows(tab).last().click();
  await steps(tab).nth(1).getByRole('button').first().click();
  await tab.screenshot(`runs-${language}-${theme}`);
  await tab.page.locator('.run .acts button').first().click();
  await tab.page.getByRole('dialog').waitFor();
  await tab.screenshot(`runs-replay-${language}-${theme}`);
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
