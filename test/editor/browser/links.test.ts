import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow, FlowNode } from '../../../runtime/api/contract.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench, seriousFindings } from './editor-kit.ts';

/** Where links may lead is chosen from a list: the flow itself, then the others. */

const chromium = needsChromium();
let bench: EditorBench;
beforeAll(async () => { if (chromium) bench = await EditorBench.open(chromium); });
afterAll(async () => { await bench?.close(); });

const node = (type: string, config: FlowNode['config'] = {}): FlowNode => ({ type, version: 1, config });
const flowOf = (id: string, nodes: Flow['nodes']): Flow => ({ format: 'millrace.flow/1', id, name: `Flow ${id}`, delivery: 'durable', nodes, wires: [], layout: Object.fromEntries(Object.keys(nodes).map((name, at) => [name, [320, at * 120]])) });

test.skipIf(!chromium)('a link is chosen among the link-in nodes of this flow and of others, and where there are none that is said', async () => {
  await bench.save(flowOf('asks', { it: node('link-call') }));
  const alone = await bench.tab('asks');
  await alone.node('it').click();
  const field = alone.page.locator('.inspector [data-field="link"]');
  await field.getByRole('button', { name: 'Show suggestions' }).click();
  await alone.page.getByText('There is no Link in node yet').waitFor();
  expect(await seriousFindings(alone)).toEqual([]);
  await alone.page.close();

  await bench.save(flowOf('prices', { entry: node('link-in'), audit: node('link-in'), show: node('debug') }));
  await bench.save(flowOf('calls', { it: node('link-call'), own: node('link-in') }));
  const tab = await bench.tab('calls');
  await tab.node('it').click();
  const link = tab.page.locator('.inspector [data-field="link"]');
  await link.getByRole('button', { name: 'Show suggestions' }).click();
  const offered = tab.page.getByRole('option');
  await expect.poll(() => offered.allInnerTexts()).toEqual(['own\nLink in', 'prices/audit\nFlow prices', 'prices/entry\nFlow prices'].map((text) => expect.stringMatching(new RegExp(text.replace('\n', '\\s*'))) as string));
  await tab.screenshot('links-offered');
  await tab.page.getByRole('option', { name: 'prices/entry' }).click();
  await expect.poll(async () => (await bench.flow('calls')).flow.nodes['it']?.config['link']).toBe('prices/entry');
  expect(await seriousFindings(tab)).toEqual([]);
});

test.skipIf(!chromium)('a link to a node that is none is told at the field', async () => {
  await bench.save(flowOf('wrong', { it: node('link-call', { link: 'show' }), show: node('debug') }));
  const tab = await bench.tab('wrong');
  await tab.node('it').click();
  await tab.page.locator('.inspector').getByText('the flow has no link-in node "show"').first().waitFor();
});
