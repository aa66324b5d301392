import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Replays } from '../../../runtime/driver/replays.ts';
import { Tries } from '../../../runtime/driver/tries.ts';
import type { Flow, FlowNode } from '../../../runtime/flow/flow.ts';
import { limits } from '../../../runtime/limits.ts';
import { defineNode, field, NodeFailure, type NodeDefinition, type StopContext } from '../../../runtime/sdk/index.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { endWorlds } from '../../kit/end-worlds.ts';
import { journalFile, World } from '../../kit/world.ts';

/** What a type does when its node stops: when that is, and what becomes of what it writes. */

const BOTH = (text: string) => ({ en: text, ru: text });
let nodes: TestNodes;
let journal: ReturnType<typeof journalFile>;
/** Nodes that stopped, with their revision and how many messages had gone through by then. */
let stopped: string[];
let onStop: (context: StopContext) => unknown;
/** What a message waits for in the node. */
let onRun: () => unknown;
const worlds: World[] = [];

const typeOf = (type: string, more: { readonly state?: 'flow' }): NodeDefinition => defineNode({
  type, version: 1, title: BOTH('Ending'), category: 'logic', icon: 'box', summary: BOTH('Ends.'), help: BOTH('Ends.'), examples: [], replay: 'pure', ...more,
  config: { mark: field.text(BOTH('Mark'), { default: '' }) }, outputs: { fixed: { out: { title: BOTH('Out') } } },
  prepare: async ({ mark }, host) => await (mark === 'broken' ? Promise.reject(new NodeFailure('test.no', BOTH('no'))) : Promise.resolve({ revision: host.flow.revision, isOpen: true })),
  run: async (message, context) => {
    await onRun();
    if (!context.prepared.isOpen) throw new Error('called after its end');
    if (more.state) context.state.flow.update<number>('count', (count = 0) => count + 1);
    return message;
  },
  async stop(context) {
    stopped.push(`${context.node.id} of ${context.prepared?.revision} after ${nodes.arrived.length}`);
    await onStop(context as unknown as StopContext);
  },
  dispose: async (prepared) => { await Promise.resolve(prepared.isOpen = false); },
});
const ending = typeOf('ending', { state: 'flow' });
/** One at which no message rests. */
const passing = typeOf('passing', {});
function world(): World {
  const made = new World({ file: journal.file, nodes: [...nodes.definitions, ending, passing] });
  worlds.push(made);
  return made;
}
const flow = (more: Partial<FlowNode> = {}, of: Partial<Flow> = {}): Flow => ({ ...flowOf({ nodes: { in: 'test-source', call: 'test-call', end: { type: 'ending', ...more }, sink: 'test-sink' }, wires: ['in.out -> call.in', 'call.out -> end.in', 'end.out -> sink.in'] }), ...of });
const without = (of: Partial<Flow> = {}): Flow => ({ ...flowOf({ nodes: { in: 'test-source', sink: 'test-sink' }, wires: ['in.out -> sink.in'] }), ...of });
const feed = async (payload: unknown = 1) => await nodes.deliver.get('in')?.({ payload });
const wait = (w: World, ms: number): Promise<void> => new Promise((resolve) => { w.clock.after(ms, resolve); });
const onDisk = async (w: World) => (await w.services.journal.context('flow')).map(({ key, value }) => `${key}=${value}`).toSorted();
const failures = (w: World) => w.events.flatMap((event) => (event.kind === 'failure' ? [event] : []));

beforeEach(() => {
  nodes = new TestNodes();
  journal = journalFile();
  stopped = [];
  onStop = onRun = () => undefined;
});
afterEach(() => {
  endWorlds(worlds);
  journal.remove();
});

describe('a node stops', () => {
  test.each<[string, Flow]>([['that changes it', flow({ config: { mark: 'b' } })], ['that disables it', flow({ disabled: true })], ['that removes it', without()]])('once at a deploy %s', async (_name, next) => {
    const w = world();
    await w.deploy(flow());
    await feed();
    await w.calm();
    expect(stopped).toEqual([]);
    await w.deploy(next, 2);
    await w.calm();
    expect(stopped).toEqual(['end of 1 after 1']);
  });

  test('not at a deploy that leaves it as it is, and then with the revision that was its last', async () => {
    const w = world();
    await w.deploy(flow());
    for (const revision of [2, 3]) await w.deploy({ ...flow(), name: `Flow ${revision}` }, revision);
    await w.calm();
    expect(stopped).toEqual([]);
    await w.deploy(without(), 4);
    await w.calm();
    expect(stopped).toEqual(['end of 1 after 0']);
  });

  test('once with its flow, and once more each time that the flow is started again and stopped', async () => {
    const w = world();
    const runner = await w.deploy(flow());
    for (const life of [1, 2]) {
      await runner.stop();
      await runner.stop();
      await w.calm();
      expect(stopped).toHaveLength(life);
      await w.deploy(flow());
      await feed();
      await w.calm();
      expect(stopped).toHaveLength(life);
    }
    expect(nodes.arrived).toHaveLength(2);
  });

  test.each(['ending', 'passing'])('not before the last message of its revision is through, be it by a deploy or a stop of the flow: %s', async (type) => {
    const w = world();
    onRun = () => wait(w, 5000);
    const runner = await w.deploy(flow({ type }));
    await feed(1);
    await w.calm();
    await w.deploy(flow({ type, config: { mark: 'b' } }), 2);
    await w.pass(4000);
    expect(stopped).toEqual([]);
    await w.pass(1000);
    expect(stopped).toEqual(['end of 1 after 1']);
    await feed(2);
    await w.calm();
    await runner.stop();
    await w.pass(4000);
    expect(stopped).toHaveLength(1);
    await w.pass(1000);
    expect(stopped).toEqual(['end of 1 after 1', 'end of 2 after 2']);
  });

  test('not before what leaves a window whose time came is through', async () => {
    const w = world();
    onRun = () => wait(w, 5000);
    const gathering = (mark: string): Flow => flowOf({ nodes: { in: 'test-source', gather: 'test-gather', passes: { type: 'passing', config: { mark } }, sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> passes.in', 'passes.out -> sink.in'] });
    await w.deploy(gathering('a'));
    await feed();
    await w.pass(60_000);
    await w.deploy(gathering('b'), 2);
    await w.pass(4000);
    expect(stopped).toEqual([]);
    await w.pass(1000);
    expect(stopped).toEqual(['passes of 1 after 1']);
  });

  test('of a pinned flow when the runs that began with it have ended', async () => {
    const w = world();
    nodes.onCall = () => wait(w, 20_000);
    await w.deploy(flow({}, { runs: 'pinned' }));
    await feed();
    await w.calm();
    await w.deploy(without({ runs: 'pinned' }), 2);
    await w.pass(10_000);
    expect(stopped).toEqual([]);
    await w.pass(10_000 + 2 * limits.pinnedLookMs);
    expect(stopped).toEqual(['end of 1 after 1']);
  });

  test('of a pinned flow with the flow too, and is ready again when that is started', async () => {
    const w = world();
    const gathering = (mark: string): Flow => ({ ...flowOf({ nodes: { in: 'test-source', gather: 'test-gather', passes: { type: 'passing', config: { mark } }, sink: 'test-sink' }, wires: ['in.out -> gather.in', 'gather.out -> passes.in', 'passes.out -> sink.in'] }), runs: 'pinned' });
    const runner = await w.deploy(gathering('a'));
    await feed();
    await w.calm();
    await w.deploy(gathering('b'), 2);
    await runner.stop();
    await w.calm();
    expect(stopped.toSorted()).toEqual(['passes of 1 after 0', 'passes of 2 after 0']);
    await w.deploy(gathering('b'), 2);
    await w.pass(60_000 + 2 * limits.pinnedLookMs);
    expect(stopped.slice(2)).toEqual(['passes of 1 after 1']);
  });

  test('never for a try or a dry run', async () => {
    const w = world();
    await w.deploy(flow());
    const run = (await feed())?.runId;
    await w.calm();
    await w.moveHistory();
    expect(await new Tries(w.services).run(flowOf({ nodes: { end: 'ending' }, wires: [] }), 'end', { payload: 1 })).toMatchObject({ outcome: 'done' });
    const { steps } = await new Replays(w.services, () => w.runner('flow')).one(run ?? '', { mode: 'dry-run' });
    expect(steps?.some(({ node }) => node === 'end')).toBe(true);
    await w.calm();
    expect(stopped).toEqual([]);
  });

  test('not when it could not be started', async () => {
    const w = world();
    const runner = await w.deploy(flow({ config: { mark: 'broken' } }));
    expect(runner.problems).toHaveLength(1);
    await runner.stop();
    await w.calm();
    expect(stopped).toEqual([]);
  });
});

describe('what it writes to the context as it stops', () => {
  test('is kept, and loses no update of the messages that run on the next revision meanwhile', async () => {
    const w = world();
    onStop = async ({ state }) => {
      const count = state.flow.get<number>('count') ?? 0;
      await wait(w, 100);
      state.flow.set('count', count + 100);
    };
    await w.deploy(flow());
    await feed();
    await w.calm();
    await w.deploy(flow({ config: { mark: 'b' } }), 2);
    for (let message = 0; message < 5; message++) await feed();
    await w.pass(1000);
    expect(nodes.arrived).toHaveLength(6);
    expect(await onDisk(w)).toEqual(['count=106']);
  });

  test('is kept as a whole or, when it throws, not at all; that is told at the node in both languages, and the deploy stands', async () => {
    const w = world();
    onStop = ({ state }) => {
      state.flow.set('a', 1);
      throw new NodeFailure('test.no', { en: 'it broke', ru: 'сломалось' });
    };
    await w.deploy(flow());
    await w.deploy(flow({ config: { mark: 'b' } }), 2);
    await w.calm();
    expect(failures(w)).toMatchObject([{ node: 'end', runId: '', code: 'test.no', text: { en: 'it broke', ru: 'сломалось' }, final: true }]);
    await feed();
    await w.calm();
    expect(await onDisk(w)).toEqual(['count=1']);
    onStop = ({ state }) => { state.flow.set('a', 1); state.node.set('b', 2); };
    await w.runner('flow').stop();
    await w.calm();
    expect(await onDisk(w)).toEqual(['a=1', 'b=2', 'count=1']);
  });

  test('is not kept where it takes longer than a call may; the messages that wait for the context go on', async () => {
    const w = world();
    onStop = async ({ state }) => { await wait(w, 60_000); state.flow.set('a', 1); };
    await w.deploy(flow({ timeout: '2s' }));
    await w.deploy(flow({ timeout: '3s' }), 2);
    await feed();
    await w.pass(1900);
    expect(nodes.arrived).toEqual([]);
    await w.pass(200);
    expect(nodes.arrived).toHaveLength(1);
    expect(failures(w)).toMatchObject([{ node: 'end', code: 'call.timeout' }]);
    await w.pass(60_000);
    expect(await onDisk(w)).toEqual(['count=1']);
  });

  test('is waited for at the end of the flow’s life, whatever is still under way, and not heard afterwards', async () => {
    const w = world();
    nodes.onCall = () => new Promise(() => undefined);
    onStop = async ({ state }) => { await wait(w, 100); state.flow.set('a', 1); };
    const runner = await w.deploy(flow());
    await feed();
    await w.calm();
    await w.deploy(flow({ config: { mark: 'b' } }), 2);
    await runner.stop();
    await w.calm();
    expect(stopped).toEqual(['end of 2 after 0']);
    const through = runner.stopped();
    let isThrough = false;
    void through.then(() => { isThrough = true; });
    await w.calm();
    expect(isThrough).toBe(false);
    for (const _each of [1, 2]) await w.pass(100); // one after the other, as they use the same context
    expect(isThrough).toBe(true);
    expect(stopped).toEqual(['end of 2 after 0', 'end of 1 after 0']);
    await runner.dispose();
    expect(await onDisk(w)).toEqual(['a=1']);
    const other = await w.deploy(flow({}, { id: 'other' }));
    onStop = async ({ state }) => { await wait(w, 100); state.flow.set('late', 1); };
    await other.stop();
    await w.calm();
    expect(stopped).toHaveLength(3);
    await other.dispose();
    await w.pass(100);
    expect((await w.services.journal.context('other')).length).toBe(0);
  });
});
