import type { DriverHost } from '../../runtime/driver/host.ts';
import type { SeededRandom } from '../kit/virtual-time.ts';
import type { Ledger } from './ledger.ts';

interface Options {
  readonly random: SeededRandom;
  readonly ledger: Ledger;
  readonly flow: string;
  readonly host: () => DriverHost;
  /** Runs that somebody was told of and that have not ended. */
  readonly unended: () => readonly string[];
  /** Dead letters may be resent to where their run began. */
  readonly toStart: boolean;
  /** Nodes to which a message may be sent. */
  readonly takers: readonly string[];
}

/** What people do to messages: they look after dead letters and held keys, cancel runs and replay them. */
export class People {
  readonly #o: Options;
  constructor(options: Options) { this.#o = options; }

  /** Somebody looks after what waits for a person: a held key, a dead letter. */
  async lookAfter(): Promise<void> {
    const { flow, ledger, host } = this.#o;
    const { letters } = host();
    const held = this.#choose(await letters.heldKeys(flow));
    if (held) {
      const action = this.#choose(['release', 'skip', 'resend'] as const) ?? 'release';
      ledger.note(`${action} key ${held.key} at ${held.node}`);
      await letters.freeKey(flow, { node: held.node, key: held.key, action });
      return;
    }
    const { deadLetters } = await letters.list({ limit: 50 });
    const letter = this.#choose(deadLetters);
    if (!letter) return;
    const roll = this.#o.random.next();
    const other = this.#choose(this.#o.takers) ?? letter.node;
    const to = roll < 0.65 ? 'node' : roll < 0.8 && this.#o.toStart ? 'start' : { node: other };
    ledger.note(`resend ${letter.runId} at ${letter.node} to ${typeof to === 'string' ? `its ${to}` : other}`);
    // Often all of a run at once, and sometimes two persons do so.
    const ids = this.#o.random.next() < 0.5 ? [letter.id] : deadLetters.filter(({ runId }) => runId === letter.runId).map(({ id }) => id);
    const also = this.#o.random.next() < 0.2 ? [letters.resend({ ids, to: this.#o.toStart ? 'start' : 'node' })] : [];
    await Promise.all([letters.resend({ ids, to }), ...also]);
  }

  async freeAllKeys(): Promise<void> {
    const { flow, ledger, host } = this.#o;
    for (const { node, key } of await host().letters.heldKeys(flow)) {
      ledger.note(`release key ${key} at ${node}`);
      await host().letters.freeKey(flow, { node, key, action: 'release' });
    }
  }

  async cancel(): Promise<void> {
    const run = this.#choose(this.#o.unended());
    if (run === undefined) return;
    this.#o.ledger.note(`cancel ${run}`);
    await this.#o.host().cancelRun(run);
  }

  /** Repeats a run that has ended, or what of it came to a node. */
  async replay(): Promise<void> {
    const { random, ledger, host } = this.#o;
    const run = this.#choose([...ledger.ended.keys()]);
    if (run === undefined) return;
    const mode = random.next() < 0.7 ? 'same-keys' : 'new-generation';
    const from = random.next() < 0.5 ? undefined : this.#choose([...new Set((await host().pathOf(run)).steps.map(({ node }) => node))]);
    ledger.note(`replay ${run} ${mode} from ${from ?? 'its start'}`);
    await host().replays.one(run, { mode, ...(from !== undefined && { from }) });
  }

  #choose<T>(from: readonly T[]): T | undefined { return from[Math.floor(this.#o.random.next() * from.length)]; }
}
