import { afterEach, expect, test, vi } from 'vitest';
import { Runs } from '../../../editor/runs/runs.svelte.ts';

afterEach(() => { vi.unstubAllGlobals(); });

const text = (en: string) => ({ en, ru: en });

test('a run that was just started and is not known yet is shown as soon as it is', async () => {
  const known = new Set<string>();
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.includes('?')) return Response.json({ runs: [], counts: { pending: 3, completed: 0, dropped: 0, deadLettered: 0, discarded: 0 }, morePending: true });
    const id = url.split('/').at(-1) ?? '';
    return known.has(id) ? Response.json({ id, state: 'completed', steps: [] }) : Response.json({ error: { code: 'run.not-found', message: text('nothing is kept of it') } }, { status: 404 });
  });
  const runs = new Runs('lead');
  await runs.show('run-2');
  expect(runs.error?.code).toBe('run.not-found');
  known.add('run-2');
  await runs.load();
  expect([runs.open?.id, runs.error]).toEqual(['run-2', undefined]);
  expect([runs.count('pending'), runs.morePending]).toEqual([3, true]);
});

test('what a dry run showed is over when a real replay has begun', async () => {
  vi.stubGlobal('fetch', async (url: string, { method, body }: RequestInit) => {
    if (method === 'POST') return Response.json(String(body).includes('dry-run') ? { runs: [], refused: [], more: false, steps: [{ node: 'a' }] } : { runs: ['run-2'], refused: [], more: false });
    return url.includes('?') ? Response.json({ runs: [], counts: { pending: 0, completed: 0, dropped: 0, deadLettered: 0, discarded: 0 }, morePending: false }) : Response.json({ id: 'run-1', state: 'completed', steps: [] });
  });
  const runs = new Runs('lead');
  await runs.replay('run-1', { mode: 'dry-run' });
  expect([runs.dryRun?.length, runs.told]).toEqual([1, undefined]);
  await runs.replay('run-1', { mode: 'same-keys' });
  expect([runs.dryRun, runs.told?.what]).toEqual([undefined, 'replay']);
});

test('how many runs a replay of all would repeat is known as far as the list goes: pending ones are left alone', async () => {
  let next: string | undefined = 'page-2';
  let states = ['completed', 'pending', 'dead-lettered'];
  vi.stubGlobal('fetch', async () => Response.json({ runs: states.map((state, i) => ({ id: `run-${i}`, state })), ...(next && { next }), morePending: false }));
  const runs = new Runs('lead');
  expect(runs.fit).toEqual({ count: 0, more: false });
  await runs.load();
  expect(runs.fit).toEqual({ count: 2, more: true });
  states = ['pending'];
  await runs.load();
  expect(runs.fit).toBeUndefined();
  states = ['completed', 'completed'];
  next = undefined;
  await runs.load();
  expect(runs.fit).toEqual({ count: 2, more: false });
});
