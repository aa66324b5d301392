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
}

/** What people do to messages: they look after dead letters and held keys, and cancel runs. */
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
    const letter = this.#choose((await letters.list({ limit: 50 })).deadLetters);
    if (letter) await letters.resend({ ids: [letter.id], to: 'node' });
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

  #choose<T>(from: readonly T[]): T | undefined { return from[Math.floor(this.#o.random.next() * from.length)]; }
}
