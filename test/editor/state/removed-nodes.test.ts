import { afterEach, expect, test, vi } from 'vitest';
import { RemovedNodes } from '../../../editor/state/removed-nodes.svelte.ts';

afterEach(() => { vi.unstubAllGlobals(); });

function server(revisions: { readonly [revision: number]: { readonly [id: string]: string } }): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    const path = url.replace('/api/v1/flows/orders/', '');
    asked.push(path);
    if (path === 'revisions') return Response.json({ revisions: Object.keys(revisions).map(Number).sort((a, b) => b - a).map((revision) => ({ revision, at: 1, by: 'local' })) });
    const nodes = Object.entries(revisions[Number(path.split('/')[1])] ?? {}).map(([id, name]) => [id, { type: 'debug', version: 1, name, config: {} }]);
    return Response.json({ nodes: Object.fromEntries(nodes) });
  });
  return asked;
}

test('what was removed is found in the newest revision that had it, and no older one is asked', async () => {
  const asked = server({ 1: { call: 'Call', wait: 'Wait' }, 2: { call: 'Call the bank', wait: 'Wait' }, 3: { wait: 'Wait a day' }, 4: {} });
  const removed = new RemovedNodes('orders');
  expect([removed.find('wait'), removed.find('call')]).toEqual([undefined, undefined]);
  await vi.waitFor(() => expect(removed.find('call')?.name).toBe('Call the bank'));
  expect(removed.find('wait')?.name).toBe('Wait a day');
  expect(asked).toEqual(['revisions', 'revisions/4', 'revisions/3', 'revisions/2']);
});

test('what no revision knows is looked for once', async () => {
  const asked = server({ 1: {} });
  const removed = new RemovedNodes('orders');
  removed.find('never');
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  removed.find('never');
  await Promise.resolve();
  expect(asked).toHaveLength(2);
});
