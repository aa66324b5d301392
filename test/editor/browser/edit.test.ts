import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

const pair = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', wires: [{ from: 'inject.out', to: 'debug.in' }], layout: { inject: [0, 0], debug: [300, 0] },
  nodes: { inject: { type: 'inject', version: 1, config: {} }, debug: { type: 'debug', version: 1, config: {} } },
});

async function opened(id: string) {
  await bench.save(pair(id));
  return bench.tab(id);
}

test.skipIf(!chromium)('deleting is undone and done again by key, and saved each time', async () => {
  const tab = await opened('undo');
  await tab.node('debug').click();
  await tab.page.keyboard.press('Delete');
  await expect.poll(() => tab.nodes.count()).toBe(1);
  expect(await tab.wires.count()).toBe(0);
  await tab.page.keyboard.press('Control+z');
  await expect.poll(() => tab.nodes.count()).toBe(2);
  await expect.poll(() => tab.wires.count()).toBe(1);
  await tab.page.keyboard.press('Control+Shift+z');
  await expect.poll(() => tab.nodes.count()).toBe(1);
  await expect.poll(async () => Object.keys((await bench.flow('undo')).flow.nodes)).toEqual(['inject']);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('selected nodes are copied and pasted with their wire, also into another tab', async () => {
  const tab = await opened('copy');
  await tab.node('inject').click();
  await tab.node('debug').click({ modifiers: ['Shift'] });
  await tab.page.keyboard.press('Control+c');
  await tab.page.keyboard.press('Control+v');
  await expect.poll(() => tab.nodes.count()).toBe(4);
  await expect.poll(() => tab.wires.count()).toBe(2);
  await tab.page.keyboard.press('Control+d');
  await expect.poll(() => tab.nodes.count()).toBe(6);
  await tab.page.keyboard.press('Control+x');
  await expect.poll(() => tab.nodes.count()).toBe(4);
  await bench.saveEmpty('copy-target');
  const other = await bench.tab('copy-target', { in: tab.context });
  await other.page.locator('.svelte-flow__pane').click({ position: { x: 60, y: 60 } });
  await other.page.keyboard.press('Control+v');
  await expect.poll(() => other.nodes.count()).toBe(2);
  expect([...tab.errors, ...other.errors]).toEqual([]);
  await other.page.close();
  await tab.page.close();
});

test.skipIf(!chromium)('a box selects what it touches, and arrow keys move it as one step', async () => {
  const tab = await opened('box');
  const start = await tab.at(30, 60);
  await tab.page.mouse.move(start.x, start.y);
  await tab.page.mouse.down();
  const end = await tab.at(1100, 760);
  await tab.page.mouse.move(end.x, end.y, { steps: 6 });
  await tab.page.mouse.up();
  await expect.poll(() => tab.page.locator('.svelte-flow__node.selected').count()).toBe(2);
  for (let i = 0; i < 3; i++) await tab.page.keyboard.press('ArrowDown');
  await expect.poll(async () => (await bench.flow('box')).flow.layout).toEqual({ inject: [0, 24], debug: [300, 24] });
  await tab.page.keyboard.press('Control+z');
  await expect.poll(async () => (await bench.flow('box')).flow.layout).toEqual({ inject: [0, 0], debug: [300, 0] });
  await tab.page.close();
});

test.skipIf(!chromium)('dragging a node is one step', async () => {
  const tab = await opened('drag');
  await tab.node('debug').hover();
  await tab.page.mouse.down();
  const to = await tab.at(700, 600);
  await tab.page.mouse.move(to.x, to.y, { steps: 10 });
  await tab.page.mouse.up();
  await tab.saved();
  const { flow } = await bench.flow('drag');
  expect(flow.layout['debug']).not.toEqual([300, 0]);
  expect(flow.layout['debug']?.every((each) => each % 8 === 0)).toBe(true);
  await tab.page.keyboard.press('Control+z');
  await expect.poll(async () => (await bench.flow('drag')).flow.layout['debug']).toEqual([300, 0]);
  await tab.page.close();
});

test.skipIf(!chromium)('a node and a wire are disabled and enabled', async () => {
  const tab = await opened('disable');
  await tab.node('debug').click();
  await tab.page.keyboard.press('e');
  await expect.poll(async () => (await bench.flow('disable')).flow.nodes['debug']?.disabled).toBe(true);
  await tab.page.getByText('disabled').first().waitFor();
  await tab.page.keyboard.press('e');
  await expect.poll(async () => (await bench.flow('disable')).flow.nodes['debug']?.disabled).toBeUndefined();
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await tab.page.keyboard.press('e');
  await expect.poll(async () => (await bench.flow('disable')).flow.wires[0]?.disabled).toBe(true);
  await tab.page.close();
});

test.skipIf(!chromium)('an end of a wire is put elsewhere', async () => {
  await bench.save({ ...pair('rewire'), nodes: { ...pair('rewire').nodes, other: { type: 'debug', version: 1, config: {} } }, layout: { ...pair('rewire').layout, other: [300, 160] }, wires: [{ from: 'inject.out', to: 'debug.in', whenFull: 'drop' }] });
  const tab = await bench.tab('rewire');
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await tab.drawWire(tab.page.locator('.svelte-flow__edgeupdater-target'), tab.port('other', 'in'));
  await expect.poll(async () => (await bench.flow('rewire')).flow.wires).toEqual([{ from: 'inject.out', to: 'other.in', whenFull: 'drop' }]);
  await tab.page.close();
});

test.skipIf(!chromium)('the menu at the pointer offers what can be done', async () => {
  const tab = await opened('menu');
  await tab.node('inject').click({ button: 'right' });
  await tab.page.getByRole('menuitem', { name: 'Duplicate' }).click();
  await expect.poll(() => tab.nodes.count()).toBe(3);
  await tab.page.locator('.svelte-flow__pane').click({ button: 'right', position: { x: 60, y: 500 } });
  await tab.page.getByRole('menuitem', { name: 'Add a node' }).click();
  await tab.pickQuickAdd('delay');
  await tab.node('delay').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('pasted Node-RED JSON opens the import dialog', async () => {
  const tab = await opened('paste-node-red');
  const text = JSON.stringify([{ id: 't', type: 'tab', label: 'Flow 1' }, { id: 'a', type: 'inject', z: 't', wires: [['b']] }, { id: 'b', type: 'debug', z: 't', wires: [] }]);
  await tab.page.evaluate((json) => navigator.clipboard.writeText(json), text);
  await tab.page.keyboard.press('Control+v');
  await tab.page.getByRole('dialog').waitFor();
  expect(await tab.nodes.count()).toBe(2);
  await tab.page.close();
});
