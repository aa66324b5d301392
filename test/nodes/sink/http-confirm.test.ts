import { expect, test } from 'vitest';
import httpRequest from '../../../nodes/sink/http-request.ts';
import type { FieldValue } from '../../../runtime/flow/flow.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { answerOf, SimHttp } from '../../kit/sim-http.ts';
import { journalFile, World } from '../../kit/world.ts';

const ORDER = { method: 'POST', url: 'https://shop.test/orders', askAt: { $template: 'https://shop.test/orders?origin={{payload.id}}' } };

/** The shop loses its first answer (504); `asked` is what it says when it is asked. */
async function story(config: { readonly [field: string]: FieldValue }, asked: ReturnType<typeof answerOf>): Promise<{ readonly orders: number; readonly asks: readonly string[]; readonly arrived: readonly unknown[]; readonly kinds: readonly string[] }> {
  let orders = 0;
  const asks: string[] = [];
  const http = new SimHttp().on('shop.test', (request) => {
    if (request.options.method === 'POST') return ++orders === 1 ? answerOf(504, '') : answerOf(201, '{"order":2}', { 'content-type': 'application/json' });
    asks.push(request.url);
    return asked;
  });
  const journal = journalFile();
  const nodes = new TestNodes();
  const w = new World({ file: journal.file, nodes: [...nodes.definitions, httpRequest], fetch: http.fetch });
  try {
    await w.deploy(flowOf({ nodes: { in: 'test-source', shop: { type: 'http-request', config }, sink: 'test-sink' }, wires: ['in.out -> shop.in', 'shop.answer -> sink.in'] }));
    await nodes.deliver.get('in')?.({ payload: { id: 'a b' } });
    await w.calm();
    await w.pass(60_000);
    expect(w.bugs).toEqual([]);
    return { orders, asks, arrived: nodes.arrived.map(({ body }) => body.payload), kinds: (await w.services.journal.deadLetters({ limit: 5 })).map(({ kind }) => kind) };
  } finally {
    w.kill();
    journal.remove();
  }
}

test('an order that is found at the shop is not sent again, and what was found stands for the lost answer', async () => {
  expect(await story(ORDER, answerOf(200, '{"order":1}', { 'content-type': 'application/json' }))).toEqual({ orders: 1, asks: ['https://shop.test/orders?origin=a%20b'], arrived: [{ order: 1 }], kinds: [] });
});

test.each([404, 410])('an order that the shop does not know (%i) is sent again', async (status) => {
  expect(await story(ORDER, answerOf(status, ''))).toMatchObject({ orders: 2, arrived: [{ order: 2 }], kinds: [] });
});

test.each([401, 500])('a shop that cannot say (%i) leaves it to a person', async (status) => {
  expect(await story(ORDER, answerOf(status, ''))).toMatchObject({ orders: 1, arrived: [], kinds: ['unknown'] });
});

test('without an address to ask at it is left to a person', async () => {
  expect(await story({ method: 'POST', url: 'https://shop.test/orders' }, answerOf(200, ''))).toMatchObject({ orders: 1, asks: [], kinds: ['unknown'] });
});
