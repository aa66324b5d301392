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

async function deployed(id: string) {
  await bench.save(pair(id));
  const tab = await bench.tab(id);
  await tab.deploy();
  return tab;
}

test.skipIf(!chromium)('what changed since the deploy is marked and counted', async () => {
  const tab = await deployed('changes');
  await tab.page.getByRole('button', { name: 'Deployed' }).waitFor();
  // Moving a card changes nothing that runs.
  await tab.node('debug').click();
  await tab.page.keyboard.press('ArrowDown');
  await tab.saved();
  expect(await tab.page.getByRole('button', { name: 'Deployed' }).count()).toBe(1);
  await tab.node('debug').getByRole('switch').click();
  await tab.page.getByRole('button', { name: 'Deploy 1 change' }).waitFor();
  expect(await tab.node('debug').locator('.changed').count()).toBe(1);
  expect(await tab.node('inject').locator('.changed').count()).toBe(0);
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByText('Live · revision 2').waitFor();
  expect(await tab.node('debug').locator('.changed').count()).toBe(0);
  expect((await bench.flow('changes')).flow.nodes['debug']?.config).toEqual({ active: false });
  await tab.page.close();
});

test.skipIf(!chromium)('a flow is stopped and started; its buttons follow', async () => {
  const tab = await deployed('stopping');
  const button = tab.node('inject').getByRole('button', { name: /Send a message/ });
  expect(await button.isEnabled()).toBe(true);
  await tab.page.keyboard.press('Control+k');
  await tab.page.keyboard.type('stop the flow');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('Stopped · revision 1').waitFor();
  await expect.poll(() => button.isEnabled()).toBe(false);
  await tab.page.keyboard.press('Control+k');
  await tab.page.keyboard.type('start the flow');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByText('Live · revision').waitFor();
  await expect.poll(() => button.isEnabled()).toBe(true);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('counts stand at the node and on the wire', async () => {
  const tab = await deployed('counts');
  const button = tab.node('inject').getByRole('button', { name: /Send a message/ });
  await button.click();
  await button.click();
  await tab.node('debug').locator('.state').waitFor();
  await expect.poll(() => tab.node('debug').locator('.state').textContent(), { timeout: 8000 }).toMatch(/2 done|\/s/);
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await tab.page.locator('.wire-label-place').getByText('2 passed').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('what cannot run is said at the node, before the deploy and after it; the rest runs', async () => {
  await bench.save({ ...pair('broken'), nodes: { ...pair('broken').nodes, form: { type: 'webhook-in', version: 1, config: { path: 'no slash?' } }, odd: { type: 'acme-crm-sync', version: 1, config: {} } }, layout: { ...pair('broken').layout, form: [0, 120], odd: [300, 120] } });
  const tab = await bench.tab('broken');
  await tab.node('odd').getByText('not installed').waitFor();
  await tab.node('odd').getByText(/problem:/).waitFor();
  await tab.page.getByRole('button', { name: /^Deploy/ }).first().click();
  await tab.page.getByRole('dialog').locator('.problems').getByText('acme-crm-sync').waitFor();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Deploy anyway' }).click();
  await tab.page.locator('.result').getByText(/problem/).first().waitFor();
  const button = tab.node('inject').getByRole('button', { name: /Send a message/ });
  await expect.poll(() => button.isEnabled()).toBe(true);
  await button.click();
  await tab.page.locator('.dock .row').first().waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
