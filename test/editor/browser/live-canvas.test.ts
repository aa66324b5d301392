import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../../../runtime/api/contract.ts';
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

/** The first node takes one message a day, so that the others wait before it. */
const slow = (id: string, delivery: Flow['delivery'] = 'durable'): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery, layout: { hook: [0, 0], slow: [300, 0], seen: [600, 0] },
  nodes: { hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, slow: { type: 'split', version: 1, config: { path: 'payload.items' }, rate: '1/1d' }, seen: { type: 'debug', version: 1, config: {} } },
  wires: [{ from: 'hook.out', to: 'slow.in', limit: { messages: 5 }, warnAge: '1s' }, { from: 'slow.out', to: 'seen.in' }],
});
const send = async (tab: Tab, id: string, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await tab.page.request.post(`${bench.url}/hook/${id}`, { data: { items: [i] } });
};
const labels = (tab: Tab) => tab.page.locator('.wire-label-place .label');

async function running(id: string, options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(slow(id));
  const tab = await bench.tab(id, options);
  await tab.deploy();
  return tab;
}

test.skipIf(!chromium)('a wire shows how many wait on it, how old the oldest is, and that it is full', async () => {
  const tab = await running('fills');
  await send(tab, 'fills', 3);
  await labels(tab).getByText(/2 waiting.*oldest \d/s).waitFor();
  expect(await tab.page.locator('.svelte-flow__edge .wire.full').count()).toBe(0);
  await send(tab, 'fills', 3);
  await labels(tab).getByText(/5 waiting, full.*oldest \d/s).waitFor();
  expect(await tab.page.locator('.svelte-flow__edge .wire.full').count()).toBe(1);
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  const now = tab.page.getByRole('region', { name: 'What is on the wire now' });
  await now.getByText('5 of 5').waitFor();
  await now.getByText('The oldest waits longer than it should.').waitFor();
  expect(await now.getByRole('meter').getAttribute('aria-valuenow')).toBe('100');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('the bar says whether messages survive a crash, and what is live still', async () => {
  const tab = await running('modes');
  const badge = tab.page.locator('.bar .delivery');
  expect(await badge.innerText()).toBe('durable');
  await badge.click();
  await tab.page.locator('.inspector [data-field="delivery"]').getByRole('combobox').or(tab.page.locator('.inspector [data-field="delivery"] button')).first().click();
  await tab.page.getByRole('option', { name: 'In memory' }).click();
  await expect.poll(() => badge.innerText()).toMatch(/^in memory\s· live still: durable$/);
  await tab.deploy();
  await expect.poll(() => badge.innerText()).toBe('in memory');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light'], ['ru', 'dark']] as const)('a running canvas looks as it should: %s, %s', async (language, theme) => {
  const tab = await running(`canvas-${language}`, { language, theme });
  await send(tab, `canvas-${language}`, 6);
  await tab.page.locator('.wire-label-place .label.full').waitFor();
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await tab.page.locator('[role=meter]').waitFor();
  await tab.screenshot(`live-canvas-${language}-${theme}`);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

// «4 сообщения ждут своего срока» did not fit under its card.
test.skipIf(!chromium)('what waits for its time is said whole under the card, in Russian too', async () => {
  const { slow: _, ...nodes } = slow('whole').nodes;
  await bench.save({ ...slow('whole'), nodes: { ...nodes, wait: { type: 'delay', version: 1, config: { for: '1h' } } }, layout: { hook: [0, 0], wait: [300, 0], seen: [600, 0] }, wires: [{ from: 'hook.out', to: 'wait.in' }, { from: 'wait.out', to: 'seen.in' }] });
  const tab = await bench.tab('whole', { language: 'ru' });
  await tab.deploy();
  await send(tab, 'whole', 4);
  const state = tab.node('wait').getByText('4 ждут срока');
  await state.waitFor();
  expect(await state.evaluate((each) => each.scrollWidth <= each.clientWidth)).toBe(true);
  await tab.page.close();
});
