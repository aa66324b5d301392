import { expect, test } from 'vitest';
import { CountersOf } from '../../../runtime/driver/counters.ts';
import { NodeFailure } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World } from '../../kit/world.ts';

const BOTH = (text: string) => ({ en: text, ru: text });

test('a node tells which paused connections its messages wait for', async () => {
  const journal = journalFile();
  const nodes = new TestNodes();
  nodes.onCall = async (_body, context) => { await context.connection('db'); };
  const w = new World({ file: journal.file, nodes: nodes.definitions }); // the project has no connection of this name
  const runner = await w.deploy(flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', config: { db: 'db' } } }, wires: ['in.out -> call.in'] }));
  const counters = new CountersOf(runner, w.services);
  const since = w.clock.now();
  expect(counters.read().nodes.call).not.toHaveProperty('paused');
  await nodes.deliver.get('in')?.({ payload: 1 });
  await w.calm();
  expect(counters.read().nodes.call).toMatchObject({ waiting: 1, paused: ['db'] });
  expect(counters.read().connections).toMatchObject({ db: { state: 'paused', since, probeAt: since + 1000 } });
  counters.close();
  w.kill();
  journal.remove();
});

test('a wire tells how full it is, how old its oldest message is, and the node which keys are held', async () => {
  const journal = journalFile();
  const nodes = new TestNodes();
  nodes.onCall = ({ payload }) => { if (payload === 'bad') throw new NodeFailure('test.bad', BOTH('bad')); };
  const w = new World({ file: journal.file, nodes: nodes.definitions });
  const runner = await w.deploy(flowOf({ nodes: { in: 'test-source', call: 'test-call' }, wires: [{ from: 'in.out', to: 'call.in', limit: { messages: 4 }, warnAge: '1h' }] }));
  const counters = new CountersOf(runner, w.services);
  const feed = async (payload: unknown): Promise<unknown> => await nodes.deliver.get('in')?.({ payload }, { key: 'k' });
  const start = w.clock.now();
  await feed('bad');
  await w.calm();
  await feed(1);
  await feed(2);
  await w.calm();
  expect(counters.read().wires['in.out->call.in']).toMatchObject({ waiting: 2, limit: 4, fill: 0.5, oldestAt: start });
  expect(counters.read().wires['in.out->call.in']).not.toHaveProperty('old');
  expect(counters.read().nodes.call).toMatchObject({ keysHeld: 1, deadLetters: 1 });
  await w.pass(2 * 3_600_000);
  expect(counters.read().wires['in.out->call.in']).toMatchObject({ old: true });
  counters.close();
  w.kill();
  journal.remove();
});
