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

const counting = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], count: [280, 0] },
  nodes: {
    hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } },
    count: { type: 'function', version: 1, name: 'Count', config: { context: 'global', code: 'flow.set("orders", (flow.get("orders") ?? 0) + 1);\ncontext.set("last", msg.payload);\nglobal.set("currency", "EUR");\nreturn msg;' } },
  },
  wires: [{ from: 'hook.out', to: 'count.in' }],
});
async function counted(id: string, options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(counting(id));
  const tab = await bench.tab(id, options);
  await tab.deploy();
  await tab.page.request.post(`${bench.url}/hook/${id}`, { data: { phone: '+79001234567' } });
  await tab.node('count').getByText(/1 done|1 выполнено|\/s|\/с/).waitFor();
  await tab.page.locator('.bar').getByRole('button', { name: id }).click();
  return tab;
}
const keys = (tab: Tab) => tab.page.locator('.flow .key code');

test.skipIf(!chromium)('what nodes keep is shown with its flow, masked, and a person can take a value away', async () => {
  const tab = await counted('keeps');
  await expect.poll(() => keys(tab).allInnerTexts()).toEqual(['orders', 'last', 'currency']);
  await tab.page.getByRole('heading', { name: 'Of all flows' }).waitFor();
  await tab.page.locator('.flow').getByRole('button', { name: /^last/ }).click();
  await tab.page.locator('.flow .value').getByText('+7900•••••67').waitFor();
  await tab.page.locator('.flow').getByRole('button', { name: /^orders/ }).click();
  await tab.page.locator('.flow .acts').getByRole('button', { name: 'Delete' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => keys(tab).allInnerTexts()).toEqual(['last', 'currency']);
  expect((await fetch(`${bench.url}/api/v1/context/flow/keeps/orders`)).status).toBe(404);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a person changes a value without seeing what is masked in it, and adds one of their own', async () => {
  const tab = await counted('changes');
  const dialog = tab.page.getByRole('dialog');
  await tab.page.locator('.flow').getByRole('button', { name: /^last/ }).click();
  await tab.page.locator('.flow .acts').getByRole('button', { name: 'Edit' }).click();
  const editor = dialog.locator('.cm-content');
  const text = await editor.innerText();
  expect(text).not.toContain('1234567');
  await editor.fill('{ "phone": ');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText(/This is not JSON/).waitFor();
  await editor.fill(text.replace('}', ', "seen": true }'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  await tab.page.locator('.flow .value').getByText('seen').waitFor();
  await tab.page.locator('.flow').getByRole('button', { name: 'Add a value' }).click();
  await dialog.getByLabel('Key').fill('limit');
  await dialog.locator('.cm-content').fill('12');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect.poll(() => keys(tab).allInnerTexts()).toEqual(['limit', 'orders', 'last', 'currency']);
  const audit = (await (await fetch(`${bench.url}/api/v1/audit?limit=2`)).json()) as { entries: { action: string; subject: string }[] };
  expect(audit.entries.map(({ action, subject }) => `${action} ${subject}`)).toEqual(['context.set changes/limit', 'context.set changes/count/last']);
  await tab.screenshot('context-added');
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light'], ['ru', 'dark']] as const)('the context looks as it should: %s, %s', async (language, theme) => {
  const tab = await counted(`context-${language}`, { language, theme });
  await tab.page.locator('.flow').getByRole('button', { name: /^last/ }).click();
  await tab.page.locator('.flow .acts').scrollIntoViewIfNeeded();
  await tab.screenshot(`context-${language}-${theme}`);
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
