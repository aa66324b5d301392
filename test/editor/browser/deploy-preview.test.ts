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

const counting = (id: string, code: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'memory', layout: { inject: [0, 0], fn: [280, 0] },
  nodes: { inject: { type: 'inject', version: 1, config: {} }, fn: { type: 'function', version: 1, name: 'Count', config: { code } } }, wires: [{ from: 'inject.out', to: 'fn.in' }],
});
async function type(tab: Tab, code: string): Promise<void> {
  await tab.node('fn').click();
  await tab.page.locator('.inspector [data-field="code"] .cm-content').click();
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.insertText(code);
}
const REASON = 'The code cannot be read at line 2, column 7: unexpected token `{`.';

test.skipIf(!chromium)('code that cannot be read stands at its node and among the problems while it is written, and is deployed only when a person says so', async () => {
  await bench.save(counting('unreadable', 'return msg;'));
  const tab = await bench.tab('unreadable');
  await tab.deploy();
  await type(tab, 'const a = 1;\nif (a {');
  await tab.node('fn').getByText(/cannot be read/).waitFor();
  await tab.page.locator('.inspector [data-field="code"]').getByText(REASON).waitFor();
  await tab.page.keyboard.press('Control+j');
  await tab.page.locator('.dock').getByRole('button', { name: /^Problems/ }).or(tab.page.locator('.dock').getByRole('tab', { name: /^Problems/ })).first().click();
  const listed = tab.page.locator('.dock li.error');
  expect((await listed.innerText()).replaceAll(/\s+/g, ' ')).toContain(`Count 2:7 ${REASON}`);
  await tab.page.keyboard.press('Control+Enter');
  await dialog(tab).getByText(`Count 2:7 ${REASON}`).waitFor();
  expect(await seriousFindings(tab)).toEqual([]);
  await dialog(tab).getByRole('button', { name: 'Cancel' }).click();
  expect((await bench.flow('unreadable')).live?.revision).toBe(1);
  await ask(tab);
  await dialog(tab).getByRole('button', { name: 'Deploy anyway' }).click();
  await tab.page.locator('.bar').getByText('Partly live · revision 2').waitFor();
  await expect.poll(() => listed.count()).toBe(1);
  await tab.screenshot('deployed-unreadable');
  await type(tab, 'return msg;');
  await expect.poll(() => listed.count(), { timeout: 8000 }).toBe(0);
  await tab.deploy();
  await tab.page.locator('.bar').getByText('Live · revision 3').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a first deploy asks too where a node would not run, and else not', async () => {
  await bench.save(counting('first-unreadable', 'if (a {'));
  const tab = await bench.tab('first-unreadable', { language: 'ru', theme: 'dark' });
  const first = tab.page.locator('.bar').getByRole('button', { name: 'Применить' }).first();
  await first.click();
  await dialog(tab).getByText('Count 1:7 Код не читается в строке 1, позиция 7: неожиданное `{`.').waitFor();
  await tab.screenshot('deploy-unreadable-ru-dark');
  await dialog(tab).getByRole('button', { name: 'Отмена' }).click();
  expect((await bench.flow('first-unreadable')).live).toBeUndefined();
  await type(tab, 'return msg;');
  await tab.node('fn').getByText(/не читается/).waitFor({ state: 'detached' });
  await tab.deploy();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
