import type { SeededRandom } from '../kit/virtual-time.ts';
import type { Faults } from './faulty-port.ts';

/** What happens to a simulated runtime and when, made from the seed alone. */

interface Feed { readonly feed: number; readonly key: string; readonly key2: string; readonly keyed: boolean; readonly event: number | undefined; /** The caller waits for an answer under this key of its own. */ readonly ask: number | undefined }
type What =
  | { readonly kind: 'feed'; readonly feeds: readonly Feed[] }
  | { readonly kind: 'crash' | 'link down' | 'link up' | 'disk trouble' | 'disk well' | 'deploy' | 'stop' | 'start' | 'restart' | 'person' | 'cancel' | 'replay' | 'take away' | 'put back' };
export type Action = What & { readonly at: number };
export interface Plan {
  readonly actions: readonly Action[];
  readonly lives: Partial<Pick<Faults, 'dieAt' | 'dieHow'>>[];
  /** Deploys put nodes on wires. That changes what later messages are named by, and so under which keys a replay does again what it finds. */
  readonly rewires: boolean;
  /** Flows may split messages and join their parts. A whole that is put together again is the same message, whatever came this time. */
  readonly wholes: boolean;
  readonly slowDisk: boolean;
  /** Smaller than in service, so that little load reaches what else only much would. */
  readonly limits: { readonly windowMessages: number; readonly segmentsInFlight: number; readonly duesInMemory: number; readonly duesPage: number; readonly asideMessages: number; readonly asideFetch: number; readonly chunkMessages: number; readonly parkedAtOnce: number };
}

const MINUTE = 60_000;

export function makePlan(random: SeededRandom): Plan {
  const below = (n: number): number => Math.floor(random.next() * n);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const length = (2 + below(8)) * MINUTE;
  const actions: Action[] = feeds(random, length);
  const at = (): number => below(length);
  const add = (kind: Exclude<What['kind'], 'feed'>, when: number): void => { actions.push({ kind, at: when }); };
  const spans = (most: number, [from, to]: readonly ['link down', 'link up'] | readonly ['disk trouble', 'disk well'] | readonly ['stop', 'start'] | readonly ['take away', 'put back']): void => {
    for (let n = below(most + 1); n > 0; n--) {
      const begin = at();
      add(from, begin);
      add(to, begin + 1000 + below(MINUTE));
    }
  };
  spans(2, ['link down', 'link up']);
  spans(2, ['disk trouble', 'disk well']);
  spans(1, ['stop', 'start']);
  if (random.next() < 0.4) spans(2, ['take away', 'put back']);
  for (let n = below(3); n > 0; n--) add('deploy', at());
  for (let n = below(3); n > 0; n--) add('crash', at());
  for (let n = below(2); n > 0; n--) add('restart', at());
  for (let n = below(pick([4, 16])); n > 0; n--) add('person', at());
  if (random.next() < 0.4) for (let n = 1 + below(5); n > 0; n--) add('cancel', at());
  const replays = random.next() < 0.4 ? 1 + below(6) : 0;
  for (let n = replays; n > 0; n--) add('replay', at());
  const lives = Array.from({ length: below(4) }, () => ({ dieAt: 1 + below(pick([10, 40, 150])), dieHow: pick(['before', 'after'] as const) }));
  return {
    actions: actions.toSorted((a, b) => a.at - b.at), lives, rewires: replays === 0, wholes: !actions.some(({ kind }) => kind === 'replay'), slowDisk: random.next() < 0.5,
    limits: { windowMessages: pick([2, 4, 16, 512]), segmentsInFlight: pick([2, 8, 256]), duesInMemory: pick([2, 8, 2000]), duesPage: pick([1, 3, 1000]), asideMessages: pick([0, 2, 512]), asideFetch: pick([1, 2, 64]), chunkMessages: pick([1, 2, 1000]), parkedAtOnce: pick([1, 3, 1000]) },
  };
}

/** Messages in bursts, of few keys, some with an event id that comes again. */
function feeds(random: SeededRandom, length: number): Action[] {
  const below = (n: number): number => Math.floor(random.next() * n);
  const keyed = random.next() < 0.7;
  const keys = 1 + below(4);
  const asking = random.next() < 0.4;
  const actions: Action[] = [];
  for (let feed = 0, most = 10 + below(50); feed < most;) {
    const burst: Feed[] = [];
    for (let n = 1 + below(random.next() < 0.2 ? 15 : 3); n > 0; n--, feed++) {
      burst.push({ feed, key: `k${below(keys)}`, key2: `q${below(2)}`, keyed, event: random.next() < 0.3 ? below(feed + 1) : undefined, ask: asking && random.next() < 0.6 ? below(12) : undefined });
    }
    actions.push({ kind: 'feed', at: below(length), feeds: burst });
  }
  return actions;
}
