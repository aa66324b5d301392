import type { DeadLetter, DeadLetterAnswer, DeadLetterDetail, DeadLetterList, DeadLetterQuery, DeadLetterSelection, HeldKey, HeldKeyRequest, ResendRequest } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Json } from '../flow/flow.ts';
import { decodeBody, encodeBody } from '../journal/codec.ts';
import type { StoredLetter } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { reasonOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Replays } from './replays.ts';
import { chunked, gone, Resends, type Chosen } from './resends.ts';
import type { Services } from './services.ts';
import { Tally, type Refusal } from './tally.ts';

/** What a dead letter needs of the flows that run. */
export interface LetterFlows {
  /** The runner of a flow that is in work, live or stopped. */
  runner(flow: string): FlowRunner | undefined;
  /** Counts of dead letters at a node change by so many. */
  counted(place: { readonly flow: string; readonly node: string }, by: number): void;
}

/** What a person does with messages that nobody took: look, correct, resend, discard, free the keys that they hold. Each is whole or not at all. */
export class DeadLetters {
  readonly #services: Services;
  readonly #flows: LetterFlows;
  readonly #resends: Resends;

  constructor(services: Services, flows: LetterFlows, replays: Replays) {
    this.#services = services;
    this.#flows = flows;
    this.#resends = new Resends(services, flows, replays);
  }

  async list({ limit, after, ...query }: DeadLetterQuery & { readonly limit: number; readonly after?: string }): Promise<DeadLetterList> {
    const { journal } = this.#services;
    const rows = await journal.deadLetters({ ...query, limit, ...(after !== undefined && { after: numberOf(after) }) });
    const last = rows.at(-1);
    return { deadLetters: rows.map(shown), total: await journal.deadLetterTotal(query), ...(last && rows.length === limit && { next: String(last.seq) }) };
  }

  async find(id: string): Promise<DeadLetterDetail> {
    const letter = await this.#letter(id);
    return { ...shown(letter), receivedAt: letter.receivedAt, details: JSON.parse(letter.details) as { readonly [name: string]: Json }, truncated: false };
  }

  /** Changes what will be resent. */
  async edit(id: string, body: { readonly [key: string]: unknown }): Promise<void> {
    const letter = await this.#letter(id);
    const result = await this.#services.journal.commit({ ops: [{ op: 'letter-edited', seq: letter.seq, body: encodeBody(body) }], guard: { letters: [letter.seq] } });
    if (result.letterGone) throw missing(id);
  }

  async resend({ to, ...selection }: ResendRequest): Promise<DeadLetterAnswer> {
    const chosen = await this.#selected(selection);
    return to === 'start' ? await this.#resends.toStart(chosen) : await this.#resends.toNode(chosen, to === 'node' ? undefined : to.node);
  }

  async discard(selection: DeadLetterSelection): Promise<DeadLetterAnswer> {
    const tally = new Tally();
    // Each is answered by itself: one that fails takes nothing from the others, nor from what is told of them. Many go to the disk together.
    for (const some of chunked(await this.#selected(selection))) {
      const letters = await this.#read(some);
      await Promise.all(some.map(async ({ seq }, i) => { tally.add(seq, letters[i] ? await this.#remove(letters[i]).catch(reasonOf) : gone(seq)); }));
    }
    return tally.answer;
  }

  async heldKeys(flow: string): Promise<readonly HeldKey[]> {
    const holds = (await this.#services.journal.keyHolds(flow)).filter((hold) => hold.letter !== null);
    const keys = new Map<string, HeldKey>();
    for (const { node, key, at, letter: seq } of holds) {
      const name = JSON.stringify([node, key]);
      const letter = keys.has(name) || keys.size >= limits.pageSizeMax ? undefined : await this.#services.journal.findDeadLetter(seq as number);
      if (letter) keys.set(name, { node, key, since: at, deadLetter: String(letter.seq), failedAt: letter.node, code: letter.code, message: letter.text, waiting: this.#flows.runner(flow)?.station(node).behind(key) ?? 0 });
    }
    return [...keys.values()];
  }

  /** Lets a key go on: without its dead letter, after discarding it, or behind it. Answers for the dead letters that held it. */
  async freeKey(flow: string, { node, key: named, deadLetter, action }: HeldKeyRequest): Promise<DeadLetterAnswer> {
    const holds = (await this.#services.journal.keyHolds(flow)).filter((hold) => hold.node === node && hold.letter !== null);
    const key = named ?? holds.find(({ letter }) => String(letter) === deadLetter)?.key;
    const letters = holds.filter((hold) => hold.key === key).map((hold) => String(hold.letter));
    if (key === undefined || letters.length === 0) throw notHeld({ flow, node, key });
    if (action === 'release') {
      await this.#services.journal.commit({ ops: [{ op: 'key-free', flow, node, key }] });
      this.#flows.runner(flow)?.station(node).freeKey(key, { all: true });
      return { done: letters.length, refused: [] };
    }
    return await (action === 'skip' ? this.discard({ ids: letters }) : this.resend({ ids: letters, to: 'node' }));
  }

  /** Forgets those that nobody looked after in all the time that they are kept. */
  async prune(): Promise<void> {
    const { journal, clock } = this.#services;
    const gone = await journal.pruneDeadLetters(clock.now() - limits.deadLettersKeptMs, limits.historyPruneBatch);
    for (const { flow, node, count } of gone) this.#flows.counted({ flow, node }, -count);
  }

  /**
   * In the order of their places, so that those of one key keep theirs: they died in another one where a deploy parked what lay aside before what was queued, or
   * a call under way ended after it. What comes while this goes on is left out.
   */
  async #selected({ ids = [], query }: DeadLetterSelection): Promise<readonly Chosen[]> {
    const { journal } = this.#services;
    const chosen: Chosen[] = [];
    for (const some of chunked([...new Set(ids.map(numberOf))].map((seq) => ({ seq })))) chosen.push(...(await this.#read(some)).map((letter, i) => ({ seq: some[i]?.seq ?? 0, pos: letter?.pos ?? 0, run: letter?.run ?? '' })));
    for (let after: number | undefined; query;) {
      const page = await journal.deadLetters({ ...query, limit: limits.pageSizeMax, ...(after !== undefined && { after }) });
      chosen.push(...page.map(({ seq, pos, run }) => ({ seq, pos, run })));
      after = page.at(-1)?.seq;
      if (page.length < limits.pageSizeMax) break;
    }
    return chosen.toSorted((a, b) => a.pos - b.pos || a.seq - b.seq);
  }

  async #read(some: readonly Pick<Chosen, 'seq'>[]): Promise<readonly (StoredLetter | undefined)[]> { return await Promise.all(some.map(({ seq }) => this.#services.journal.findDeadLetter(seq))); }

  async #letter(id: string): Promise<StoredLetter> {
    const letter = await this.#services.journal.findDeadLetter(numberOf(id));
    if (!letter) throw missing(id);
    return letter;
  }

  /** Removes it and frees the key that it holds. */
  async #remove(letter: StoredLetter): Promise<Refusal> {
    const { letterGone } = await this.#services.journal.commit({ ops: [{ op: 'letter-gone', seq: letter.seq, becomes: null }], guard: { letters: [letter.seq] } });
    if (letterGone) return gone(letter.seq);
    this.#flows.counted(letter, -1);
    if (letter.holdAt !== null && letter.holdKey !== null) this.#flows.runner(letter.flow)?.station(letter.holdAt).freeKey(letter.holdKey);
    return undefined;
  }
}

const numberOf = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : 0);

function shown(row: StoredLetter): DeadLetter {
  return {
    id: String(row.seq), messageId: row.id, runId: row.run, flow: row.flow, node: row.node, at: row.at, kind: row.kind, attempts: row.attempts, code: row.code, message: row.text,
    ...(row.key !== null && { key: row.key }), holdsKey: row.holdAt !== null, revision: row.revision, edited: row.edited === 1, body: decodeBody(row.body),
  };
}

const missing = (id: string): Failure => new Failure('dead-letter.not-found', gone(id));
const notHeld = ({ flow, node, key = '' }: { readonly flow: string; readonly node: string; readonly key: string | undefined }): Failure => new Failure('key.not-held', {
  en: `freeing the key ${key} at node ${node} of flow ${flow}: nothing holds it (any more)`,
  ru: `освобождение ключа ${key} в узле ${node} потока ${flow}: его (уже) ничто не удерживает`,
});
