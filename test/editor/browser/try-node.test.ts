import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, FlowNode } from '../../../runtime/api/contract.ts';
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

const flowOf = (id: string, node: FlowNode): Flow => ({ format: 'millrace.flow/1', id, name: id, delivery: 'memory', nodes: { it: node }, wires: [], layout: { it: [0, 0] } });
const node = (type: string, config: FlowNode['config'] = {}): FlowNode => ({ type, version: 1, config });
const area = (tab: Tab) => tab.page.locator('.inspector .try');

async function opened(id: string, it: FlowNode, options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  await bench.save(flowOf(id, it));
  const tab = await bench.tab(id, options);
  await tab.node('it').click();
  await tab.page.locator('.inspector .cm-content').first().waitFor();
  return tab;
}
async function write(tab: Tab, place: ReturnType<Tab['node']>, text: string): Promise<void> {
  await place.locator('.cm-content').click();
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.insertText(text);
}

test.skipIf(!chromium)('code that was never deployed runs on a typed message, by key and by button, and shows what leaves, logs and status', async () => {
  const tab = await opened('try-own', node('function'));
  const code = tab.page.locator('.inspector [data-field="code"]');
  await write(tab, area(tab), '{ "payload": { "items": [1, 2, 3] } }');
  await write(tab, code, 'node.warn("three came");\nnode.status({ fill: "green", text: "counted" });\nmsg.count = msg.payload.items.length;\nreturn msg;');
  await tab.page.keyboard.press('Control+Shift+Enter');
  const tried = area(tab).locator('.tried');
  await tried.getByText('Done').waitFor();
  await tried.getByText('three came').waitFor();
  await tried.getByText('counted').waitFor();
  expect(await tried.locator('.tree').first().innerText()).toContain('count');
  await tab.screenshot('try-done');
  await code.locator('.cm-content').click();
  await tab.page.keyboard.press('Control+End');
  await tab.page.keyboard.insertText('\n// changed');
  await tried.getByText('The settings have changed since.').waitFor();
  await area(tab).getByRole('button', { name: 'Try' }).click();
  await expect.poll(() => tried.getByText('The settings have changed since.').count()).toBe(0);
  expect(await seriousFindings(tab)).toEqual([]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([[1440, 900], [1024, 768]])('what came of a try is seen without scrolling at %i × %i, however long the code is', async (width, height) => {
  const tab = await opened(`try-seen-${width}`, node('function', { code: `${'// a line\n'.repeat(40)}node.log("logged");\nreturn msg;` }), { language: 'ru' });
  await tab.page.setViewportSize({ width, height });
  await tab.page.locator('.inspector [data-field="code"] .cm-content').click();
  await tab.page.keyboard.press('Control+Shift+Enter');
  await area(tab).locator('.logs').waitFor();
  await expect.poll(() => area(tab).locator('.logs').evaluate((element) => element.getBoundingClientRect().bottom)).toBeLessThanOrEqual(height);
  expect(await area(tab).locator('.head').evaluate((element) => element.getBoundingClientRect().top)).toBeGreaterThan(100);
  await tab.screenshot(`try-seen-${width}`);
  await tab.page.close();
});

test.skipIf(!chromium)('a failure stands at the button and is marked at its place in the code until that changes', async () => {
  const tab = await opened('try-fails', node('function', { code: 'const sum = 1;\nmsg.payload = msg.gone.field;\nreturn msg;' }), { language: 'ru', theme: 'dark' });
  await area(tab).getByRole('button', { name: 'Попробовать' }).click();
  await area(tab).getByText(/в строке 2, позиция \d+/).waitFor();
  const mark = tab.page.locator('.inspector [data-field="code"] .cm-lintRange-error');
  await mark.waitFor();
  await tab.screenshot('try-failed-ru-dark');
  await tab.page.locator('.inspector [data-field="code"] .cm-content').click();
  await tab.page.keyboard.press('Control+Home');
  await tab.page.keyboard.insertText('// ');
  await expect.poll(() => mark.count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('all that a try tells is said in the language of the page: levels of the log, why code cannot be read, why a message ends', async () => {
  const tab = await opened('try-words', node('function', { code: 'node.log("one"); node.warn("two"); node.error("three"); return msg;' }), { language: 'ru' });
  const run = area(tab).getByRole('button', { name: 'Попробовать' });
  await run.click();
  await expect.poll(() => area(tab).locator('.logs li').allInnerTexts()).toEqual(['сведения one', 'предупреждение two', 'ошибка three']);
  await write(tab, tab.page.locator('.inspector [data-field="code"]'), 'if (msg.a {');
  await tab.page.keyboard.press('Control+Shift+Enter');
  await area(tab).getByText('Код не читается в строке 1, позиция 11: неожиданное `{`.').waitFor();
  await tab.page.close();
  await bench.save(flowOf('try-rule', node('switch', { rules: [{ op: 'eq', value: 1 }] })));
  const other = await bench.tab('try-rule', { language: 'ru' });
  await other.node('it').click();
  await area(other).getByRole('button', { name: 'Попробовать' }).click();
  await area(other).getByText('Причина: ни одно правило узла не подошло.').waitFor();
  await other.page.close();
});

test.skipIf(!chromium)('text that is no message is not tried, and says why', async () => {
  const tab = await opened('try-json', node('template', { template: 'Hello, {{payload}}!' }));
  await write(tab, area(tab), '[1]');
  await area(tab).getByRole('button', { name: 'Try' }).click();
  await area(tab).getByRole('alert').getByText('A message is a record').waitFor();
  await write(tab, area(tab), '{ "payload": "Anna" }');
  await area(tab).getByRole('button', { name: 'Try' }).click();
  await area(tab).getByText('Hello, Anna!').waitFor();
  await tab.screenshot('try-template');
  await tab.page.close();
});

test.skipIf(!chromium)('a node that acts outside cannot be tried', async () => {
  await bench.save(flowOf('try-none', node('http-request')));
  const tab = await bench.tab('try-none');
  await tab.node('it').click();
  await tab.page.locator('.inspector [data-field="url"]').waitFor();
  expect(await area(tab).count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('whose code may call servers says that calls which read are really made, and shows the servers and modules in its settings', async () => {
  const tab = await opened('try-calls', node('function', { fetch: 'read', hosts: ['api.example.com'], modules: [{ module: 'dayjs', name: '' }] }));
  await area(tab).getByText('Calls that only read (GET, HEAD) are really made').waitFor();
  const field = (name: string) => tab.page.locator(`.inspector [data-field="${name}"]`);
  await field('hosts').scrollIntoViewIfNeeded();
  expect(await field('hosts').locator('input').first().inputValue()).toBe('api.example.com');
  expect(await field('modules').locator('input').first().inputValue()).toBe('dayjs');
  await tab.screenshot('function-grants');
  await tab.page.close();
  const without = await opened('try-pure', node('function'));
  await area(without).waitFor();
  expect(await area(without).innerText()).not.toContain('Calls that only read');
  await without.page.close();
});
