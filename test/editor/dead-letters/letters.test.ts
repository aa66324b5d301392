import { afterEach, expect, test, vi } from 'vitest';
import { Letters } from '../../../editor/dead-letters/letters.svelte.ts';

afterEach(() => { vi.unstubAllGlobals(); });

const refusal = { error: { code: 'flow.not-live', message: { en: 'the flow is not running', ru: 'поток не запущен' } } };
function server(): void {
  vi.stubGlobal('fetch', async (url: string, { method }: RequestInit) => {
    if (method !== 'GET') return Response.json(refusal, { status: 409 });
    return url.includes('held-keys') ? Response.json({ keys: [], total: 600 }) : Response.json({ deadLetters: [], total: 0 });
  });
}

test('what was refused stays said after the list was read again, until something works', async () => {
  server();
  const letters = new Letters('lead');
  await letters.free({ node: 'call', key: 'ada', action: 'resend' });
  expect(letters.error?.code).toBe('flow.not-live');
  await letters.resend({ ids: ['1'] }, 'node');
  expect([letters.error?.code, letters.isBusy, letters.answer]).toEqual(['flow.not-live', false, undefined]);
  await letters.load();
  expect(letters.error).toBeUndefined();
});

test('all held keys are counted, also those that are not listed', async () => {
  server();
  const letters = new Letters('lead');
  await letters.load();
  expect([letters.held.length, letters.heldTotal]).toEqual([0, 600]);
});
