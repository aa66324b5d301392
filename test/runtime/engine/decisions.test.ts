import { endState } from '../../../runtime/journal/rows.ts';
import { describe, expect, test } from 'vitest';
import { planFlow } from '../../../runtime/engine/plan.ts';
import { afterFailure, probeAfter } from '../../../runtime/engine/retry.ts';
import { runOps } from '../../../runtime/engine/run-ops.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { flowOf } from '../../kit/flow-of.ts';

const POLICY = { attempts: 3, firstMs: 1000, factor: 5, maxMs: 10_000 };
const RUN = { id: 'r', flow: 'f', revision: 1, startedAt: 5 };
const NONE = { completed: 0, dropped: 0, dead: 0 };

describe('retry', () => {
  test('waits grow up to the longest, and the last attempt is final', () => {
    expect(afterFailure('backoff', { attempt: 1, spread: 0 }, POLICY)).toEqual({ kind: 'retry', afterMs: 1000 });
    expect(afterFailure('backoff', { attempt: 2, spread: 0 }, { ...POLICY, attempts: 9 })).toEqual({ kind: 'retry', afterMs: 5000 });
    expect(afterFailure('backoff', { attempt: 8, spread: 0 }, { ...POLICY, attempts: 9 })).toEqual({ kind: 'retry', afterMs: 10_000 });
    expect(afterFailure('backoff', { attempt: 3, spread: 0 }, POLICY)).toEqual({ kind: 'final' });
    expect(afterFailure('never', { attempt: 1, spread: 0 }, POLICY)).toEqual({ kind: 'final' });
    expect(afterFailure({ afterMs: 7 }, { attempt: 1, spread: 0.9 }, POLICY)).toEqual({ kind: 'retry', afterMs: 7 });
  });
  test('probes grow further apart up to a limit', () => {
    expect([0, 1, 2, 9].map((probe) => probeAfter(probe, { firstMs: 1000, maxMs: 30_000 }))).toEqual([1000, 2000, 4000, 30_000]);
  });
});

describe('runs', () => {
  test('one message that goes on alone needs no counter', () => {
    expect(runOps(RUN, false, { outs: 1, tally: NONE, at: 9 })).toEqual({ ops: [], branched: false });
  });
  test('a run of one message ends with it', () => {
    const { ops } = runOps(RUN, false, { outs: 0, tally: { ...NONE, dead: 1 }, at: 9 });
    expect(ops).toEqual([{ op: 'ended', run: { ...RUN, discarded: 0, endedAt: 9, completed: 0, dropped: 0, dead: 1 } }]);
  });
  test('a branch opens the counter with what was pending before it', () => {
    const { ops, branched } = runOps(RUN, false, { outs: 3, tally: NONE, at: 9 });
    expect(branched).toBe(true);
    expect(ops).toMatchObject([{ op: 'run', change: { opens: 1, pending: 2 } }]);
  });
  test('a dead letter decides how the run ended', () => {
    expect(endState({ completed: 5, dropped: 1, dead: 1, discarded: 0 })).toBe('dead-lettered');
    expect(endState({ completed: 0, dropped: 1, dead: 0, discarded: 0 })).toBe('dropped');
    expect(endState({ completed: 1, dropped: 1, dead: 0, discarded: 0 })).toBe('completed');
  });
});

describe('plan', () => {
  const types = new Map(new TestNodes().definitions.map((each) => [each.info.type, { info: each.info, rests: each.collect !== undefined }]));
  const plan = (draft: Parameters<typeof flowOf>[0]) => planFlow(flowOf(draft), (type) => types.get(type));
  test('messages rest at what acts outside, at what collects, and at what is not installed', () => {
    const { nodes } = plan({ nodes: { a: 'test-pass', b: 'test-call', c: 'test-gather', d: 'no-such-type' }, wires: [] });
    expect([...nodes.values()].map((node) => node.boundary)).toEqual([false, true, true, true]);
  });
  test('a source feeds the first resting places behind pure nodes, and feedback does not count', () => {
    const { nodes } = plan({ nodes: { in: 'test-source', p: 'test-pass', a: 'test-call', b: 'test-call' }, wires: ['in.out -> p.in', 'p.out -> a.in', 'a.out -> b.in', 'b.out -> a.in'] });
    expect(nodes.get('in')?.feeds).toEqual(['a']);
    expect(nodes.get('a')?.feeds).toEqual([]);
    expect(nodes.get('b')?.feeds).toEqual([]);
  });
  test('a disabled wire leads nowhere', () => {
    const { nodes } = plan({ nodes: { in: 'test-source', a: 'test-call' }, wires: [{ from: 'in.out', to: 'a.in', disabled: true }] });
    expect(nodes.get('in')?.wires.size).toBe(0);
  });
});
