import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, FlowNode } from '../../../runtime/api/contract.ts';
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

const flowOf = (id: string, nodes: { readonly [id: string]: FlowNode }, more: Partial<Flow> = {}): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'memory', nodes, wires: [], layout: Object.fromEntries(Object.keys(nodes).map((node, i) => [node, [i * 280, 0]])), ...more,
});
const node = (type: string, config: FlowNode['config'] = {}): FlowNode => ({ type, version: 1, config });
const config = async (flow: string, id: string): Promise<FlowNode['config'] | undefined> => (await bench.flow(flow)).flow.nodes[id]?.config;
const field = (tab: Tab, path: string) => tab.page.locator(`.inspector [data-field="${path}"]`);

async function opened(flow: Flow, select: string): Promise<Tab> {
  await bench.save(flow);
  const tab = await bench.tab(flow.id);
  await tab.node(select).click();
  await tab.page.locator('.inspector').waitFor();
  return tab;
}

test.skipIf(!chromium)('typing in a field changes the draft at once, is one step, and a default is not stored', async () => {
  const tab = await opened(flowOf('typing', { call: node('http-request') }), 'call');
  const address = field(tab, 'url').locator('input');
  await address.pressSequentially('http://one.test', { delay: 15 });
  await expect.poll(() => config('typing', 'call')).toEqual({ url: 'http://one.test' });
  await tab.node('call').getByText('http://one.test').waitFor();
  await address.blur();
  await tab.page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => config('typing', 'call')).toEqual({});
  expect(await address.inputValue()).toBe('');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a required field says so when it is left empty, and not before', async () => {
  const tab = await opened(flowOf('required', { call: node('http-request') }), 'call');
  const problem = field(tab, 'url').locator('.problem.error');
  expect(await problem.count()).toBe(0);
  await field(tab, 'url').locator('input').focus();
  await tab.page.keyboard.press('Tab');
  await problem.waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('a field takes an environment value by the control at its edge, and shows what it is now', async () => {
  const tab = await opened(flowOf('forms', { call: node('http-request', { url: 'http://a.test' }) }, { env: { CRM: { type: 'text', default: 'https://crm.test' } } }), 'call');
  await field(tab, 'url').getByRole('button', { name: /What “Address” holds/ }).click();
  await tab.page.getByRole('menuitem', { name: 'Environment value' }).click();
  await field(tab, 'url').locator('input').fill('CRM');
  await tab.page.keyboard.press('Tab');
  await expect.poll(() => config('forms', 'call')).toEqual({ url: { $env: 'CRM' } });
  await field(tab, 'url').getByText('= https://crm.test').waitFor();
  await tab.page.close();
});

test.skipIf(!chromium)('rules are added, ordered by key and removed', async () => {
  const tab = await opened(flowOf('rules', { pick: node('switch', { rules: [{ op: 'eq', value: 'a' }, { op: 'eq', value: 'b' }] }) }), 'pick');
  const values = async (): Promise<unknown> => ((await config('rules', 'pick'))?.['rules'] as readonly { readonly value?: unknown }[] | undefined)?.map(({ value }) => value);
  await field(tab, 'rules.0.value').locator('textarea').focus();
  await tab.page.keyboard.press('Alt+ArrowDown');
  await expect.poll(values).toEqual(['b', 'a']);
  await tab.page.getByRole('button', { name: 'Add to “Rules”' }).click();
  await expect.poll(values).toEqual(['b', 'a', undefined]);
  await tab.page.getByRole('button', { name: 'Remove item 1' }).click();
  await expect.poll(values).toEqual(['a', undefined]);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a deploy by key takes the code that was just typed, and a mistake in it is marked at its line', async () => {
  const tab = await opened(flowOf('code', { fn: node('function', { code: 'return msg;' }) }), 'fn');
  const editor = field(tab, 'code').locator('.cm-content');
  await editor.click();
  await tab.page.keyboard.press('Control+a');
  await tab.page.keyboard.insertText('const a = ;\nreturn msg;');
  await tab.page.keyboard.press('Control+Enter');
  await tab.page.getByRole('dialog').getByText(/line 1, column 11/).waitFor();
  await tab.page.getByRole('dialog').getByRole('button', { name: 'Deploy anyway' }).click();
  await tab.page.getByText(/Deployed: revision 1/).waitFor();
  expect(await config('code', 'fn')).toEqual({ code: 'const a = ;\nreturn msg;' });
  await field(tab, 'code').locator('.problem').waitFor();
  await tab.page.locator('.cm-lintRange-error').waitFor();
  await tab.page.getByRole('tab', { name: /Problems/ }).or(tab.page.getByRole('button', { name: 'Show them' })).first().click();
  await tab.page.locator('.dock').getByText(/line 1/).waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('shows the last message with what the node added', async () => {
  const nodes = { inject: node('inject'), fn: node('function', { code: 'msg.payload = { score: 10 }; msg.extra = true; return msg;' }), show: node('debug') };
  const tab = await opened(flowOf('last', nodes, { wires: [{ from: 'inject.out', to: 'fn.in' }, { from: 'fn.out-1', to: 'show.in' }] }), 'fn');
  await tab.deploy();
  await tab.page.getByRole('button', { name: 'Send a message from Inject' }).click();
  const last = tab.page.locator('.inspector .last');
  await last.getByText('Last message').waitFor();
  await last.locator('.row.added', { hasText: 'extra' }).waitFor();
  await tab.page.getByRole('tab', { name: 'Input' }).click();
  await tab.page.getByText('Last message in').waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a node is renamed in its header, and its wires are set in the inspector', async () => {
  const tab = await opened(flowOf('names', { inject: node('inject'), show: node('debug') }, { wires: [{ from: 'inject.out', to: 'show.in' }] }), 'show');
  await tab.page.getByLabel('Name of the node').fill('Everything');
  await tab.page.keyboard.press('Enter');
  await tab.node('show').getByText('Everything').waitFor();
  await tab.page.locator('.svelte-flow__edge').first().dispatchEvent('click');
  await field(tab, 'limit.messages').locator('input').fill('500');
  await tab.page.keyboard.press('Tab');
  await field(tab, 'whenFull').getByRole('combobox').or(field(tab, 'whenFull').locator('button')).click();
  await tab.page.getByRole('option', { name: 'Drop the new message' }).click();
  await expect.poll(async () => (await bench.flow('names')).flow.wires).toEqual([{ from: 'inject.out', to: 'show.in', limit: { messages: 500 }, whenFull: 'drop' }]);
  expect((await bench.flow('names')).flow.nodes['show']?.name).toBe('Everything');
  await tab.page.close();
});

test.skipIf(!chromium)('several nodes are disabled and deleted together', async () => {
  const tab = await opened(flowOf('several', { a: node('debug'), b: node('debug'), c: node('debug') }), 'a');
  await tab.node('b').click({ modifiers: ['Shift'] });
  await tab.page.getByText('2 nodes selected').waitFor();
  await tab.page.locator('.inspector').getByRole('button', { name: 'Disable' }).click();
  await expect.poll(async () => Object.values((await bench.flow('several')).flow.nodes).filter(({ disabled }) => disabled).length).toBe(2);
  await tab.page.locator('.inspector').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(async () => Object.keys((await bench.flow('several')).flow.nodes)).toEqual(['c']);
  await tab.page.close();
});

test.skipIf(!chromium)('a node type that is not here keeps its settings and says what to do', async () => {
  const tab = await opened(flowOf('unknown', { sync: node('acme-sync', { key: 'value' }) }), 'sync');
  await tab.page.getByText('The node type “acme-sync” is not installed here').waitFor();
  await tab.page.getByText('"key": "value"').waitFor();
  await tab.page.close();
});
