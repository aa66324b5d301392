import { expect, test } from 'vitest';
import { nodeGroups, restingMessages } from '../../../editor/deploy/effects.ts';

test('a node that restarts is named once, and groups without nodes are not shown', () => {
  expect(nodeGroups({ started: ['new', 'again'], restarted: ['again'], stopped: [], kept: ['same'] })).toEqual([{ kind: 'new', ids: ['new'] }, { kind: 'restarted', ids: ['again'] }, { kind: 'kept', ids: ['same'] }]);
  expect(nodeGroups({ started: [], restarted: [], stopped: [], kept: [] })).toEqual([]);
});

test('messages at rest are added up over the nodes', () => {
  expect([restingMessages([]), restingMessages([{ messages: 3 }, { messages: 4 }])]).toEqual([0, 7]);
});
