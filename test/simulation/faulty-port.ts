import { answerPacked, JournalError, pack, unpack, type Answer, type JournalPort, type Request, openedBy } from '../../runtime/journal/port.ts';
import type { JournalDatabase } from '../../runtime/journal/database.ts';
import type { World } from '../kit/world.ts';
import type { SeededRandom } from '../kit/virtual-time.ts';
import type { Ledger } from './ledger.ts';

/** What the disk and the process may do to a life. Counts are of transactions that write. */
export interface Faults {
  /** The process ends at this write, before it or with it done and the answer lost. */
  dieAt: number;
  dieHow: 'before' | 'after';
  /** The disk refuses now and then: busy, I/O error, full. */
  trouble: boolean;
  slow: boolean;
}

type Apply = Request & { kind: 'apply' };
/** What changes a message: a transaction, or the cancelling of a run. */
type Write = Apply | (Request & { kind: 'query' });
/** How a transaction comes to the disk: `write` brings it there. Planted mistakes stand in place of the plain way. */
export type Way = (write: (request: Apply) => Answer, request: Apply) => Answer;

const PASSING_CODES = [5, 10, 13];

/** The journal's thread as it may be: slow, refusing, gone. Requests are answered in order, as the real one does. */
export class FaultyPort implements JournalPort {
  readonly opened: JournalPort['opened'];
  readonly #o: { readonly database: JournalDatabase; readonly world: World; readonly random: SeededRandom; readonly faults: Faults; readonly ledger: Ledger; readonly way: Way };
  #tail: Promise<void> = Promise.resolve();
  #writes = 0;
  /** Refused, and on the disk all the same if the process ends before the next write: what an I/O error at the end of a commit can mean. */
  #doubtful: Apply | undefined;

  constructor(options: { readonly database: JournalDatabase; readonly world: World; readonly random: SeededRandom; readonly faults: Faults; readonly ledger: Ledger; readonly way: Way }) {
    this.#o = options;
    this.opened = openedBy(options.database);
  }

  ask(request: Request): Promise<unknown> {
    const turn = this.#tail.then(() => this.#turn());
    const reply = turn.then(() => this.#reply(request));
    this.#tail = reply.then(() => undefined, () => undefined);
    return reply;
  }

  /** What was refused last may have reached the disk. Called when the process ends. */
  settleDoubt(): void {
    const { database, ledger, random } = this.#o;
    if (!this.#doubtful || random.next() < 0.5) return;
    const reply = acrossThreads(database, this.#doubtful);
    if ('value' in reply) this.#wrote(this.#doubtful, reply.value);
    ledger.note('what was refused last is on the disk');
  }

  async #turn(): Promise<void> {
    const { random, faults, world } = this.#o;
    const roll = random.next();
    if (!faults.slow || roll < 0.5) return;
    await new Promise<void>((resolve) => { world.clock.after(Math.ceil(roll * 20), resolve); });
  }

  async #reply(request: Request): Promise<unknown> {
    const { database, world, faults, ledger, random, way } = this.#o;
    const writes = isWrite(request);
    if (faults.trouble && !world.dead && request.kind !== 'close' && random.next() < (writes ? 0.5 : 0.2)) this.#refuse(request);
    if (world.dead) return await never;
    const reply = request.kind === 'apply' ? way((each) => this.#write(each), request) : writes ? this.#write(request) : acrossThreads(database, request);
    if (world.dead) return await never;
    if ('error' in reply) throw new JournalError(reply.error);
    if (request.kind === 'query') ledger.asked(request);
    return reply.value;
  }

  #write(request: Write): Answer {
    const { database, world, faults } = this.#o;
    const dies = isWrite(request) && ++this.#writes >= faults.dieAt;
    if (dies && faults.dieHow === 'before') world.kill();
    if (world.dead) return GONE;
    this.#doubtful = undefined;
    const reply = acrossThreads(database, request);
    if ('value' in reply) this.#wrote(request, reply.value);
    if (dies) world.kill();
    return reply;
  }

  #wrote(request: Write, value: unknown): void {
    const { database, ledger } = this.#o;
    ledger.applied(request, value);
    if (request.kind === 'apply' && request.commits.some(({ ops }) => ops.some(({ op }) => op === 'park'))) ledger.parked(database.deadLetters({ limit: 10_000 }));
  }

  #refuse(request: Request): never {
    const { random, ledger } = this.#o;
    const errcode = PASSING_CODES[Math.floor(random.next() * PASSING_CODES.length)] as number;
    if (request.kind === 'apply' && errcode === 10) this.#doubtful = request;
    ledger.note(`the disk refuses (${errcode})`);
    throw new JournalError({ name: 'Error', message: 'made to fail', errcode });
  }
}

const never = new Promise<never>(() => undefined);
const GONE: Answer = { error: { name: 'Gone', message: 'the process has ended', errcode: 0 } };
const isWrite = (request: Request): request is Write => (request.kind === 'apply' ? request.commits.some(({ ops }) => ops.length > 0) : request.kind === 'query' && request.name === 'cancelRun');

/** As the real thread is asked and answers: packed, and copied on the way. */
function acrossThreads(database: JournalDatabase, request: Request): Answer {
  const reply = answerPacked(database, structuredClone(pack(request)));
  return 'error' in reply ? reply : { value: unpack(request, structuredClone(reply.value)) };
}
