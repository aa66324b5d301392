import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, field, NodeFailure, type Body, type FusedAnswer, type HandlerResult, type NodeContext, type NodeDefinition } from '../../../runtime/sdk/index.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { leftBehind } from '../../kit/left-behind.ts';
import { journalFile, World } from '../../kit/world.ts';

/** Nodes in a row that are called as one leave behind what they would have left one by one. */

const BOTH = (text: string) => ({ en: text, ru: text });
const AT_ONCE = 300; // more than are kept in a second, so that some are told of and some are not

function applied(op: string, body: Body, context: NodeContext): HandlerResult | Error {
  const n = Number(body.payload);
  if (op === 'none' || (op === 'odd' && n % 10 === 4)) return undefined;
  if (op === 'fail' && n % 10 === 5) return new NodeFailure('test.failed', BOTH('failed'));
  if (op === 'two' && n % 10 === 7) return [{ ...body, twin: 1 }, { ...body, twin: 2 }];
  if (op === 'log' && n % 10 === 9) context.log.warn('nine');
  return { ...body, [context.node.id]: op };
}

/** `alone`: calls that had to be made one by one. */
function stepNode(fusing: boolean, calls: { fused: number; alone: number }): NodeDefinition {
  return defineNode({
    version: 1, title: BOTH('Step'), category: 'logic', icon: 'box', summary: BOTH('For tests.'), help: BOTH('For tests.'), examples: [], type: 'test-step', replay: 'pure',
    config: { op: field.text(BOTH('Does'), { default: 'add' }) }, outputs: { fixed: { out: { title: BOTH('Out') } } },
    prepare: async ({ op }, { node }) => ({ id: node.id, op }),
    batch: async (messages, contexts) => {
      calls.alone += messages.length;
      return messages.map((body, i) => applied(contexts[i]?.prepared.op ?? '', body, contexts[i] as unknown as NodeContext));
    },
    ...(fusing && { fuse: (steps: readonly { readonly id: string; readonly op: string }[]) => (steps.some(({ op }) => op === 'alone') ? undefined : {
      close: async () => undefined,
      call: async (messages: readonly Body[], contexts: readonly unknown[], traced: readonly boolean[]) => messages.map((message, i): FusedAnswer | undefined => {
        if (message.payload === 11) return undefined;
        calls.fused++;
        const results: FusedAnswer['results'][number][] = [];
        let body = message;
        for (const [stage, { id, op }] of steps.entries()) {
          const given = body;
          results.push((_, context) => applied(op, given, context as NodeContext));
          const n = Number(body.payload);
          const plain = !(op === 'none' || (op === 'odd' && n % 10 === 4) || (op === 'fail' && n % 10 === 5) || (op === 'two' && n % 10 === 7));
          if (!plain) return { stage, results };
          body = { ...body, [id]: op };
        }
        const told = traced[i] || steps.some(({ op }) => op === 'log' && Number(message.payload) % 10 === 9);
        return { stage: steps.length - 1, results: told ? results : results.slice(-1) };
      }),
    }) }),
  });
}

const FLOW = flowOf({
  nodes: { in: 'test-source', s1: { type: 'test-step' }, s2: { type: 'test-step', config: { op: 'odd' } }, s3: { type: 'test-step', config: { op: 'fail' } }, s4: { type: 'test-step', config: { op: 'two' } }, s5: { type: 'test-step', config: { op: 'log' } }, sink: 'test-sink' },
  wires: ['in.out -> s1.in', 's1.out -> s2.in', 's2.out -> s3.in', 's3.out -> s4.in', 's4.out -> s5.in', 's5.out -> sink.in'],
});

async function run(fusing: boolean, delivery: 'durable' | 'memory', payloads: readonly number[], flow = FLOW) {
  const journal = journalFile();
  const nodes = new TestNodes();
  const calls = { fused: 0, alone: 0 };
  const w = new World({ file: journal.file, nodes: [...nodes.definitions, stepNode(fusing, calls)] });
  const runner = await w.deploy({ ...flow, delivery });
  const feed = nodes.deliver.get('in') as NonNullable<ReturnType<typeof nodes.deliver.get>>;
  await Promise.all(payloads.map((payload) => feed({ payload })));
  for (let i = 0; i < 100 && (await w.endedRuns()).length < payloads.length; i++) await w.calm();
  const left = await leftBehind(w, nodes, runner);
  w.kill();
  journal.remove();
  return { left, calls };
}

const ALL = Array.from({ length: AT_ONCE }, (_, i) => (i === 11 ? 12 : i));

test.each(['durable', 'memory'] as const)('in %s mode the same arrives in the same order, with the same counters, dead letters, history and logs', async (delivery) => {
  const one = await run(false, delivery, ALL);
  const fused = await run(true, delivery, ALL);
  expect(fused.left).toEqual(one.left);
  expect([fused.calls.fused, one.calls.fused]).toEqual([AT_ONCE, 0]);
  expect(fused.calls.alone).toBeLessThan(AT_ONCE);
});

test('a failure names the node at which it came and holds what that one was given', async () => {
  const { left } = await run(true, 'durable', [5]);
  expect(left.letters).toMatchObject([{ node: 's3', code: 'test.failed', body: '{"payload":5,"s1":"add","s2":"odd"}' }]);
});

test('what cannot be done as one is done one by one', async () => {
  const one = await run(false, 'durable', [11]);
  const { left, calls } = await run(true, 'durable', [11]);
  expect(left).toEqual(one.left);
  expect(calls).toEqual({ fused: 0, alone: 5 });
});

test('a node that cannot be one with others parts the row', async () => {
  const flow = { ...FLOW, nodes: { ...FLOW.nodes, s3: { type: 'test-step', version: 1, config: { op: 'alone' } } } };
  const one = await run(false, 'durable', ALL, flow);
  const { left, calls } = await run(true, 'durable', ALL, flow);
  expect(left).toEqual(one.left);
  expect(calls.fused).toBe(AT_ONCE + AT_ONCE * 0.9); // s1 with s2, which ends every tenth, and s4 with s5
});

test('a row that hardly a message gets through is left for some batches', async () => {
  const flow = { ...FLOW, nodes: { ...FLOW.nodes, s2: { type: 'test-step', version: 1, config: { op: 'none' } } } };
  const many = Array.from({ length: 20 * limits.batchMessages }, (_, n) => n + 12);
  const one = await run(false, 'memory', many, flow);
  const { left, calls } = await run(true, 'memory', many, flow);
  expect(left).toEqual(one.left);
  expect(calls.fused).toBe(2 * limits.batchMessages); // the first batch, and one of those that follow after fifteen
});
