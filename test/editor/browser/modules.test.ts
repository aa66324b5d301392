import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, FlowNode, Json } from '../../../runtime/api/contract.ts';
import { commonJs } from '../../kit/module-folder.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

/** The list of npm modules of a function node, of which this installation allows two. */

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium, { ...commonJs('shout', 'module.exports = (text) => text.toUpperCase();'), ...commonJs('whisper', 'module.exports = (text) => text.toLowerCase();'), 'whisper/index.d.ts': 'export = whisper;\n/** Says it quietly. */\ndeclare function whisper(text: string): string;\ndeclare namespace whisper { function breathe(times: number): string; }' });
});
afterAll(async () => {
  await bench?.close();
});

const node = (type: string, config: FlowNode['config'] = {}): FlowNode => ({ type, version: 1, config });
const flowOf = (id: string, config: FlowNode['config']): Flow => ({ format: 'millrace.flow/1', id, name: id, delivery: 'memory', nodes: { it: node('function', config) }, wires: [], layout: { it: [320, 0] } });
const field = (tab: Tab, name: string) => tab.page.locator(`.inspector [data-field="${name}"]`);
const moduleOf = (tab: Tab, at: number) => field(tab, `modules.${at}.module`).getByRole('combobox');
const nameOf = (tab: Tab, at: number) => field(tab, `modules.${at}.name`).locator('input');
const add = (tab: Tab) => tab.page.getByRole('button', { name: 'Add to “Modules”' }).click();
const undo = (tab: Tab) => tab.page.getByRole('button', { name: /^Undo/ }).click();
const list = (tab: Tab) => tab.page.locator('.cm-tooltip-autocomplete');
const marks = (tab: Tab) => field(tab, 'code').locator('.cm-lintRange-error');
/** The first answer of the worker has read the whole language. */
const WORKER_MS = 30_000;

async function opened(id: string, config: FlowNode['config']): Promise<Tab> {
  await bench.save(flowOf(id, config));
  const tab = await bench.tab(id);
  await tab.node('it').click();
  await field(tab, 'code').locator('.cm-content').waitFor();
  return tab;
}
async function listed(id: string, expected: Json | undefined): Promise<void> {
  await expect.poll(async () => (await bench.flow(id)).flow.nodes['it']?.config['modules']).toEqual(expected);
}

test.skipIf(!chromium)('a module that is added is known in the code by its name there, until that is another or the module is removed', async () => {
  const tab = await opened('modules-edit', { code: 'msg.payload = shout("a");\nreturn msg;' });
  await marks(tab).waitFor({ timeout: WORKER_MS });
  await tab.page.locator('.inspector').getByRole('button', { name: 'More settings' }).click();
  await add(tab);
  await moduleOf(tab, 0).fill('sho');
  await tab.page.getByRole('option', { name: 'shout' }).click();
  await listed('modules-edit', [{ module: 'shout' }]);
  await expect.poll(() => marks(tab).count()).toBe(0);
  await nameOf(tab, 0).fill('cry');
  await tab.page.keyboard.press('Enter');
  await listed('modules-edit', [{ module: 'shout', name: 'cry' }]);
  await expect.poll(() => marks(tab).allInnerTexts()).toEqual(['shout']);
  await tab.screenshot('modules-renamed');
  expect(await seriousFindings(tab)).toEqual([]);
  await undo(tab);
  await listed('modules-edit', [{ module: 'shout' }]);
  await tab.page.getByRole('button', { name: 'Try' }).click();
  await tab.page.locator('.inspector .tried').getByText('A', { exact: true }).or(tab.page.locator('.inspector .tried').getByText('"A"')).first().waitFor();
  await field(tab, 'modules').getByRole('button', { name: /Remove/ }).click();
  await listed('modules-edit', []);
  await expect.poll(() => marks(tab).allInnerTexts()).toEqual(['shout']);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a module whose package declares its types is completed with them, by its name in the code', async () => {
  const tab = await opened('modules-typed', { code: '', modules: [{ module: 'whisper', name: 'quiet' }] });
  await field(tab, 'code').locator('.cm-content').click();
  await tab.page.keyboard.type('quiet.');
  await list(tab).getByText('breathe', { exact: true }).waitFor({ timeout: WORKER_MS });
  expect(await list(tab).innerText()).toMatch(/breathe\s*\(times: number\): string/);
  await tab.screenshot('modules-typed');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('items that are added and removed quickly are undone one by one', async () => {
  const tab = await opened('modules-undo', { modules: [{ module: 'shout' }, { module: 'whisper' }] });
  const remove = field(tab, 'modules').getByRole('button', { name: /Remove/ }).first();
  await remove.click();
  await remove.click();
  await add(tab);
  await listed('modules-undo', [{}]);
  for (const before of [[], [{ module: 'whisper' }], [{ module: 'shout' }, { module: 'whisper' }]]) {
    await undo(tab);
    await listed('modules-undo', before);
  }
  expect(await tab.page.getByRole('button', { name: /^Undo/ }).isDisabled()).toBe(true);
  await tab.page.close();
});

test.skipIf(!chromium)('a name that is not in the list is taken by Enter, and by the key that tries the node, which says that it is not allowed', async () => {
  const tab = await opened('modules-refused', { modules: [{ module: 'shout' }] });
  await moduleOf(tab, 0).fill('left-pad');
  await tab.page.keyboard.press('Enter');
  await listed('modules-refused', [{ module: 'left-pad' }]);
  expect(await moduleOf(tab, 0).inputValue()).toBe('left-pad');
  await moduleOf(tab, 0).fill('right-pad');
  await tab.page.keyboard.press('Control+Shift+Enter');
  await tab.page.locator('.inspector .tried').getByText('right-pad is not allowed in this installation').waitFor();
  await listed('modules-refused', [{ module: 'right-pad' }]);
  await tab.deploy();
  await field(tab, 'modules').getByText('right-pad is not allowed in this installation').waitFor();
  await tab.screenshot('modules-refused');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a list is edited by keys alone: what is added is written at once, and removing the last item leaves the focus in the list', async () => {
  const tab = await opened('modules-keys', { modules: [{ module: 'shout' }] });
  const adding = tab.page.getByRole('button', { name: 'Add to “Modules”' });
  await adding.focus();
  await tab.page.keyboard.press('Enter');
  await listed('modules-keys', [{ module: 'shout' }, {}]);
  await tab.page.keyboard.type('whisper');
  await tab.page.keyboard.press('Tab');
  await listed('modules-keys', [{ module: 'shout' }, { module: 'whisper' }]);
  const removing = field(tab, 'modules').getByRole('button', { name: /Remove/ });
  await removing.last().focus();
  await tab.page.keyboard.press('Enter');
  await listed('modules-keys', [{ module: 'shout' }]);
  expect(await removing.evaluate((each) => each === document.activeElement)).toBe(true);
  await tab.page.keyboard.press('Enter');
  await listed('modules-keys', []);
  expect(await adding.evaluate((each) => each === document.activeElement)).toBe(true);
  await tab.page.close();
});
