import { describe, expect, test } from 'vitest';
import type { Flow } from '../runtime/flow/flow.ts';
import { limits } from '../runtime/limits.ts';
import { SCENARIOS, USUAL, type Scenario } from './crash/scenarios.ts';
import { TestNodes } from './kit/test-nodes.ts';
import { VirtualTime } from './kit/virtual-time.ts';
import { journalFile, World } from './kit/world.ts';

/** Ends the process at each write of a scenario in turn, before it and right after it, starts again, and demands that everything acknowledged is done, once. */

const HOUR = 60 * 60_000;
type Kill = Pick<NonNullable<ConstructorParameters<typeof World>[0]>, 'killBefore' | 'killAfter'>;

class Story {
  readonly #scenario: Scenario;
  readonly #file: string;
  readonly nodes = new TestNodes();
  readonly #made = new Map<string, number>();
  readonly acknowledged: string[] = [];

  constructor(scenario: Scenario, file: string) {
    this.#scenario = scenario;
    this.#file = file;
    this.nodes.onCall = (body, { node }) => {
      const key = `${node.id}:${JSON.stringify(body.payload)}`;
      const n = (this.#made.get(key) ?? 0) + 1;
      this.#made.set(key, n);
      scenario.call?.(body.payload, n);
    };
  }

  /** A life from its start; what comes after its end is never seen. */
  async live(clock: VirtualTime, { kill = {}, feed }: { readonly kill?: Kill; readonly feed: boolean }): Promise<World> {
    const { flow, deploy, later = [], stop, nodes = [], watchful = false } = this.#scenario;
    const read = async (number: number): Promise<Flow | undefined> => await Promise.resolve(number === 1 ? flow : deploy);
    const world = new World({ file: this.#file, nodes: [...this.nodes.definitions, ...USUAL, ...nodes], clock, watchful, ...kill });
    if (feed || !deploy) await world.deploy(flow);
    else await world.deploy(deploy, 2, read);
    await world.calm();
    if (feed) await this.#feed(world, this.#scenario.feed);
    if (feed && deploy && !world.dead) await world.deploy(deploy, 2, read);
    if (feed && !world.dead) await this.#feed(world, later);
    if (feed && stop && !world.dead) return await this.#stopped(world);
    await world.pass(HOUR);
    return world;
  }

  async #feed(world: World, bodies: Scenario['feed']): Promise<void> {
    for (const { options, ...body } of bodies) {
      this.nodes.deliver.get('in')?.(body, options).then(({ runId }) => { if (!world.dead) this.acknowledged.push(runId); }, () => undefined);
      await world.calm();
    }
  }

  async #stopped(world: World): Promise<World> {
    const runner = world.runner(this.#scenario.flow.id);
    await runner.stop();
    await Promise.race([runner.saveVolatile(), world.calm()]);
    await world.calm();
    return world;
  }
}

async function crashAt(scenario: Scenario, kill: Kill): Promise<boolean> {
  const journal = journalFile();
  const story = new Story(scenario, journal.file);
  try {
    const clock = new VirtualTime();
    const first = await story.live(clock, { kill, feed: true });
    const died = first.dead;
    first.kill();
    const second = await story.live(new VirtualTime(clock.now() + 1000), { feed: scenario.repeats === true });
    expect(second.bugs).toEqual([]);
    expect(await second.services.journal.pendingRevisions(scenario.flow.id)).toEqual([]);
    await judge(scenario, story, second);
    second.kill();
    return died;
  } finally {
    journal.remove();
  }
}

async function judge(scenario: Scenario, { nodes, acknowledged }: Story, last: World): Promise<void> {
  const ended = await last.endedRuns();
  expect(new Set(ended.map(({ id }) => id)).size).toBe(ended.length);
  const runs = [...new Set(acknowledged)];
  // What was on its way to the disk when the process ended may be there without having been acknowledged, never the other way round.
  if (!scenario.memory) expect(ended.map(({ id }) => id)).toEqual(expect.arrayContaining(runs));
  for (const [i, run] of (scenario.memory ? [] : runs).entries()) {
    const expected = scenario.ends?.[i] ?? {};
    const found = ended.find(({ id }) => id === run);
    if (expected === 'once') expect((found?.completed ?? 0) + (found?.dropped ?? 0) + (found?.dead ?? 0)).toBe(1);
    else if (expected !== 'any') expect(found).toMatchObject({ completed: 1, dropped: 0, dead: 0, ...expected });
  }
  const letters = await last.services.journal.deadLetters({ limit: 50 });
  expect(letters).toHaveLength(ended.reduce((sum, { dead }) => sum + dead, 0));
  // The same id is the same message, in whatever life; only its failures may have come at other times.
  expect(new Set(nodes.arrived.map(({ id }) => id)).size).toBe(new Set(nodes.arrived.map(({ id, body: { error: _error, ...body } }) => `${id}${JSON.stringify(body)}`)).size);
  expect(scenario.holds?.({ nodes, accepted: runs.length, world: last, ended: ended.length })).toBeUndefined();
}

const WATCHED = ['a delay, in order for its key', 'a split in chunks that is added up', 'a rate limit of each key that drops the rest', 'a feedback wire', 'a planned stop'];
describe.each([...Object.entries(SCENARIOS), ...WATCHED.map((name) => [`${name}, while each step is written down before`, { ...SCENARIOS[name] as Scenario, watchful: true }] as const)])('%s', (_name, scenario) => {
  test.each(['killBefore', 'killAfter'] as const)('survives an end at each of its writes: %s', { timeout: 60_000 }, async (how) => {
    const before = { ...limits };
    let points = 0;
    Object.assign(limits, scenario.limits);
    try {
      while (await crashAt(scenario, { [how]: points + 1 })) points++;
    } finally {
      Object.assign(limits, before);
    }
    expect(points).toBeGreaterThan(scenario.memory ? 0 : 2);
  });
});
