import { afterEach, expect, test, vi } from 'vitest';
import type { FlowNode, NodeInfo, SeenMessage } from '../../../runtime/api/contract.ts';
import { firstMessage, Trial } from '../../../editor/inspector/trial.svelte.ts';

afterEach(() => { vi.unstubAllGlobals(); });

const NODE: FlowNode = { type: 'function', version: 1, config: { code: 'return msg;' } };

test('the node is sent as it is, with the typed message or without one', async () => {
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (url: string, { body }: { body: string }) => {
    sent.push([url, JSON.parse(body)]);
    return Response.json({ outcome: 'done' });
  });
  const trial = new Trial('orders', 'count');
  await trial.run(NODE, '{ "payload": 1 }');
  await trial.run(NODE, undefined);
  expect(sent).toEqual([['/api/v1/flows/orders/nodes/count/try', { node: NODE, body: { payload: 1 } }], ['/api/v1/flows/orders/nodes/count/try', { node: NODE }]]);
  expect([trial.answer, trial.tried, trial.isRunning]).toEqual([{ outcome: 'done' }, NODE, false]);
});

test.each(['[1]', '1', 'null', '{ payload', ''])('what is no message is not sent, and says why: %s', async (text) => {
  vi.stubGlobal('fetch', () => { throw new Error('sent'); });
  const trial = new Trial('orders', 'count');
  await trial.run(NODE, text);
  expect(trial.reason).toBeTruthy();
  trial.write('{}');
  expect(trial.reason).toBeUndefined();
});

test('of two tries at once the later is heard, whichever is answered first', async () => {
  const answers: ((response: Response) => void)[] = [];
  vi.stubGlobal('fetch', () => new Promise((resolve) => { answers.push(resolve); }));
  const trial = new Trial('orders', 'count');
  const both = [trial.run(NODE, '{}'), trial.run(NODE, '{}')];
  answers[1]?.(Response.json({ outcome: 'done' }));
  answers[0]?.(Response.json({ error: { code: 'try.busy', message: { en: 'busy', ru: 'занято' } } }, { status: 503 }));
  await Promise.all(both);
  expect([trial.answer, trial.error, trial.isRunning]).toEqual([{ outcome: 'done' }, undefined, false]);
});

test('what was typed for a node is there when somebody comes back to it', () => {
  new Trial('orders', 'one').write('{ "a": 1 }');
  expect([new Trial('orders', 'one').text, new Trial('orders', 'two').text]).toEqual(['{ "a": 1 }', undefined]);
});

test('the message that was typed is known as such while it can be read, and is the one to be tried', () => {
  const trial = new Trial('orders', 'typed');
  expect(trial.typed).toBeUndefined();
  trial.write('{ "payload": 1 }');
  expect(trial.typed).toEqual({ payload: 1 });
  trial.write('{ "payload": ');
  expect(trial.typed).toBeUndefined();
  trial.write('{ "payload": 2 }');
  trial.isOwn = false;
  expect(trial.typed).toBeUndefined();
});

test('what came of a try is of the settings as they were, also when they were changed and changed back', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ outcome: 'done' }));
  const trial = new Trial('orders', 'settings');
  const of = (code: string) => ({ ...NODE, config: { code, outputs: 2 } });
  expect(trial.isOf(of('a'))).toBe(false);
  await trial.run(of('a'), '{}');
  expect([trial.isOf(of('a')), trial.isOf(of('b')), trial.isOf(undefined)]).toEqual([true, false, false]);
});

test('a message to begin with is the last one, an example, or an empty one', () => {
  const info = { examples: [{ given: [{ payload: 2 }] }] } as unknown as NodeInfo;
  const first = (last?: unknown, of?: NodeInfo): unknown => JSON.parse(firstMessage(last as SeenMessage | undefined, of));
  expect([first({ body: { payload: 1 } }, info), first(undefined, info), first()]).toEqual([{ payload: 1 }, { payload: 2 }, { payload: '' }]);
});
