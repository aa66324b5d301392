import { afterAll, beforeAll, expect, test } from 'vitest';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, middleOf } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (chromium) bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
});

test.skipIf(!chromium)('a flow of three nodes is built by mouse, deployed, fed and seen', async () => {
  await bench.saveEmpty('by-mouse');
  const tab = await bench.tab('by-mouse');
  await tab.page.getByText('This flow has no nodes yet').waitFor();
  // 1 The source from the palette.
  await tab.dragFromPalette('inject', 200, 200);
  await tab.node('inject').waitFor();
  // 2 The next one by dropping a wire on the empty canvas.
  await tab.dragWire(tab.port('inject', 'out'), await tab.at(480, 320));
  await tab.page.mouse.up();
  await tab.pickQuickAdd('change');
  await tab.node('change').waitFor();
  // 3 The last one by double click, and a wire between them by hand.
  const place = await tab.at(500, 540);
  await tab.page.mouse.dblclick(place.x, place.y);
  await tab.pickQuickAdd('debug');
  await tab.node('debug').waitFor();
  await tab.drawWire(tab.port('change', 'out'), tab.port('debug', 'in'));
  await expect.poll(() => tab.wires.count()).toBe(2);
  await tab.saved();
  await tab.deploy();

  await tab.node('inject').getByRole('button', { name: /Send a message/ }).click();
  await tab.page.locator('.dock').getByText('Debug', { exact: false }).first().waitFor();
  await expect.poll(() => tab.page.locator('.dock [role="row"], .dock .row').count()).toBeGreaterThan(0);
  const { live, flow } = await bench.flow('by-mouse');
  expect(live?.state).toBe('live');
  expect(flow.wires).toEqual([{ from: 'change.out', to: 'debug.in' }, { from: 'inject.out', to: 'change.in' }]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a flow is built, wired and deployed by keyboard alone', async () => {
  await bench.saveEmpty('by-keys');
  const tab = await bench.tab('by-keys');
  const { keyboard } = tab.page;
  for (const name of ['inject', 'change', 'debug']) {
    await keyboard.press('n');
    await tab.page.locator('.quick-add input').waitFor();
    await tab.pickQuickAdd(name);
    await tab.node(name).waitFor();
  }
  expect(await tab.wires.count()).toBe(2);
  await keyboard.press('Control+Enter');
  await tab.page.getByText('Live · revision 1').waitFor();
  // Any node can be reached and any wire drawn from the command palette.
  await keyboard.press('Control+k');
  await keyboard.type('go to inject');
  await keyboard.press('Enter');
  await keyboard.press('Control+k');
  await keyboard.type('wire to debug');
  await keyboard.press('Enter');
  await expect.poll(() => tab.wires.count()).toBe(3);
  await keyboard.press('Control+k');
  await keyboard.type('message from inject');
  await keyboard.press('Enter');
  await tab.node('debug').getByText('1 done').waitFor();
  await tab.screenshot('by-keys');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a wire that does not fit says why while it is drawn, and can be drawn all the same', async () => {
  await bench.save({
    format: 'millrace.flow/1', id: 'misfit', name: 'Misfit', delivery: 'durable', wires: [], layout: { rows: [0, 0], sum: [400, 0], show: [400, 200] },
    nodes: { rows: { type: 'sql-query', version: 1, config: {} }, sum: { type: 'add-number', version: 1, config: {} }, show: { type: 'debug', version: 1, config: {} } },
  });
  const tab = await bench.tab('misfit');
  await tab.aimWire(tab.port('rows', 'out'), tab.port('sum', 'in'));
  await tab.page.getByText('payload: needs number, gets list').waitFor();
  await expect.poll(() => tab.port('sum', 'in').getAttribute('class')).toMatch(/\bmisfits\b/);
  expect(await tab.port('show', 'in').getAttribute('class')).toMatch(/\bfits\b/);
  await tab.page.mouse.up();
  await expect.poll(() => tab.wires.count()).toBe(1);
  expect(await tab.page.locator('.aim').count()).toBe(0);
  await tab.page.close();
});

test.skipIf(!chromium)('what fits a dropped wire is offered first', async () => {
  await bench.save({
    format: 'millrace.flow/1', id: 'offer', name: 'Offer', delivery: 'durable', wires: [], layout: { rows: [0, 0] }, nodes: { rows: { type: 'sql-query', version: 1, config: {} } },
  });
  const tab = await bench.tab('offer');
  await tab.dragWire(tab.port('rows', 'out'), await tab.at(600, 200));
  await tab.page.mouse.up();
  const rows = tab.page.locator('.quick-add [data-type]');
  await rows.first().waitFor();
  const types = await rows.evaluateAll((found) => found.map((row) => row.getAttribute('data-type')));
  expect(types.at(-1)).toBe('add-number');
  expect(types).toContain('split');
  expect(types).not.toContain('inject');
  await tab.page.close();
});

test.skipIf(!chromium)('a node dropped on a wire is put into it', async () => {
  await bench.save({
    format: 'millrace.flow/1', id: 'insert', name: 'Insert', delivery: 'durable', wires: [{ from: 'read.out', to: 'show.in' }], layout: { read: [0, 0], show: [700, 0] },
    nodes: { read: { type: 'inject', version: 1, config: {} }, show: { type: 'debug', version: 1, config: {} } },
  });
  const tab = await bench.tab('insert');
  const [start, end, corner] = [await middleOf(tab.port('read', 'out')), await middleOf(tab.port('show', 'in')), await tab.at(0, 0)];
  await tab.dragFromPalette('change', (start.x + end.x) / 2 - corner.x, start.y - corner.y);
  await tab.node('change').waitFor();
  await tab.saved();
  await expect.poll(async () => (await bench.flow('insert')).flow.wires).toEqual([{ from: 'change.out', to: 'show.in' }, { from: 'read.out', to: 'change.in' }]);
  await tab.page.close();
});

test.skipIf(!chromium)('a node is dropped where the pointer is, also after another flow was opened', async () => {
  await bench.saveEmpty('opened-first');
  await bench.saveEmpty('opened-then');
  const tab = await bench.tab('opened-first');
  await tab.page.goto(`${bench.url}/#/flows/opened-then`);
  await expect.poll(() => tab.page.title()).toContain('opened-then');
  await tab.dragFromPalette('debug', 240, 160);
  await expect.poll(() => tab.nodes.count()).toBe(1);
  const [card, wanted] = [await middleOf(tab.nodes.first()), await tab.at(240, 160)];
  expect(Math.abs(card.x - wanted.x)).toBeLessThan(12);
  expect(Math.abs(card.y - wanted.y)).toBeLessThan(12);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
