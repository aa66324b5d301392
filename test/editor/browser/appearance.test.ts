import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Flow } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => {
  if (!chromium) return;
  bench = await EditorBench.open(chromium);
  await bench.save(busy);
});
afterAll(async () => {
  await bench?.close();
});

/** A flow with the states that a card can be in while nothing runs. */
const busy: Flow = {
  format: 'millrace.flow/1', id: 'busy', name: 'Lead intake', delivery: 'durable',
  nodes: {
    form: { type: 'webhook-in', version: 1, name: 'Site form', config: { path: '/intake' } },
    try: { type: 'inject', version: 1, name: 'Try a lead', config: {} },
    normalize: { type: 'normalize-contact', version: 1, config: {} },
    route: { type: 'switch', version: 1, name: 'Who is it?', config: { property: 'payload.kind', rules: [{ op: 'eq', value: 'lead', label: 'lead' }, { op: 'eq', value: 'client', label: 'client' }, { op: 'else', label: 'other' }] } },
    slow: { type: 'delay', version: 1, disabled: true, config: {} },
    sync: { type: 'acme-crm-sync', version: 1, config: {} },
    show: { type: 'debug', version: 1, config: {} },
  },
  wires: [
    { from: 'form.out', to: 'normalize.in' }, { from: 'try.out', to: 'normalize.in' }, { from: 'normalize.out', to: 'route.in' }, { from: 'route.out-1', to: 'sync.in' },
    { from: 'route.out-2', to: 'slow.in' }, { from: 'route.out-3', to: 'show.in', disabled: true }, { from: 'slow.out', to: 'normalize.in' },
  ],
  groups: { intake: { title: 'Intake', nodes: ['form', 'try'] } },
  layout: { form: [0, 80], try: [0, 208], normalize: [296, 120], route: [616, 120], sync: [944, 0], slow: [944, 120], show: [944, 256] },
};

const looks = [['light', 'en'], ['dark', 'ru'], ['light', 'ru'], ['dark', 'en']] as const;

describe.each(looks)('in the %s theme and language %s', (theme, language) => {
  test.skipIf(!chromium)('the editor can be read and used by everybody', async () => {
    const tab = await bench.tab('busy', { theme, language });
    await tab.node('route').click();
    await tab.page.locator('.inspector').waitFor();
    await tab.screenshot(`editor-${theme}-${language}`);
    expect(await seriousFindings(tab)).toEqual([]);
    await tab.page.keyboard.press('Control+k');
    await tab.page.locator('.commands').waitFor();
    await tab.screenshot(`commands-${theme}-${language}`);
    expect(await seriousFindings(tab)).toEqual([]);
    expect(tab.errors).toEqual([]);
    await tab.page.close();
  });

  test.skipIf(!chromium)('an empty flow says what to do next', async () => {
    await bench.saveEmpty('nothing-yet', 'Nothing yet');
    const tab = await bench.tab('nothing-yet', { theme, language });
    await tab.page.locator('.stage .empty button').waitFor();
    await tab.screenshot(`empty-${theme}-${language}`);
    expect(await seriousFindings(tab)).toEqual([]);
    await tab.page.locator('.stage .empty button').click();
    await tab.page.locator('.quick-add').waitFor();
    await tab.screenshot(`quick-add-${theme}-${language}`);
    expect(await seriousFindings(tab)).toEqual([]);
    await tab.page.close();
  });
});

test.skipIf(!chromium)('nothing overlaps or leaves the screen at 1024 pixels', async () => {
  const tab = await bench.tab('busy', { language: 'ru' });
  await tab.page.setViewportSize({ width: 1024, height: 700 });
  await tab.node('route').click();
  await tab.page.locator('.inspector').waitFor();
  await tab.screenshot('editor-1024-ru');
  const deploy = await tab.page.getByRole('button', { name: /^Применить/ }).first().boundingBox();
  expect((deploy?.x ?? 0) + (deploy?.width ?? 0)).toBeLessThanOrEqual(1024);
  expect(await tab.page.evaluate(() => document.documentElement.scrollWidth)).toBe(1024);
  const stage = await tab.page.locator('.stage').boundingBox();
  expect(stage?.width).toBeGreaterThan(300);
  await tab.page.close();
});

test.skipIf(!chromium)('the bar fits 1024 pixels in Russian also with changes and dead letters to tell', async () => {
  await bench.save({
    format: 'millrace.flow/1', id: 'full-bar', name: 'Заказы интернет-магазина', delivery: 'durable', layout: { hook: [0, 0], items: [280, 0], a: [0, 140], b: [280, 140], c: [560, 140] },
    nodes: {
      hook: { type: 'webhook-in', version: 1, config: { path: '/full-bar' } }, items: { type: 'split', version: 1, config: { path: 'payload.items' } },
      a: { type: 'debug', version: 1, config: {} }, b: { type: 'debug', version: 1, config: {} }, c: { type: 'debug', version: 1, config: {} },
    },
    wires: [{ from: 'hook.out', to: 'items.in' }],
  });
  const tab = await bench.tab('full-bar', { language: 'ru' });
  await tab.page.setViewportSize({ width: 1024, height: 700 });
  await tab.deploy();
  await tab.page.request.post(`${bench.url}/hook/full-bar`, { data: { items: 5 } });
  await tab.page.locator('.switch').getByText('1', { exact: true }).waitFor();
  await tab.node('items').click();
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.press('Delete');
  await tab.page.getByRole('button', { name: 'Применить: 6 изменений' }).waitFor();
  const last = await tab.page.locator('.bar button').last().boundingBox();
  await tab.screenshot('bar-1024-ru');
  expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(1024);
  expect((await tab.page.locator('.bar .save svg').boundingBox())?.width).toBeGreaterThan(12);
  await tab.page.close();
});

test.skipIf(!chromium)('panels keep their size over a reload', async () => {
  const tab = await bench.tab('busy');
  await tab.page.locator('.panel .splitter').focus();
  for (let i = 0; i < 3; i++) await tab.page.keyboard.press('ArrowRight');
  await tab.page.reload();
  await tab.page.locator('.panel').waitFor();
  expect((await tab.page.locator('.panel').boundingBox())?.width).toBe(232 + 3 * 16);
  await tab.page.close();
});

test.skipIf(!chromium)('of a thousand nodes only those on the screen are drawn, and far away they are blocks', async () => {
  const nodes = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`n-${i}`, { type: 'change', version: 1, config: {}, name: `Step ${i}` }]));
  const layout = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`n-${i}`, [(i % 20) * 264, Math.floor(i / 20) * 120] as const]));
  const wires = Array.from({ length: 1000 }, (_, i) => i).filter((i) => i % 20 > 0).map((i) => ({ from: `n-${i - 1}.out`, to: `n-${i}.in` }));
  await bench.save({ format: 'millrace.flow/1', id: 'thousand', name: 'Thousand', delivery: 'durable', nodes, layout, wires });
  const tab = await bench.tab('thousand');
  await tab.page.locator('.surface.far').waitFor();
  expect(await tab.page.locator('.card .tile').first().isVisible()).toBe(false);
  await tab.screenshot('thousand-far');
  await tab.page.locator('.controls .level').click();
  await expect.poll(() => tab.nodes.count()).toBeLessThan(120);
  await tab.screenshot('thousand-near');
  await tab.page.keyboard.press('Control+a');
  await expect.poll(() => tab.page.locator('.svelte-flow__node.selected').count()).toBeGreaterThan(10);
  await tab.page.keyboard.press('Delete');
  await expect.poll(() => tab.nodes.count()).toBe(0);
  await tab.page.keyboard.press('Control+z');
  await expect.poll(() => tab.nodes.count()).toBeGreaterThan(10);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
