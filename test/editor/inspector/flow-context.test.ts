import { afterEach, expect, test, vi } from 'vitest';
import { FlowContext } from '../../../editor/inspector/flow-context.svelte.ts';

afterEach(() => { vi.unstubAllGlobals(); });

const OWN = { flow: 'orders', node: 'count', key: 'last order', bytes: 8, updatedAt: 1 };
const SHARED = { key: 'rate', bytes: 2, updatedAt: 2 };
function server({ refuses = false } = {}): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { method }: RequestInit) => {
    asked.push(`${method} ${url.replace('/api/v1', '')}`);
    if (method === 'DELETE') return refuses ? Response.json({ error: { code: 'context.not-found', message: { en: 'gone', ru: 'нет' } } }, { status: 404 }) : new Response(null, { status: 204 });
    if (!url.includes('?')) return Response.json({ ...OWN, value: { n: 1 }, truncated: false });
    return Response.json({ scopes: [], entries: url.includes('flow=') ? [OWN] : [SHARED] });
  });
  return asked;
}

test('what the flow keeps and what all flows share stand in one list, and a value opens and folds', async () => {
  const asked = server();
  const context = new FlowContext('orders');
  await context.load();
  expect([context.entries, context.isCut, context.isLoading]).toEqual([[OWN, SHARED], false, false]);
  await context.toggle(OWN);
  expect(context.open?.value).toEqual({ n: 1 });
  expect(asked.at(-1)).toBe('GET /context/node/orders/count/last%20order');
  await context.toggle(OWN);
  expect(context.open).toBeUndefined();
});

test('a value is deleted by its place, and a refusal stays said after the list was read again', async () => {
  const asked = server({ refuses: true });
  const context = new FlowContext('orders');
  await context.delete(SHARED);
  expect(asked[0]).toBe('DELETE /context/global/rate');
  expect([context.error?.code, context.entries]).toEqual(['context.not-found', [OWN, SHARED]]);
});
