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

const HELD = { node: 'call', key: 'ada', since: 1, deadLetter: '7', failedAt: 'call', code: 'x', message: { en: 'x', ru: 'x' }, waiting: 2 } as const;

test('what came of freeing a key is told, and names the dead letter to the server, as the key may be masked', async () => {
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    if (method !== 'GET') { asked.push(JSON.parse(String(body))); return Response.json({ done: 1, refused: [] }); }
    return url.includes('held-keys') ? Response.json({ keys: [], total: 0 }) : Response.json({ deadLetters: [], total: 0 });
  });
  const letters = new Letters('lead');
  await letters.free(HELD, 'release');
  expect([letters.told, asked]).toEqual([{ what: 'key', action: 'release', key: 'ada', done: 1, refused: [] }, [{ node: 'call', deadLetter: '7', action: 'release' }]]);
});

test('what was refused stays said after the list was read again, until something works', async () => {
  server();
  const letters = new Letters('lead');
  await letters.free(HELD, 'resend');
  expect(letters.error?.code).toBe('flow.not-live');
  await letters.resend({ ids: ['1'] }, 'node');
  expect([letters.error?.code, letters.isBusy, letters.told]).toEqual(['flow.not-live', false, undefined]);
  await letters.load();
  expect(letters.error).toBeUndefined();
});

test('all held keys are counted, also those that are not listed', async () => {
  server();
  const letters = new Letters('lead');
  await letters.load();
  expect([letters.held.length, letters.heldTotal]).toEqual([0, 600]);
});

// Under load each look at the list threw away what a person was editing, and their selection, once a hundred newer ones had come.
test.each([['pushed off the page by newer ones', 200, '7'], ['gone', 404, undefined]] as const)('what a person looks at and has chosen stays while it is there: %s', async (_name, status, open) => {
  const list = [{ id: '9' }];
  let isFull = false;
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.includes('held-keys')) return Response.json({ keys: [], total: 0 });
    if (url.includes('dead-letters/7')) return isFull && status === 404 ? Response.json(refusal, { status }) : Response.json({ id: '7' });
    return Response.json(isFull ? { deadLetters: list, total: 300, next: '9' } : { deadLetters: [{ id: '7' }], total: 1 });
  });
  const letters = new Letters('lead');
  await letters.load();
  await letters.show('7');
  letters.choose('7', true);
  isFull = true;
  await letters.load();
  expect([letters.open?.id, [...letters.chosen], letters.error]).toEqual([open, ['7'], undefined]);
});
