import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionList, Flow, FlowList } from '../../../runtime/api/contract.ts';
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

const read = async <T>(path: string): Promise<T> => (await (await fetch(`${bench.url}/api/v1${path}`)).json()) as T;
const names = async (): Promise<readonly string[]> => (await read<FlowList>('/flows')).flows.map(({ name }) => name);
const panel = async (tab: Tab, name: string): Promise<void> => {
  if (!(await tab.page.locator('.panel').getByRole('heading', { name, exact: true }).isVisible())) await tab.page.getByRole('button', { name, exact: true }).first().click();
};
async function opened(id: string, nodes: Flow['nodes'] = {}): Promise<Tab> {
  await bench.save({ format: 'millrace.flow/1', id, name: id, delivery: 'memory', nodes, wires: [], layout: Object.fromEntries(Object.keys(nodes).map((node, i) => [node, [i * 280, 0]])) });
  return bench.tab(id);
}

test.skipIf(!chromium)('flows are created, renamed, duplicated, deleted and brought back', async () => {
  const tab = await opened('begin');
  await tab.page.getByRole('button', { name: 'Flows', exact: true }).last().click();
  await tab.page.getByRole('button', { name: 'New flow' }).click();
  await tab.page.getByLabel('Name of the new flow').fill('Заявки с сайта');
  await tab.page.keyboard.press('Enter');
  await expect.poll(() => tab.page.url()).toContain('#/flows/zayavki-s-sayta');
  const more = (name: string) => tab.page.getByRole('button', { name: `More for “${name}”` });
  await more('Заявки с сайта').click();
  await tab.page.getByRole('menuitem', { name: 'Rename' }).click();
  await tab.page.getByRole('textbox', { name: 'Rename' }).fill('Leads');
  await tab.page.keyboard.press('Enter');
  await expect.poll(names).toContain('Leads');
  await more('Leads').click();
  await tab.page.getByRole('menuitem', { name: 'Duplicate' }).click();
  await more('Leads, copy').click();
  await tab.page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect.poll(names).not.toContain('Leads, copy');
  await tab.page.getByRole('button', { name: 'Restore' }).click();
  await expect.poll(names).toContain('Leads, copy');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a connection is made from the field that needs it, tested, and declared in the flow', async () => {
  const tab = await opened('connect', { save: { type: 'sql-query', version: 1, config: {} } });
  await tab.node('save').click();
  const field = tab.page.locator('.inspector [data-field="db"], .inspector [data-field="connection"]').first();
  await field.getByRole('button', { name: 'Show suggestions' }).or(field.locator('button.arrow')).first().click();
  await tab.page.getByRole('option', { name: 'New connection…' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('scratch-db');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.locator('.line.good').waitFor();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(async () => (await bench.flow('connect')).flow.uses).toEqual({ 'scratch-db': 'sql' });
  expect((await read<ConnectionList>('/connections')).connections.map(({ name }) => name)).toContain('scratch-db');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a secret goes in and never comes out', async () => {
  const tab = await opened('secrets');
  await tab.page.getByRole('button', { name: 'Settings', exact: true }).click();
  await tab.page.getByRole('button', { name: 'New secret' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByLabel('Name of the secret').fill('crm.token');
  await dialog.getByLabel('Value', { exact: true }).fill('t0p-s3cret-value');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await tab.page.locator('.panel').getByText('crm.token').waitFor();
  expect(await tab.page.content()).not.toContain('t0p-s3cret-value');
  expect(JSON.stringify(await read('/secrets'))).not.toContain('t0p-s3cret-value');
  await tab.page.getByRole('button', { name: 'Delete crm.token' }).click();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await tab.page.getByText('No secrets yet.').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('environment values are set and brought back after deleting', async () => {
  const tab = await opened('env');
  await tab.page.getByRole('button', { name: 'Settings', exact: true }).click();
  await tab.page.getByRole('button', { name: 'New value' }).click();
  await tab.page.getByRole('dialog').getByLabel('Name').fill('RATE');
  await tab.page.getByRole('dialog').getByLabel('Value').fill('1.5');
  await tab.page.keyboard.press('Enter');
  await expect.poll(async () => (await read<{ env: unknown }>('/env')).env).toContainEqual({ name: 'RATE', value: 1.5 });
  await tab.page.getByRole('button', { name: 'Delete RATE' }).click();
  await tab.page.getByRole('button', { name: 'Bring back' }).click();
  await expect.poll(async () => (await read<{ env: unknown }>('/env')).env).toContainEqual({ name: 'RATE', value: 1.5 });
  await tab.page.close();
});

async function importText(tab: Tab, text: string): Promise<void> {
  await panel(tab, 'Flows');
  await tab.page.getByRole('button', { name: 'Import' }).first().click();
  await tab.page.getByRole('dialog').getByRole('textbox').fill(text);
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Look at it' }).click();
}

test.skipIf(!chromium)('an exported flow is imported as a new one with the same text but its id', async () => {
  const tab = await opened('traveller', { say: { type: 'debug', version: 1, name: 'Say', config: {} } });
  const text = await (await fetch(`${bench.url}/api/v1/export?flow=traveller`)).text();
  await importText(tab, text);
  await tab.page.getByText('A flow with this id exists:').waitFor();
  await tab.page.getByRole('button', { name: 'Import 1 flow' }).click();
  await expect.poll(() => tab.page.url()).toContain('traveller-2');
  const copy = await (await fetch(`${bench.url}/api/v1/export?flow=traveller-2`)).text();
  expect(copy).toBe(text.replace('"id": "traveller"', '"id": "traveller-2"'));
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a flow that is there is replaced when it is asked for', async () => {
  const tab = await opened('replaced');
  const { flow } = await bench.flow('replaced');
  await importText(tab, JSON.stringify({ ...flow, name: 'Replaced by import' }));
  await tab.page.getByRole('radio', { name: 'Replace it' }).click();
  await tab.page.getByRole('button', { name: 'Import 1 flow' }).click();
  await expect.poll(async () => (await bench.flow('replaced')).flow.name).toBe('Replaced by import');
  await tab.page.close();
});

test.skipIf(!chromium)('Node-RED and other text are recognised and answered', async () => {
  const tab = await opened('foreign');
  await importText(tab, JSON.stringify([{ id: 't', type: 'tab', label: 'Flow 1' }, { id: 'a', type: 'inject', z: 't', wires: [[]] }]));
  await tab.page.getByText('This is a Node-RED flow').waitFor();
  await tab.page.getByRole('button', { name: 'Back' }).click();
  await tab.page.getByRole('dialog').getByRole('textbox').fill('{"hello": "world"}');
  await tab.page.getByRole('button', { name: 'Look at it' }).click();
  await tab.page.getByText('This is JSON, but not a flow').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('selected nodes, the flow and everything are exported', async () => {
  const tab = await opened('out', { a: { type: 'debug', version: 1, config: {} }, b: { type: 'debug', version: 1, config: {} } });
  await tab.node('a').click();
  await panel(tab, 'Flows');
  await tab.page.getByRole('button', { name: 'Export all' }).click();
  const dialog = tab.page.getByRole('dialog');
  await dialog.getByText('"format": "millrace.nodes/1"').waitFor();
  await dialog.getByRole('radio', { name: 'This flow' }).click();
  await dialog.getByText('"format": "millrace.flow/1"').waitFor();
  await dialog.getByRole('radio', { name: 'All flows' }).click();
  await dialog.getByText('"format": "millrace.export/1"').waitFor();
  const download = tab.page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('millrace-flows.json');
  await tab.page.close();
});
