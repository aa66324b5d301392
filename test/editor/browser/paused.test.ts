import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Flow } from '../../../runtime/api/contract.ts';
import { localServer } from '../../kit/local-server.ts';
import type { LocalServer } from '../../kit/local-server.ts';
import { needsChromium } from '../../kit/needs.ts';
import { EditorBench } from './editor-kit.ts';
import type { Tab } from './editor-kit.ts';

const chromium = needsChromium();
let bench: EditorBench;
let other: LocalServer;
let isBack = false;
let refused = 0;
beforeAll(async () => {
  if (!chromium) return;
  other = await localServer((_request, response) => {
    if (isBack) response.writeHead(200).end('ok');
    else {
      refused++;
      response.writeHead(503, { 'retry-after': '3600' }).end('away');
    }
  });
  bench = await EditorBench.open(chromium);
});
afterAll(async () => {
  await bench?.close();
  await other?.close();
});

const flowOf = (id: string): Flow => ({
  format: 'millrace.flow/1', id, name: id, delivery: 'durable', layout: { hook: [0, 0], call: [300, 0], save: [300, 140] }, uses: { 'far-db': 'sql' },
  nodes: {
    hook: { type: 'webhook-in', version: 1, config: { path: `/${id}` } }, call: { type: 'http-request', version: 1, config: { url: other.url } },
    save: { type: 'sql-query', version: 1, config: { db: 'far-db', statement: 'SELECT 1' } },
  },
  wires: [{ from: 'hook.out', to: 'call.in' }, { from: 'hook.out', to: 'save.in' }],
});

async function paused(id: string, options: Parameters<EditorBench['tab']>[1] = {}): Promise<Tab> {
  isBack = false;
  const document = { type: 'sql', config: { driver: 'postgres', host: '127.0.0.1', port: 1, database: 'far', user: 'far' } };
  const known = await fetch(`${bench.url}/api/v1/connections/far-db`, { method: 'PUT', headers: { 'content-type': 'application/json', 'if-match': '"0"' }, body: JSON.stringify({ document }) });
  expect([200, 412]).toContain(known.status);
  await bench.save(flowOf(id));
  const tab = await bench.tab(id, options);
  await tab.deploy();
  await tab.page.request.post(`${bench.url}/hook/${id}`, { data: { name: 'ada' } });
  await expect.poll(() => tab.page.locator('.strip li').count()).toBe(2);
  return tab;
}

test.skipIf(!chromium)('a paused host says why and until when, and goes on when a person tries it', async () => {
  const tab = await paused('goes-on');
  const host = tab.page.locator('.strip li', { hasText: `Host 127.0.0.1:${other.port}` });
  await host.getByText(/since \d\d:\d\d:\d\d, .*· next try in (1 h|\d\d(\.\d)? min)/).waitFor();
  await tab.node('call').getByText(/paused, on in /).waitFor();
  const before = refused;
  await host.getByRole('button', { name: /^Try Host/ }).click();
  await expect.poll(() => refused).toBe(before + 1);
  await host.getByText(/since/).waitFor(); // it is away still: the one message that was let through paused it again
  isBack = true;
  await host.getByRole('button', { name: /^Try Host/ }).click();
  await host.waitFor({ state: 'detached' });
  await tab.node('call').getByText(/1 done|\/s/).waitFor();
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium)('a paused connection is tried in vain with a word, and its form opens from the strip', async () => {
  const tab = await paused('in-vain');
  const db = tab.page.locator('.strip li', { hasText: 'far-db' });
  await db.getByRole('button', { name: 'Try far-db now' }).click();
  await db.getByText('Tried just now: it is still not there.').waitFor();
  await db.getByRole('button', { name: 'far-db', exact: true }).click();
  await tab.page.getByRole('dialog').getByText('Connection far-db').waitFor();
  await tab.page.keyboard.press('Escape');
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});

test.skipIf(!chromium).each([['en', 'light'], ['ru', 'dark']] as const)('pauses look as they should: %s, %s', async (language, theme) => {
  const tab = await paused(`paused-${language}`, { language, theme });
  await tab.page.getByRole('button', { name: language === 'en' ? 'Connections' : 'Подключения', exact: true }).first().click();
  await tab.page.locator('.panel .paused').first().waitFor();
  await tab.screenshot(`paused-${language}-${theme}`);
  expect(tab.errors).toEqual([]);
  await tab.page.close();
});
