import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import type { LogEvent } from '../../../runtime/observe.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { journalFile, World } from '../../kit/world.ts';

test('a node that logs without end is heard so often a second, and how many lines were left out is told', async () => {
  const journal = journalFile();
  const nodes = new TestNodes();
  nodes.onCall = ({ payload }, { log, node }) => {
    if (node.id === 'quiet') { log.info(`quiet ${String(payload)}`); return; }
    for (let line = 0; line < 100; line++) log.error(`line ${line}`);
  };
  const world = new World({ file: journal.file, nodes: nodes.definitions });
  await world.deploy(flowOf({ nodes: { in: 'test-source', loud: 'test-call', quiet: 'test-call' }, wires: ['in.out -> loud.in', 'loud.out -> quiet.in'] }));
  await world.calm();
  const lines = (node: string): readonly LogEvent[] => world.events.filter((event): event is LogEvent => event.kind === 'log' && event.node === node);

  for (let payload = 0; payload < 10; payload++) void nodes.deliver.get('in')?.({ payload });
  await world.calm();
  expect(lines('loud').map(({ text }) => text)).toEqual(Array.from({ length: limits.nodeLogsPerSecond }, (_, line) => `line ${line}`));
  expect(lines('quiet')).toHaveLength(10);

  await world.pass(1000);
  const leftOut = 1000 - limits.nodeLogsPerSecond;
  expect(lines('loud').at(-1)).toMatchObject({ level: 'warn', text: `${leftOut} more log lines of this node were left out`, details: { leftOut } });

  void nodes.deliver.get('in')?.({ payload: 10 });
  await world.calm();
  expect(lines('loud')).toHaveLength(2 * limits.nodeLogsPerSecond + 1);
  expect(world.bugs).toEqual([]);
  world.kill();
  journal.remove();
});
