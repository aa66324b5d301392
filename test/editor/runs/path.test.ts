import { expect, test } from 'vitest';
import type { NodeInfo, RunStep } from '../../../runtime/api/contract.ts';
import { earlierAttempts, nodesOf, sinceStart, whyOf, wiresOf } from '../../../editor/runs/path.ts';
import switchNode from '../../../nodes/logic/switch.ts';

const step = (node: string, of: Partial<RunStep> = {}): RunStep => ({ messageId: 'm1', node, at: 0, ms: 1, attempt: 1, outcome: 'done', ...of });

test('a path names its nodes and wires once, in their order, and the port of a source is no wire', () => {
  const steps = [step('hook', { via: 'out', outcome: 'accepted' }), step('call', { via: 'hook.out->call.in' }), step('call', { via: 'hook.out->call.in', messageId: 'm2' }), step('save', { via: 'call.out->save.in' })];
  expect(nodesOf(steps)).toEqual(['hook', 'call', 'save']);
  expect(wiresOf(steps)).toEqual(['hook.out->call.in', 'call.out->save.in']);
});

test('the attempts before the last one of a message at a node are known as such', () => {
  const first = step('call', { outcome: 'retried' });
  const other = step('call', { messageId: 'm2', outcome: 'dead-lettered' });
  expect([...earlierAttempts([first, other, step('call', { attempt: 2 })])]).toEqual([first]);
  // A replay from a node is taken in where it is then worked on.
  expect([...earlierAttempts([step('call', { outcome: 'accepted' }), step('call', { outcome: 'replayed' })])]).toEqual([]);
  // Nor is one that waited for its time tried again when it goes on.
  expect([...earlierAttempts([step('wait', { outcome: 'held' }), step('wait')])]).toEqual([]);
});

test('a step tells how long after the beginning it ended, never less than nothing', () => {
  expect([sinceStart({ startedAt: 100 }, step('a', { at: 340 })), sinceStart({ startedAt: 100 }, step('a', { at: 90 }))]).toEqual([240, 0]);
});

test('a step says until when it waits, and why it was dropped', () => {
  const at = new Date(2026, 0, 2, 10, 0, 0).getTime();
  const dropped = (rule: string, info?: NodeInfo) => whyOf(step('call', { outcome: 'dropped', rule }), info);
  expect(whyOf(step('wait', { at, outcome: 'held', rule: String(at + 5000) }), undefined)).toBe('until 10:00:05');
  expect([dropped('no-match', switchNode.info), dropped('queue.full', switchNode.info), dropped('disabled')]).toEqual(['(no rule of the node holds for it)', '(its queue was full)', '(the node was disabled)']);
  expect([dropped('custom', switchNode.info), dropped('constructor', switchNode.info), dropped('no-match')]).toEqual(['by the rule custom', 'by the rule constructor', 'by the rule no-match']);
  expect(whyOf(step('call'), switchNode.info)).toBeUndefined();
});
