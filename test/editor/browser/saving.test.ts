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
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', wires: [], layout: { inject: [0, 0], debug: [300, 0] },
  nodes: { inject: { type: 'inject', version: 1, config: {} }, debug: { type: 'debug', version: 1, config: {} } },
});

/** Two tabs of one flow, of which the first is behind: its news and its saves were held up. */
async function staleTab(id: string) {
  await bench.save(pair(id));
  const mine = await bench.tab(id);
  const held: (() => Promise<void>)[] = [];
  await mine.page.route('**/api/v1/flows/**', async (route) => {
    if (route.request().method() === 'PUT' && held.length === 0) held.push(() => route.continue());
    else await route.continue();
  });
  await mine.node('debug').click();
  await mine.page.keyboard.press('Delete');
  await expect.poll(() => held.length).toBe(1);
  await bench.save({ ...pair(id), name: 'Theirs' });
  await held[0]?.();
  await mine.page.getByText('This flow was changed elsewhere').waitFor();
  expect(await mine.nodes.count(), 'what was changed here is still here').toBe(1);
  return mine;
}

test.skipIf(!chromium)('a stale tab is refused and can give way', async () => {
  const tab = await staleTab('stale-theirs');
  await tab.page.getByRole('button', { name: 'Open theirs' }).click();
  await expect.poll(() => tab.nodes.count()).toBe(2);
  await tab.page.getByText('Theirs').waitFor();
  expect((await bench.flow('stale-theirs')).flow.name).toBe('Theirs');
  await tab.page.close();
});

test.skipIf(!chromium)('a stale tab can keep its own as a copy', async () => {
  const tab = await staleTab('stale-copy');
  await tab.page.getByRole('button', { name: 'Keep mine as a copy' }).click();
  await tab.page.getByText('stale-copy (copy)').waitFor();
  expect(await tab.nodes.count()).toBe(1);
  expect((await bench.flow('stale-copy')).flow.name).toBe('Theirs');
  expect(Object.keys((await bench.flow('stale-copy-copy')).flow.nodes)).toEqual(['inject']);
  await tab.page.close();
});

test.skipIf(!chromium)('a stale tab can overwrite', async () => {
  const tab = await staleTab('stale-overwrite');
  await tab.page.getByRole('button', { name: 'Overwrite theirs' }).click();
  await tab.saved();
  const { flow } = await bench.flow('stale-overwrite');
  expect([flow.name, Object.keys(flow.nodes)]).toEqual(['stale-overwrite', ['inject']]);
  await tab.page.close();
});

test.skipIf(!chromium)('a tab without changes of its own follows what is saved elsewhere', async () => {
  await bench.save(pair('follow'));
  const tab = await bench.tab('follow');
  await bench.save({ ...pair('follow'), nodes: { inject: { type: 'inject', version: 1, config: {}, name: 'Renamed elsewhere' } }, layout: { inject: [0, 0] } });
  await tab.page.getByText('Renamed elsewhere').waitFor();
  expect(await tab.nodes.count()).toBe(1);
  await tab.page.close();
});

test.skipIf(!chromium)('a flow that is deleted elsewhere is left', async () => {
  await bench.save(pair('gone'));
  const tab = await bench.tab('gone');
  await fetch(`${bench.url}/api/v1/flows/gone`, { method: 'DELETE' });
  await expect.poll(() => tab.page.url()).not.toContain('gone');
  await tab.page.locator('.svelte-flow__pane').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('what could not be saved outlives a reload of the tab', async () => {
  await bench.save(pair('offline'));
  const tab = await bench.tab('offline');
  await tab.page.route('**/api/v1/flows/offline', (route) => (route.request().method() === 'PUT' ? route.abort() : route.continue()));
  await tab.node('debug').click();
  await tab.page.keyboard.press('Delete');
  await tab.page.locator('.save[data-state="offline"]').waitFor();
  tab.page.on('dialog', (dialog) => void dialog.accept());
  await tab.page.reload();
  await expect.poll(() => tab.nodes.count()).toBe(1);
  await tab.page.unroute('**/api/v1/flows/offline');
  await tab.saved();
  await expect.poll(async () => Object.keys((await bench.flow('offline')).flow.nodes)).toEqual(['inject']);
  await tab.page.close();
});

// The lists said that there was nothing, and a deploy did nothing without a word.
test.skipIf(!chromium)('while the runtime does not answer no list claims to be empty, and a deploy says that it did not happen', async () => {
  await bench.saveEmpty('no-answer');
  const tab = await bench.tab('no-answer');
  const api = '**/api/v1/**';
  await tab.page.route(api, (route) => route.abort());
  await tab.dragFromPalette('debug', 300, 200);
  await tab.page.locator('.save[data-state="offline"]').waitFor();
  await tab.page.locator('.bar').getByRole('button', { name: 'Deploy' }).first().click();
  await tab.page.locator('.result').getByText('Not deployed', { exact: true }).waitFor();
  for (const [name, nothing] of [['Runs', 'No runs yet'], ['Dead letters', 'No dead letters'], ['Revisions', 'Not deployed yet']] as const) {
    await tab.page.locator('.switch').getByRole('button', { name }).click();
    await tab.page.locator('section.view').getByText('The runtime does not answer.').waitFor();
    expect(await tab.page.locator('section.view').getByText(nothing).count()).toBe(0);
  }
  await tab.screenshot('no-answer');
  await tab.page.unroute(api);
  await tab.page.locator('section.view').getByRole('button', { name: 'Try again' }).click();
  await tab.page.locator('section.view').getByText('Not deployed yet').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium).each([['code', 'function', '.cm-content'], ['url', 'http-request', 'input']])('from the first key in a field that waits for a pause, the page says that not all is saved: %s', async (field, type, place) => {
  await bench.save({ ...pair(`typed-${field}`), nodes: { it: { type, version: 1, config: {} } }, layout: { it: [0, 0] } });
  const tab = await bench.tab(`typed-${field}`);
  await tab.node('it').click();
  const text = tab.page.locator(`.inspector [data-field="${field}"]`).locator(place).first();
  await text.click();
  // What it said two frames after the first key: long before the pause.
  await tab.page.evaluate(() => {
    const frame = () => new Promise((next) => { requestAnimationFrame(next); });
    document.addEventListener('input', () => void frame().then(frame).then(() => { document.body.dataset['said'] = document.querySelector('.save')?.getAttribute('data-state') ?? ''; }), { once: true, capture: true });
  });
  await tab.page.keyboard.type('a');
  await tab.page.waitForFunction(() => document.body.dataset['said'] !== undefined);
  expect(await tab.page.evaluate(() => document.body.dataset['said'])).toBe('unsaved');
  await tab.saved();
  expect(JSON.stringify((await bench.flow(`typed-${field}`)).flow.nodes['it']?.config)).toContain('a');
  await tab.page.keyboard.press('Backspace');
  await tab.saved();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
