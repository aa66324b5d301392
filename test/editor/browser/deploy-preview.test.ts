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

/** The second node takes one message a day, so that the others rest before it. */
const slow = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], slow: [320, 0], seen: [640, 0] },
  nodes: { hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, slow: { type: 'split', version: 1, name: 'Slow', config: { path: 'payload.items' }, rate: '1/1d' }, seen: { type: 'debug', version: 1, name: 'Seen', config: {} } },
  wires: [{ from: 'hook.out', to: 'slow.in' }, { from: 'slow.out', to: 'seen.in' }],
});
async function resting(id: string, options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(slow(id));
  const tab = await bench.tab(id, options);
  await tab.deploy();
  for (let i = 0; i < 4; i++) await tab.page.request.post(`${bench.url}/hook/${id}`, { data: { items: [i] } });
  await tab.page.locator('.wire-label-place .label').getByText(/^3/).waitFor();
  return tab;
}
async function remove(tab: Tab, node: string): Promise<void> {
  await tab.node(node).click();
  await tab.page.keyboard.press('Delete');
}
const ask = async (tab: Tab): Promise<void> => { await tab.page.locator('.bar').getByRole('button', { name: /^(Deploy|Применить)\D*\d/ }).click(); };
const dialog = (tab: Tab) => tab.page.getByRole('dialog');

test.skipIf(!chromium)('before a deploy it says what goes on, and nothing has changed until it is done', async () => {
  const tab = await resting('goes-on');
  await tab.node('seen').getByRole('switch').click();
  await ask(tab);
  await dialog(tab).getByText('1 node restarts').waitFor();
  await dialog(tab).getByText('3 messages go on').waitFor();
  expect(await dialog(tab).getByText(/parked/).count()).toBe(0);
  await dialog(tab).getByRole('button', { name: 'Cancel' }).click();
  expect((await bench.flow('goes-on')).live?.revision).toBe(1);
  await tab.deploy();
  await tab.page.getByText('Live · revision 2').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('messages without a place are named before they are parked, and lead to the dead letters, from where they go to another node', async () => {
  const tab = await resting('parks');
  await remove(tab, 'slow');
  await ask(tab);
  await dialog(tab).getByText('3 messages are parked').waitFor();
  await dialog(tab).getByText('1 node stops').waitFor();
  await dialog(tab).getByRole('button', { name: 'Deploy and park' }).click();
  await tab.page.locator('.result').getByText('3 messages were parked').waitFor();
  await tab.page.getByRole('button', { name: 'Look at them' }).click();
  expect(await tab.page.getByText('3 messages were parked').count()).toBe(0);
  await expect.poll(() => tab.page.locator('section.view button.row').count()).toBe(3);
  // Its name is in the first revision only.
  await tab.page.locator('section.view button.row').first().getByText('Slow (removed)').waitFor();
  await tab.page.locator('section.view button.row').first().click();
  await tab.page.locator('.letter').getByRole('button', { name: 'Resend to another node' }).click();
  await tab.page.getByRole('menuitem', { name: 'Seen' }).click();
  await expect.poll(() => tab.page.locator('section.view button.row').count()).toBe(2);
  await tab.page.locator('section.view .tools').getByRole('button', { name: 'Send 2 to another node' }).click();
  await tab.page.getByRole('menuitem', { name: 'Seen' }).click();
  await tab.page.getByText('2 messages are on their way again.').waitFor();
  await tab.page.getByText('No dead letter fits').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

// The key deployed without a question, whatever became of what waits.
test.skipIf(!chromium)('the key deploys at once, and asks first where messages would be parked', async () => {
  const tab = await resting('by-key');
  await tab.node('seen').getByRole('switch').click();
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('Live · revision 2').waitFor();
  await remove(tab, 'slow');
  await tab.page.keyboard.press('Control+Enter');
  await dialog(tab).getByText('3 messages are parked').waitFor();
  expect((await bench.flow('by-key')).live?.revision).toBe(2);
  await dialog(tab).getByRole('button', { name: 'Deploy and park' }).click();
  await tab.page.getByText('Live · revision 3').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light'], ['ru', 'dark']] as const)('the question before a deploy looks as it should: %s, %s', async (language, theme) => {
  const tab = await resting(`ask-${language}`, { language, theme });
  await tab.node('seen').getByRole('switch').click();
  await remove(tab, 'slow');
  await ask(tab);
  await dialog(tab).locator('.parks').waitFor();
  await tab.screenshot(`deploy-preview-${language}-${theme}`);
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
