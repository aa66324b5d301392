import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionList, Flow, FlowNode, Wire } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

const flowOf = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], call: [280, 0] },
  nodes: { hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, call: { type: 'http-request', version: 1, config: { method: 'POST', url: 'http://one.test' } } },
  wires: [{ from: 'hook.out', to: 'call.in' }],
});
const field = (tab: Tab, path: string) => tab.page.locator(`.inspector [data-field="${path}"]`);
const saved = async (id: string): Promise<FlowNode | undefined> => (await bench.flow(id)).flow.nodes['call'];
const wire = async (id: string): Promise<Wire | undefined> => (await bench.flow(id)).flow.wires[0];

async function atDelivery(id: string, options: Parameters<EditorBench['tab']>[1] = {}, name = 'Delivery'): Promise<Tab> {
  await bench.save(flowOf(id));
  const tab = await bench.tab(id, options);
  await tab.node('call').click();
  await tab.page.locator('.inspector').getByRole('tab', { name }).click();
  return tab;
}
async function choose(tab: Tab, path: string, name: string): Promise<void> {
  await field(tab, path).getByRole('combobox').or(field(tab, path).locator('button')).last().click();
  await tab.page.getByRole('option', { name }).click();
}

test.skipIf(!chromium)('a node is told how often it may call and what becomes of what fails, and undo takes it back', async () => {
  const tab = await atDelivery('node-delivery');
  await field(tab, '@rate').locator('input').fill('10');
  await tab.page.keyboard.press('Tab');
  await expect.poll(async () => (await saved('node-delivery'))?.rate).toBe('10/1s');
  await choose(tab, '@rate', 'in any minute');
  await expect.poll(async () => (await saved('node-delivery'))?.rate).toBe('10/1m');
  await choose(tab, '@afterDeadLetter', 'Let its key go on');
  await choose(tab, '@onUnknown', 'Call again; it may act twice');
  await field(tab, '@record').getByRole('switch').click();
  await expect.poll(() => saved('node-delivery')).toMatchObject({ rate: '10/1m', afterDeadLetter: 'continue', onUnknown: 'retry', record: true });
  await choose(tab, '@afterDeadLetter', 'Hold its key for a person');
  await expect.poll(async () => Object.keys(await saved('node-delivery') ?? {})).not.toContain('afterDeadLetter');
  await field(tab, '@rate').locator('input').fill('');
  await tab.page.keyboard.press('Tab');
  await expect.poll(async () => Object.keys(await saved('node-delivery') ?? {})).not.toContain('rate');
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await saved('node-delivery'))?.rate).toBe('10/1m');
  expect(await field(tab, '@rate').locator('input').inputValue()).toBe('10');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a wire is told how much it may hold, when to warn and to keep one line', async () => {
  const tab = await atDelivery('wire-delivery');
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  expect(await field(tab, 'limit.bytes').locator('input').getAttribute('placeholder')).toBe('1GB by default');
  await field(tab, 'limit.bytes').locator('input').fill('64MB');
  await field(tab, 'warnAge').locator('input').fill('5m');
  await field(tab, 'order').getByRole('switch').click();
  await expect.poll(() => wire('wire-delivery')).toEqual({ from: 'hook.out', to: 'call.in', limit: { bytes: '64MB' }, warnAge: '5m', order: 'strict' });
  await field(tab, 'warnAge').locator('input').fill('soon');
  await tab.page.keyboard.press('Tab');
  await field(tab, 'warnAge').locator('.problem.error').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a connection is told how often all its nodes together may call', async () => {
  const tab = await atDelivery('connection-delivery');
  const stored = async () => (await (await fetch(`${bench.url}/api/v1/connections`)).json() as ConnectionList).connections.find(({ name }) => name === 'slow-db')?.document;
  const put = await fetch(`${bench.url}/api/v1/connections/slow-db`, { method: 'PUT', headers: { 'content-type': 'application/json', 'if-match': '"0"' }, body: JSON.stringify({ document: { type: 'sql', config: { driver: 'sqlite', file: 'slow.db' }, rate: '3/90s' } }) });
  expect(put.status).toBe(200);
  await tab.page.getByRole('button', { name: 'Connections', exact: true }).first().click();
  await tab.page.locator('.panel').locator('button.row', { hasText: 'slow-db' }).click();
  const rate = tab.page.getByRole('dialog').locator('[data-field="@rate"]');
  await rate.getByText('in any 1.5 min').waitFor();
  await rate.locator('input').fill('20');
  await rate.locator('button').last().click();
  await tab.page.getByRole('option', { name: 'in any minute' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect.poll(stored).toEqual({ type: 'sql', config: { driver: 'sqlite', file: 'slow.db' }, rate: '20/1m' });
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light', 'Delivery'], ['ru', 'dark', 'Доставка']] as const)('delivery looks as it should: %s, %s', async (language, theme, name) => {
  const tab = await atDelivery(`delivery-${language}`, { language, theme }, name);
  await tab.screenshot(`delivery-node-${language}-${theme}`);
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await field(tab, 'limit.bytes').waitFor();
  await tab.screenshot(`delivery-wire-${language}-${theme}`);
  for (const cut of await tab.page.locator('.inspector :is(label, h2, button, .help)').all()) expect(await cut.evaluate((element) => element.scrollWidth <= element.clientWidth + 1 || getComputedStyle(element).display === 'inline')).toBe(true);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
