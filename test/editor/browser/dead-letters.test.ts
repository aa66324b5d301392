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

/** Orders of one customer stay in order; one without a list of items fails. */
const orders = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], line: [280, 0], items: [560, 0], seen: [840, 0] },
  nodes: {
    hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, line: { type: 'rate-limit', version: 1, config: { count: 100, per: '1s' } },
    items: { type: 'split', version: 1, name: 'Each item', config: { path: 'payload.items' } }, seen: { type: 'debug', version: 1, config: {} },
  },
  wires: [{ from: 'hook.out', to: 'line.in', key: 'payload.customer' }, { from: 'line.out', to: 'items.in' }, { from: 'items.out', to: 'seen.in' }],
});

async function withDeadLetters(id: string, bad: readonly string[], options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(orders(id));
  const tab = await bench.tab(id, options);
  await tab.deploy();
  for (const customer of bad) await tab.page.request.post(`${bench.url}/hook/${id}`, { data: { customer, items: 5, phone: '+79001234567' } });
  await expect.poll(async () => ((await (await fetch(`${bench.url}/api/v1/dead-letters?flow=${id}`)).json()) as { total: number }).total).toBe(bad.length);
  return tab;
}
const show = async (tab: Tab, name = 'Dead letters'): Promise<void> => { await tab.page.locator('.switch').getByRole('button', { name }).click(); };
const letters = (tab: Tab) => tab.page.locator('section.view button.row');

test.skipIf(!chromium)('a person corrects a dead letter and resends it before those that wait behind its key', async () => {
  const tab = await withDeadLetters('correct', ['ada']);
  await tab.page.request.post(`${bench.url}/hook/correct`, { data: { customer: 'ada', items: ['second'] } });
  await show(tab);
  await tab.page.getByText('1 waits').waitFor();
  await letters(tab).first().click();
  await tab.page.locator('.letter').getByRole('button', { name: 'Edit' }).click();
  const editor = tab.page.locator('.letter .cm-content');
  const text = await editor.innerText();
  expect(text).not.toContain('1234567');
  await editor.fill(text.replace('"items": 5', '"items": ["first"]'));
  await tab.page.getByRole('button', { name: 'Save' }).click();
  await tab.page.locator('.row').getByText('Edited').waitFor();
  await tab.page.locator('.held').getByRole('button', { name: 'Resend' }).click();
  await tab.page.getByText('No dead letters').waitFor();
  await tab.page.locator('.switch').getByRole('button', { name: 'Edit' }).click();
  await tab.node('seen').getByText('2 done').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('what was chosen is discarded after a question, and the keys go on', async () => {
  const tab = await withDeadLetters('discard', ['a', 'b', 'c']);
  await show(tab);
  await expect.poll(() => letters(tab).count()).toBe(3);
  for (const at of [0, 1]) await tab.page.locator('section.view li input[type=checkbox]').nth(at).check();
  await tab.page.getByRole('button', { name: 'Discard 2' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
  expect(await letters(tab).count()).toBe(3);
  await tab.page.getByRole('button', { name: 'Discard 2' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await tab.page.getByText('2 dead letters are discarded.').waitFor();
  await expect.poll(() => letters(tab).count()).toBe(1);
  await tab.page.getByText('1 key is held').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('what cannot go back to its node says so, and leads to where it can be sent elsewhere', async () => {
  const tab = await withDeadLetters('gone', ['ada', 'bob']);
  const { items: _, ...nodes } = orders('gone').nodes;
  await bench.save({ ...orders('gone'), nodes, wires: orders('gone').wires.filter(({ from, to }) => !`${from} ${to}`.includes('items.')) });
  await fetch(`${bench.url}/api/v1/flows/gone/deploy`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ version: 2 }) });
  await tab.page.getByText('Live · revision 2').waitFor();
  await show(tab);
  const held = tab.page.locator('.held li').first();
  await held.getByText(/Its node is not in the live revision/).waitFor();
  expect(await held.getByRole('button', { name: 'Resend' }).isDisabled()).toBe(true);
  await tab.page.getByRole('button', { name: 'Resend 2' }).click();
  await tab.page.getByText('2 were refused:').waitFor();
  expect(await tab.page.getByText(/has no node items/).count()).toBe(1);
  await held.getByRole('button', { name: 'Look' }).click();
  await tab.page.locator('.letter').getByRole('button', { name: 'Resend to another node' }).click();
  await tab.page.getByRole('menuitem', { name: /Debug/ }).click();
  await tab.page.getByText('1 message is on its way again.').waitFor();
  await tab.page.getByText('1 key is held').waitFor();
  await tab.page.locator('.held li').getByRole('button', { name: 'Release' }).click();
  await tab.page.getByText(/^The messages of (ada|bob) go on\./).waitFor();
  await tab.screenshot('dead-letters-gone');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('the count at a card leads to the dead letters of its node', async () => {
  const tab = await withDeadLetters('card', ['ada', 'bob']);
  await tab.node('items').getByRole('button', { name: /^2 dead letters/ }).click();
  await expect.poll(() => letters(tab).count()).toBe(2);
  await tab.page.locator('section.view .filter').first().getByText('Each item').waitFor();
  await tab.page.locator('.switch').getByRole('button', { name: 'Dead letters' }).click();
  await tab.page.locator('section.view .filter').first().getByText('All nodes').waitFor();
  await tab.page.locator('.switch').getByRole('button', { name: 'Edit' }).click();
  await tab.screenshot('dead-letters-card');
  await tab.node('line').getByRole('button', { name: /^2 keys held/ }).click();
  await tab.page.getByText('2 keys are held').waitFor();
  expect(await letters(tab).count()).toBe(2);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

// The place of the details scrolled there, and no key could scroll it.
test.skipIf(!chromium)('a narrow and low window keeps everything within reach of keys', async () => {
  const tab = await withDeadLetters('narrow', ['ada', 'bob', 'eve']);
  await tab.page.setViewportSize({ width: 1024, height: 620 });
  await show(tab);
  await expect.poll(() => letters(tab).count()).toBe(3);
  expect(await seriousFindings(tab)).toEqual([]);
  await tab.screenshot('dead-letters-narrow');
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light', 'Dead letters'], ['ru', 'dark', 'Недоставленные']] as const)('dead letters look as they should: %s, %s', async (language, theme, name) => {
  const tab = await withDeadLetters(`look-${language}`, ['ada', 'bob', 'eve'], { language, theme });
  await show(tab, name);
  await letters(tab).first().click();
  await tab.page.locator('.letter').waitFor();
  await tab.screenshot(`dead-letters-${language}-${theme}`);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
