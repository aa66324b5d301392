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

const noisy = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'memory', layout: { inject: [0, 0], fn: [280, 0], first: [560, 0], second: [560, 120] },
  nodes: {
    inject: { type: 'inject', version: 1, config: {} },
    fn: { type: 'function', version: 1, config: { code: 'if (msg.fail) throw new Error("no luck"); console.log("seen"); msg.payload = { name: "Ada", list: [1, 2] }; return msg;' }, attempts: 1 },
    first: { type: 'debug', version: 1, name: 'First', config: {} }, second: { type: 'debug', version: 1, name: 'Second', config: {} },
  },
  wires: [{ from: 'inject.out', to: 'fn.in' }, { from: 'fn.out-1', to: 'first.in' }, { from: 'fn.out-1', to: 'second.in' }],
});

async function live(id: string): Promise<Tab> {
  await bench.save(noisy(id));
  const tab = await bench.tab(id);
  await tab.deploy();
  return tab;
}
const inject = (tab: Tab, body: object = {}): Promise<unknown> =>
  tab.page.request.post(`${bench.url}/api/v1/flows/${new URL(tab.page.url()).hash.split('/').at(-1)}/nodes/inject/inject`, { data: { body } });
const rows = (tab: Tab) => tab.page.locator('.dock .row .line');

test.skipIf(!chromium)('opens by itself on the first message, and not again after it was closed', async () => {
  const tab = await live('opens');
  expect(await tab.page.locator('.dock').count()).toBe(0);
  await inject(tab);
  await expect.poll(() => rows(tab).count()).toBe(2);
  await tab.page.getByRole('button', { name: 'Close the panel' }).click();
  await inject(tab);
  await tab.node('first').getByText('2 done').waitFor();
  expect(await tab.page.locator('.dock').count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('opens a value as a tree, copies its path, and goes to its node', async () => {
  const tab = await live('tree');
  await inject(tab);
  await rows(tab).filter({ hasText: 'First' }).getByRole('button', { name: /Message of First/ }).click();
  const name = tab.page.getByRole('treeitem').filter({ hasText: 'Ada' });
  await name.hover();
  await name.getByRole('button', { name: 'Copy path' }).click();
  expect(await tab.page.evaluate(() => navigator.clipboard.readText())).toBe('payload.name');
  await rows(tab).getByRole('button', { name: 'First', exact: true }).click();
  await expect.poll(() => tab.page.locator('.svelte-flow__node.selected').getAttribute('data-id')).toBe('first');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('filters by node and by text, pauses and clears', async () => {
  const tab = await live('filters');
  await inject(tab);
  await expect.poll(() => rows(tab).count()).toBe(2);
  await tab.page.getByRole('button', { name: /Show messages of/ }).click();
  await tab.page.getByRole('menuitem', { name: 'Second' }).click();
  await expect.poll(() => rows(tab).count()).toBe(1);
  await tab.page.getByLabel('Filter by text').fill('nothing like this');
  await tab.page.getByRole('button', { name: 'Show all' }).click();
  await expect.poll(() => rows(tab).count()).toBe(2);
  await tab.page.getByRole('button', { name: 'Pause' }).click();
  await inject(tab);
  await tab.node('first').getByText('2 done').waitFor();
  expect(await rows(tab).count()).toBe(2);
  await tab.page.getByRole('button', { name: 'Resume' }).click();
  await tab.page.getByRole('button', { name: 'Clear' }).click();
  await tab.page.getByText('Nothing here yet').waitFor();
  await inject(tab);
  await expect.poll(() => rows(tab).count()).toBe(2);
  await tab.page.close();
});

test.skipIf(!chromium)('shows a failure with what to do, and log lines apart', async () => {
  const tab = await live('failures');
  await inject(tab, { fail: true });
  const failure = rows(tab).filter({ hasText: 'no luck' });
  await failure.getByRole('button', { name: /Message of/ }).click();
  await tab.page.locator('.dock').getByText('function.threw').waitFor();
  await inject(tab);
  await tab.page.getByRole('tab', { name: 'Log' }).click();
  await rows(tab).filter({ hasText: 'seen' }).waitFor();
  expect(await rows(tab).count()).toBe(1);
  await tab.page.close();
});

test.skipIf(!chromium)('whoever reads further down keeps his place while newer messages come', async () => {
  const tab = await live('place');
  for (let i = 0; i < 15; i++) await inject(tab);
  await expect.poll(() => tab.page.locator('.dock .all').evaluate((all) => all.clientHeight)).toBeGreaterThan(700);
  await tab.page.locator('.dock .scroller').evaluate((list) => { list.scrollTop = 300; });
  await inject(tab);
  await tab.page.getByRole('button', { name: '2 newer messages' }).click();
  await expect.poll(() => tab.page.locator('.dock .scroller').evaluate((list) => list.scrollTop)).toBe(0);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

// The tabs broke into three lines, over the filter.
test.skipIf(!chromium)('in a narrow window the tabs of the dock stay in one line, and its tools go beneath them', async () => {
  await bench.saveEmpty('narrow-dock');
  const tab = await bench.tab('narrow-dock', { language: 'ru', theme: 'dark' });
  await tab.page.setViewportSize({ width: 1024, height: 700 });
  await tab.page.locator('.bar').getByRole('button', { name: 'narrow-dock' }).click();
  await tab.page.keyboard.press('Control+j');
  const dock = tab.page.locator('.dock');
  const tops = await dock.getByRole('tab').evaluateAll((tabs) => tabs.map((each) => each.getBoundingClientRect().top));
  expect([tops.length, new Set(tops).size]).toEqual([3, 1]);
  const search = await dock.locator('.search').boundingBox();
  expect(search?.y).toBeGreaterThanOrEqual((tops[0] ?? Infinity) + 30);
  await tab.screenshot('dock-narrow-ru-dark');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('what a message and a line of the log say has room also where the dock is narrow', async () => {
  await bench.save(noisy('narrow'));
  const tab = await bench.tab('narrow', { language: 'ru' });
  await tab.page.setViewportSize({ width: 1024, height: 768 });
  await tab.deploy();
  await tab.node('fn').click();
  await tab.page.locator('.inspector').waitFor();
  await inject(tab);
  await expect.poll(() => rows(tab).count()).toBe(2);
  const roomOf = async () => (await rows(tab).first().locator('.value').boundingBox())?.width;
  expect(await roomOf()).toBeGreaterThan(300);
  await tab.page.locator('.dock').getByRole('tab', { name: 'Журнал' }).click();
  await rows(tab).getByText('seen', { exact: true }).waitFor();
  expect(await roomOf()).toBeGreaterThan(300);
  await tab.screenshot('debug-narrow-ru');
  await tab.page.setViewportSize({ width: 1440, height: 900 });
  await expect.poll(async () => (await rows(tab).first().boundingBox())?.height).toBeLessThan(30);
  await tab.page.close();
});
