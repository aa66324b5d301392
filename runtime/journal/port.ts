import { Worker } from 'node:worker_threads';
import { Failure } from '../errors.ts';
import { limits } from '../limits.ts';
import { sibling } from '../sibling.ts';
import { Slots } from '../slots.ts';
import { JournalDatabase } from './database.ts';
import { packCommits, packResults, packRows, unpackCommits, unpackResults, unpackRows, type Packed, type PackedResults } from './packing.ts';
import type { Commit, CommitResult, Row } from './rows.ts';

/** The way to the database: its own thread in production, the same thread for tests. Both answer requests in order. */

type QueryName = 'page' | 'due' | 'aside' | 'recover' | 'counts' | 'atRest' | 'asideTogether' | 'parkable' | 'pendingRevisions' | 'pendingOn' | 'asideKeys' | 'retryingKeys' | 'keyHolds' | 'heldDues' | 'windows' | 'kept' | 'context' | 'pendingRuns' | 'pendingOf' | 'pendingTotal' | 'pendingRunCount' | 'cancelRun'
  | 'deadLetters' | 'findDeadLetter' | 'deadLetterTotal' | 'deadLetterCounts' | 'pruneDeadLetters' | 'findAnswer' | 'outbox' | 'forgetOutbox' | 'prune' | 'removeFlow' | 'freeze' | 'thaw' | 'crashing' | 'calmed';
export type Request =
  | { readonly kind: 'apply'; readonly commits: readonly Commit[]; readonly lastSeq: number; readonly at: number }
  | { readonly kind: 'query'; readonly name: QueryName; readonly args: readonly unknown[] }
  | { readonly kind: 'close' };
export type Answer = { readonly value: unknown } | { readonly error: { readonly name: string; readonly message: string; readonly errcode: number } };

/** What the file said when it was opened. */
export type Opened = Pick<JournalDatabase, 'token' | 'lastSeq' | 'unplannedEnds'>;
export const openedBy = ({ token, lastSeq, unplannedEnds }: JournalDatabase): Opened => ({ token, lastSeq, unplannedEnds });

export interface JournalPort {
  readonly opened: Opened;
  ask(request: Request): Promise<unknown>;
}

/** What the database's thread says of a failed request. `errcode` is SQLite's, 0 when it was not SQLite. */
export class JournalError extends Error {
  override name = 'JournalError';
  readonly errcode: number;
  readonly kind: string;
  constructor(error: { name: string; message: string; errcode: number }) {
    super(error.message);
    this.kind = error.name;
    this.errcode = error.errcode;
  }
}

/** The file was found damaged while it was in use. */
export class JournalDamaged extends Failure {
  constructor(cause: Error) {
    super('journal.damaged', {
      en: `using the journal: its file is damaged (${cause.message}); nothing is written to it any more`,
      ru: `работа с журналом: его файл повреждён (${cause.message}); в него больше ничего не пишется`,
    }, { cause });
  }
}

export function answer(database: JournalDatabase, request: Request): Answer {
  try {
    if (request.kind === 'apply') return { value: database.apply(request.commits, request.lastSeq, request.at) satisfies CommitResult[] };
    if (request.kind === 'close') return { value: database.close() };
    const call = database[request.name] as (...args: unknown[]) => unknown;
    return { value: call.apply(database, [...request.args]) };
  } catch (error) {
    const e = error as Error & { errcode?: number };
    return { error: { name: e.name, message: e.message, errcode: e.errcode ?? 0 } };
  }
}

/** A request as it crosses to the database's thread. */
export type PackedRequest = Exclude<Request, { kind: 'apply' }> | { readonly kind: 'apply'; readonly commits: Packed; readonly lastSeq: number; readonly at: number };

export const pack = (request: Request): PackedRequest => (request.kind === 'apply' ? { ...request, commits: packCommits(request.commits) } : request);

const answersRows = (request: Request | PackedRequest): boolean => request.kind === 'query' && (request.name === 'page' || request.name === 'due');

/** What the database's thread answers to a request that came packed. */
export function answerPacked(database: JournalDatabase, packed: PackedRequest): Answer {
  const request: Request = packed.kind === 'apply' ? { ...packed, commits: unpackCommits(packed.commits) } : packed;
  const reply = answer(database, request);
  if ('error' in reply) return reply;
  if (request.kind === 'apply') return { value: packResults(request.commits, reply.value as CommitResult[]) };
  return answersRows(request) ? { value: packRows(reply.value as Row[]) } : reply;
}

/** What `answerPacked` answered to a request. */
export function unpack(request: Request, value: unknown): unknown {
  if (request.kind === 'apply') return unpackResults(request.commits, value as PackedResults);
  return answersRows(request) ? unpackRows(value as ReturnType<typeof packRows>) : value;
}

function valueOf(reply: Answer): unknown {
  if ('error' in reply) throw new JournalError(reply.error);
  return reply.value;
}

/** The database in this thread: `:memory:` or a file, for tests and for flows tried out of the editor. */
export function openInlinePort(file: string): JournalPort {
  const database = new JournalDatabase(file);
  return { opened: openedBy(database), ask: async (request) => valueOf(answer(database, request)) };
}

/** The database in a thread of its own. Rejects when the file cannot be opened or is in use. */
export async function openThreadPort(file: string, onDeath: (error: Error) => void): Promise<JournalPort> {
  const worker = new Worker(sibling('./worker', import.meta.url), { workerData: { file }, resourceLimits: { maxYoungGenerationSizeMb: limits.threadYoungMb } });
  const waiting = new Slots<{ readonly request: Request; resolve(value: unknown): void; reject(error: Error): void }>();
  const opened = await new Promise<JournalPort['opened']>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (first: { opened?: JournalPort['opened']; failed?: { message: string; code: number } }) => {
      if (first.opened) resolve(first.opened);
      else reject(new JournalError({ name: 'Open', message: first.failed?.message ?? 'unknown', errcode: first.failed?.code ?? 0 }));
    });
  });
  worker.removeAllListeners('error');
  worker.on('error', (error: Error) => {
    for (const { reject } of waiting) reject(error);
    onDeath(error);
  });
  worker.on('message', (reply: Answer & { id: number }) => {
    const asked = waiting.take(reply.id);
    try { asked?.resolve(unpack(asked.request, valueOf(reply))); } catch (error) { asked?.reject(error as Error); }
  });
  return {
    opened,
    ask: (request) => new Promise((resolve, reject) => {
      worker.postMessage({ id: waiting.add({ request, resolve, reject }), ...pack(request) });
    }),
  };
}
