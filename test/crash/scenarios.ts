import catchNode from '../../nodes/logic/catch.ts';
import changeNode from '../../nodes/logic/change.ts';
import joinNode from '../../nodes/logic/join.ts';
import splitNode from '../../nodes/logic/split.ts';
import switchNode from '../../nodes/logic/switch.ts';
import httpResponse from '../../nodes/sink/http-response.ts';
import batch from '../../nodes/time/batch.ts';
import debounce from '../../nodes/time/debounce.ts';
import deduplicate from '../../nodes/time/deduplicate.ts';
import delayNode from '../../nodes/time/delay.ts';
import rateLimit from '../../nodes/time/rate-limit.ts';
import waitForCallback from '../../nodes/time/wait-for-callback.ts';
import type { Flow } from '../../runtime/flow/flow.ts';
import type { EndedRun } from '../../runtime/journal/rows.ts';
import { NodeFailure, type Body, type DeliverOptions, type NodeDefinition } from '../../runtime/sdk/index.ts';
import type { limits } from '../../runtime/limits.ts';
import { flowOf } from '../kit/flow-of.ts';
import type { TestNodes } from '../kit/test-nodes.ts';
import type { World } from '../kit/world.ts';

/**
 * Every kind of node and situation in which the process may end. To add one: a flow, what is fed to its source `in`, and what the end must
 * be; `crash.test.ts` then ends the process before each write and right after each, and demands that same end.
 */
export interface Scenario {
  readonly flow: Flow;
  readonly feed: readonly (Body & { readonly options?: DeliverOptions })[];
  /** Node types beside those of the test kit and of this table's usual ones. */
  readonly nodes?: readonly NodeDefinition[];
  /** What the other side does at the n-th call (from 1) for a payload, beside taking it. */
  readonly call?: (payload: unknown, n: number) => unknown;
  /** In place of the real ones, so that a few messages are many. */
  readonly limits?: { readonly [name in keyof typeof limits]?: number };
  /** Deployed after the feed, and what is fed after that. */
  readonly deploy?: Flow;
  readonly later?: Scenario['feed'];
  /** A planned stop after the feed, and a start. */
  readonly stop?: true;
  /** Fed again in the life after, as a sender does that got no answer. */
  readonly repeats?: true;
  /** Ends of the runs of the feed that differ from `completed: 1`, in the order of the feed. `any`: what depends on where the process ended. `once`: how it ended depends on that. */
  readonly ends?: readonly (Partial<Pick<EndedRun, 'completed' | 'dropped' | 'dead'>> | 'any' | 'once')[];
  /** The process ended again and again before. */
  readonly watchful?: true;
  /** Messages of memory mode may be lost, never doubled. */
  readonly memory?: true;
  /** What else must hold, whatever happened on the way. */
  readonly holds?: (seen: { readonly nodes: TestNodes; readonly accepted: number; /** The last life. */ readonly world: World; /** Runs that ended in all lives. */ readonly ended: number }) => string | undefined;
}

const pinned = (drawing: Parameters<typeof flowOf>[0]): Flow => ({ ...flowOf(drawing), runs: 'pinned' });

export const USUAL: readonly NodeDefinition[] = [catchNode, changeNode, joinNode, splitNode, switchNode, httpResponse, delayNode, rateLimit, deduplicate, debounce, batch, waitForCallback];

const flaky = (_payload: unknown, n: number): void => { if (n === 1) throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' }); };
const broken = (): never => { throw new NodeFailure('test.broken', { en: 'broken', ru: 'сломано' }); };
const later = (): never => { throw new NodeFailure('test.later', { en: 'later', ru: 'позже' }, { retry: { afterMs: 24 * 60 * 60_000 } }); };
const cut = (_payload: unknown, n: number): void => { if (n === 1) throw new NodeFailure('test.cut', { en: 'cut', ru: 'обрыв' }, { retry: 'backoff', outcomeUnknown: true }); };
const twice = (what: unknown[]): boolean => new Set(what).size !== what.length;
const inOrder = ({ nodes }: { readonly nodes: TestNodes }): string | undefined => {
  const first = [...new Set(nodes.calls)].filter((call) => call.includes(':k'));
  return first.toSorted().join() === first.join() ? undefined : `called in the order ${first.join()}`;
};
const asBegun = ({ nodes }: { readonly nodes: TestNodes }): string | undefined => {
  const strayed = nodes.arrived.filter(({ node, body }) => node !== (String(body.payload).includes('old') ? 'old' : 'new'));
  return strayed.length === 0 ? undefined : `arrived at ${strayed.map(({ node, body }) => `${node}:${String(body.payload)}`).join()}`;
};
const noneTwice = ({ nodes }: { readonly nodes: TestNodes }): string | undefined => (twice(nodes.calls) ? `called twice: ${nodes.calls.join()}` : undefined);

export const SCENARIOS: { readonly [name: string]: Scenario } = {
  'a line with a call': {
    flow: flowOf({ nodes: { in: 'test-source', pass: 'test-pass', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }],
  },
  'two calls and a branch': {
    flow: flowOf({ nodes: { in: 'test-source', a: 'test-call', fan: 'test-fan', b: 'test-call', c: 'test-call', sink: 'test-sink' }, wires: ['in.out -> a.in', 'a.out -> fan.in', 'fan.out -> b.in', 'fan.out -> c.in', 'b.out -> sink.in', 'c.out -> sink.in'] }),
    feed: [{ payload: 1 }], ends: [{ completed: 4 }],
  },
  'a retry with a key behind it': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'k1', options: { key: 'k' } }, { payload: 'k2', options: { key: 'k' } }], call: flaky, holds: inOrder,
  },
  'an answer lost after the work was done': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }], call: cut,
  },
  'a call that is never made again by itself': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-external', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], ends: ['any', 'any'], holds: noneTwice,
  },
  'a window': {
    flow: flowOf({ nodes: { in: 'test-source', gather: 'test-gather', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }],
  },
  'a split and its join': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: 'test-call', join: 'join', after: 'test-call', sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> after.in', 'after.out -> sink.in'] }),
    feed: [{ payload: ['a', 'b', 'c'] }], ends: [{ completed: 3 }],
    holds: ({ nodes }) => (nodes.arrived.some(({ body }) => JSON.stringify(body.payload) !== '["a","b","c"]') ? 'the parts are not what they were' : undefined),
  },
  'a split that leaves in many chunks': {
    flow: flowOf({ nodes: { in: 'test-source', pass: 'test-pass', split: 'split', call: 'test-call', join: 'join', after: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> after.in', 'after.out -> sink.in'] }),
    limits: { chunkMessages: 3 }, feed: [{ payload: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'] }], ends: [{ completed: 10 }],
    holds: ({ nodes }) => (nodes.arrived.some(({ body }) => JSON.stringify(body.payload) !== '["a","b","c","d","e","f","g","h","i","j"]') || nodes.effects.size > 11 ? 'the parts are not what they were' : undefined),
  },
  'a split in chunks that is added up': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: 'test-call', join: { type: 'join', config: { make: 'totals' } }, sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> sink.in'] }),
    limits: { chunkMessages: 3 }, feed: [{ payload: [1, 2, 3, 4, 5, 6, 7.5] }], ends: [{ completed: 7 }],
    holds: ({ nodes }) => (nodes.arrived.some(({ body }) => JSON.stringify(body.payload) !== '{"count":7,"sum":28.5,"average":4.071428571428571,"min":1,"max":7.5}') ? 'the sum is wrong' : undefined),
  },
  'a join that is told of parts that will not come': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: { type: 'test-call', attempts: 1, afterDeadLetter: 'continue' }, choose: { type: 'switch', config: { property: 'payload', rules: [{ op: 'lt', value: 5 }] } }, join: 'join', sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> choose.in', 'choose.out-1 -> join.in', 'join.out -> sink.in'] }),
    limits: { chunkMessages: 2 }, feed: [{ payload: [1, 2, 3, 7, 4] }], call: (payload) => (payload === 2 ? broken() : undefined), ends: [{ completed: 3, dropped: 1, dead: 1 }],
    holds: ({ nodes, accepted }) => (nodes.arrived.some(({ body }) => JSON.stringify([body.payload, body.missing]) !== '[[1,3,4],{"dropped":1,"deadLettered":1}]') || (accepted > 0 && nodes.arrived.length === 0) ? `joined ${JSON.stringify(nodes.arrived.map(({ body }) => body))}` : undefined),
  },
  'a wait for a callback that nobody makes': {
    flow: flowOf({ nodes: { in: 'test-source', wait: { type: 'wait-for-callback', config: { timeout: '5m' } }, tell: 'test-call', after: 'test-call', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.waiting -> tell.in', 'wait.timeout -> after.in', 'after.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], ends: [{ completed: 2 }, { completed: 2 }],
    holds: ({ nodes, accepted }) => (accepted === 2 && nodes.effects.size !== 4 ? `${nodes.effects.size} effects of two messages and their addresses` : undefined),
  },
  'two splits of one key in chunks, in order': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> split.in', { from: 'split.out', to: 'call.in', limit: { messages: 3 } }, 'call.out -> sink.in'] }),
    limits: { chunkMessages: 2 }, feed: [{ payload: ['k1', 'k2', 'k3', 'k4', 'k5'], options: { key: 'k' } }, { payload: ['k6', 'k7', 'k8'], options: { key: 'k' } }], ends: [{ completed: 5 }, { completed: 3 }], holds: inOrder,
  },
  'a split in chunks of whose parts some are dead letters': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: { type: 'test-call', attempts: 1, afterDeadLetter: 'continue' }, sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> sink.in'] }),
    limits: { chunkMessages: 2 }, feed: [{ payload: [1, 2, 3, 4, 5] }], call: (payload) => (payload === 2 || payload === 5 ? broken() : undefined), ends: [{ completed: 3, dead: 2 }],
  },
  'a split of whose parts a deploy parks some': {
    flow: flowOf({ nodes: { in: 'test-source', split: 'split', call: 'test-call', join: { type: 'join', config: { timeout: '30m' } }, sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> sink.in', 'join.incomplete -> sink.in'] }),
    feed: [{ payload: ['a', 'b', 'c'] }], call: (payload) => (payload === 'a' ? undefined : later()),
    // Where the process ends before the deploy has parked them, the next start does, and nobody tells the join.
    deploy: flowOf({ nodes: { in: 'test-source', split: 'split', join: { type: 'join', config: { timeout: '30m' } }, sink: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> join.in', 'join.out -> sink.in', 'join.incomplete -> sink.in'] }),
    ends: ['any'], holds: ({ nodes, accepted, ended }) => (ended !== accepted && ended !== 1 ? `${ended} runs ended` : new Set(nodes.arrived.map(({ id }) => id)).size > 1 ? 'more than one whole left' : undefined),
  },
  'a count in the context, of one node, of the flow and of all flows': {
    flow: flowOf({
      nodes: { in: 'test-source', own: 'test-tally', call: 'test-call', shared: { type: 'test-tally-call', config: { scope: 'flow' } }, also: { type: 'test-tally', config: { scope: 'flow' } }, all: { type: 'test-tally', config: { scope: 'global' } }, sink: 'test-sink' },
      wires: ['in.out -> own.in', 'own.out -> call.in', 'call.out -> shared.in', 'own.out -> also.in', 'also.out -> all.in', 'shared.out -> sink.in', 'all.out -> sink.in'],
    }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }], ends: [{ completed: 2 }, { completed: 2 }, { completed: 2 }], call: (payload, n) => (payload === 2 ? flaky(payload, n) : undefined),
    holds: ({ world, ended }) => {
      const own = world.services.states.shelf('flow').find('own', 'count');
      const [shared, all] = [world.services.states.shelf('flow').find('', 'count'), world.services.states.shelf('').find('', 'count')];
      return Number(own) === ended && Number(shared) === 2 * ended && Number(all) === ended ? undefined : `counts of ${ended} messages: ${own}, ${shared}, ${all}`;
    },
  },
  'a delay, in order for its key': {
    flow: flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '3m' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'k1', options: { key: 'k' } }, { payload: 'k2', options: { key: 'k' } }, { payload: 'free' }], holds: inOrder,
  },
  'a rate limit': {
    flow: flowOf({ nodes: { in: 'test-source', limit: { type: 'rate-limit', config: { count: 1, per: '1m' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> limit.in', 'limit.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'k1' }, { payload: 'k2' }, { payload: 'k3' }], holds: inOrder,
  },
  'a rate limit of each key that drops the rest': {
    flow: flowOf({ nodes: { in: 'test-source', limit: { type: 'rate-limit', config: { count: 1, per: '1m', eachKey: true, rest: 'drop' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> limit.in', 'limit.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'a1', options: { key: 'a' } }, { payload: 'b1', options: { key: 'b' } }, { payload: 'a2', options: { key: 'a' } }], ends: ['any', 'any', 'any'],
    holds: ({ nodes, accepted }) => (nodes.effects.size < Math.min(accepted, 2) ? 'a first message was dropped' : undefined),
  },
  'repeats within a time': {
    flow: flowOf({ nodes: { in: 'test-source', once: { type: 'deduplicate', config: { time: '2h' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> once.in', 'once.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 1 }, { payload: 2 }], ends: ['any', 'any', 'any'],
    holds: ({ nodes, accepted }) => (nodes.effects.size > 2 || (accepted === 3 && nodes.effects.size < 2) ? `${nodes.effects.size} effects of two values` : undefined),
  },
  'the last of a burst': {
    flow: flowOf({ nodes: { in: 'test-source', calm: { type: 'debounce', config: { quiet: '5s' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> calm.in', 'calm.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }], ends: ['any', 'any', 'any'],
    holds: ({ nodes, accepted }) => (accepted > 0 && nodes.arrived.length === 0 ? 'nothing of the burst came' : undefined),
  },
  'a batch by count and by time': {
    flow: flowOf({ nodes: { in: 'test-source', batch: { type: 'batch', config: { count: 2, time: '10s' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> batch.in', 'batch.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }],
    holds: ({ nodes, accepted }) => (new Set(nodes.arrived.flatMap(({ body }) => body.payload as number[])).size < accepted ? 'what was gathered is not complete' : undefined),
  },
  'a switch and a change': {
    flow: flowOf({
      nodes: { in: 'test-source', set: { type: 'change', config: { rules: [{ do: 'set', path: 'topic', to: 'x' }] } }, call: 'test-call', sink: 'test-sink' },
      wires: ['in.out -> set.in', 'set.out -> call.in', 'call.out -> sink.in'],
    }),
    feed: [{ payload: 1 }],
  },
  'a failure that a catch node takes': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', catch: 'catch', tell: 'test-external', sink: 'test-sink' }, wires: ['in.out -> call.in', 'catch.out -> tell.in', 'tell.out -> sink.in'] }),
    feed: [{ payload: 1 }], call: (payload, n) => (n === 1 ? broken() : payload), ends: ['any'],
  },
  'a failure that leaves by the error port': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink', other: 'test-sink' }, wires: ['in.out -> sink.in', 'in.out -> call.in', 'call.error -> other.in'] }),
    feed: [{ payload: 1 }], call: broken, ends: [{ completed: 2 }],
  },
  'a dead letter beside a branch that goes on': {
    flow: flowOf({ nodes: { in: 'test-source', pass: { type: 'test-pass', config: { fail: true } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], ends: [{ completed: 1, dead: 1 }, { completed: 1, dead: 1 }],
  },
  'a dead letter after the last attempt': {
    flow: flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', attempts: 2 } }, wires: ['in.out -> call.in'] }),
    feed: [{ payload: 1 }], call: () => { throw new NodeFailure('test.flaky', { en: 'flaky', ru: 'сбой' }, { retry: 'backoff' }); }, ends: [{ completed: 0, dead: 1 }],
  },
  'a feedback wire': {
    flow: flowOf({
      nodes: { in: 'test-source', call: 'test-call', round: 'test-round', sink: 'test-sink' },
      wires: ['in.out -> call.in', 'call.out -> round.in', 'round.again -> call.in', 'round.out -> sink.in'],
    }),
    feed: [{ payload: 1, rounds: 2 }, { payload: 2, rounds: 1 }],
  },
  'a small wire that drops': {
    flow: flowOf({ nodes: { in: 'test-source', fan: { type: 'test-fan', config: { times: 4 } }, call: { type: 'test-call', concurrency: 1 } }, wires: ['in.out -> fan.in', { from: 'fan.out', to: 'call.in', limit: { messages: 1 }, whenFull: 'drop' }] }),
    feed: [{ payload: 1 }], ends: ['any'],
  },
  'event ids that come again': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1, options: { eventId: 'e1' } }, { payload: 1, options: { eventId: 'e1' } }, { payload: 2, options: { eventId: 'e2' } }], repeats: true,
    holds: ({ nodes }) => (nodes.effects.size > 2 ? `${nodes.effects.size} effects of two events` : undefined),
  },
  'the keyed answer of a webhook': {
    flow: flowOf({ nodes: { in: 'test-source', call: 'test-call', answer: 'http-response', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> answer.in', 'call.out -> sink.in'] }),
    feed: [{ payload: { price: 5 }, options: { reply: { timeoutMs: 1000, idempotency: { scope: 's', key: 'k', bodyHash: 'h' } } } }], repeats: true, ends: ['any'],
    holds: ({ nodes }) => (nodes.effects.size > 1 ? 'a caller’s key ran twice' : undefined),
  },
  'a caller that waits without a key': {
    flow: flowOf({ nodes: { in: 'test-source', pass: 'test-pass', fan: { type: 'test-fan', config: { times: 2 } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> fan.in', 'fan.out -> call.in', 'pass.out -> sink.in'] }),
    feed: [{ payload: 1, options: { reply: { timeoutMs: 1000 } } }, { payload: 2, options: { reply: { timeoutMs: 1000 } } }], ends: ['any', 'any'],
  },
  'a caller whose run ends in pure nodes': {
    flow: flowOf({ nodes: { in: 'test-source', pass: 'test-pass', sink: 'test-sink' }, wires: ['in.out -> pass.in', 'pass.out -> sink.in'] }),
    feed: [1, 2, 3].map((payload) => ({ payload, options: { reply: { timeoutMs: 1000 } } })), ends: ['any', 'any', 'any'],
  },
  'a deploy while calls are under way': {
    flow: flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    deploy: flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', name: 'changed' }, pass: 'test-pass', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> pass.in', 'pass.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }], call: flaky,
  },
  'a deploy that removes the node where messages wait': {
    flow: flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '3m' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] }),
    deploy: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 'k1', options: { key: 'k' } }, { payload: 'k2', options: { key: 'k' } }, { payload: 3 }], ends: ['once', 'once', 'once'], holds: noneTwice,
  },
  'a deploy that removes the node whose calls fail or are under way': {
    flow: flowOf({ nodes: { in: 'test-source', call: { type: 'test-call', concurrency: 1 }, next: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> next.in', 'next.out -> sink.in'] }),
    deploy: flowOf({ nodes: { in: 'test-source', other: 'test-call', sink: 'test-sink' }, wires: ['in.out -> other.in', 'other.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }, { payload: 3 }], call: flaky, ends: ['once', 'once', 'once'],
  },
  'a deploy that removes a branch and the node that gathers': {
    flow: flowOf({ nodes: { in: 'test-source', gather: { type: 'test-gather', config: { size: 9 } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> gather.in', 'in.out -> call.in', 'call.out -> sink.in', 'gather.out -> sink.in'] }),
    deploy: flowOf({ nodes: { in: 'test-source', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], ends: ['any', 'any'],
  },
  'a deploy of a pinned flow in the middle of its runs': {
    flow: pinned({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '3m' } }, call: { type: 'test-call', concurrency: 1 }, next: 'test-call', old: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> next.in', 'next.out -> old.in'] }),
    deploy: pinned({ nodes: { in: 'test-source', call: { type: 'test-call', name: 'changed' }, new: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> new.in'] }),
    feed: [{ payload: 'old1', options: { key: 'k' } }, { payload: 'old2', options: { key: 'k' } }], later: [{ payload: 'new1', options: { key: 'k' } }, { payload: 'new2' }], call: flaky,
    holds: ({ nodes, accepted }) => asBegun({ nodes }) ?? (nodes.effects.size < accepted ? `${nodes.effects.size} effects of ${accepted} messages` : undefined),
  },
  'a deploy of a pinned flow that takes the node away which gathers the parts of a split': {
    flow: pinned({ nodes: { in: 'test-source', split: 'split', call: { type: 'test-call', concurrency: 1 }, join: 'join', after: 'test-call', old: 'test-sink' }, wires: ['in.out -> split.in', 'split.out -> call.in', 'call.out -> join.in', 'join.out -> after.in', 'after.out -> old.in'] }),
    deploy: pinned({ nodes: { in: 'test-source', call: 'test-call', new: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> new.in'] }),
    limits: { chunkMessages: 2 }, feed: [{ payload: ['old1', 'old2', 'old3', 'old4', 'old5'] }], later: [{ payload: 'new1' }], call: flaky, ends: [{ completed: 5 }, {}],
    holds: ({ nodes }) => asBegun({ nodes }) ?? (nodes.arrived.some(({ node, body }) => node === 'old' && String(body.payload) !== 'old1,old2,old3,old4,old5') ? 'the parts are not what they were' : undefined),
  },
  'a planned stop': {
    flow: flowOf({ nodes: { in: 'test-source', wait: { type: 'delay', config: { for: '3m' } }, call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> wait.in', 'wait.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], stop: true,
  },
  'a planned stop in the middle of a split in chunks': {
    flow: flowOf({ delivery: 'memory', nodes: { in: 'test-source', split: 'split', pace: { type: 'rate-limit', config: { count: 1, per: '1m' } }, sink: 'test-sink' }, wires: ['in.out -> split.in', { from: 'split.out', to: 'pace.in', limit: { messages: 2 } }, 'pace.out -> sink.in'] }),
    limits: { chunkMessages: 2 }, feed: [{ payload: [1, 2, 3, 4, 5, 6, 7] }], stop: true, memory: true, ends: ['any'],
    holds: ({ nodes }) => (nodes.arrived.map(({ body }) => body.payload).join() === '1,2,3,4,5,6,7' || nodes.arrived.length < 3 ? undefined : `arrived ${nodes.arrived.map(({ body }) => body.payload).join()}`),
  },
  'a planned stop in memory mode': {
    flow: flowOf({ delivery: 'memory', nodes: { in: 'test-source', fan: 'test-fan', wait: { type: 'delay', config: { for: '3m' } }, gather: 'test-gather', call: 'test-call', sink: 'test-sink' }, wires: ['in.out -> fan.in', 'fan.out -> wait.in', 'wait.out -> gather.in', 'gather.out -> call.in', 'call.out -> sink.in'] }),
    feed: [{ payload: 1 }, { payload: 2 }], stop: true, memory: true, ends: ['any', 'any'],
  },
};
