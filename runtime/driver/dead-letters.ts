import type { DeadLetter, DeadLetterAnswer, DeadLetterDetail, DeadLetterList, DeadLetterQuery, DeadLetterSelection, HeldKey, HeldKeyRequest, ResendRequest } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Json, Text } from '../flow/flow.ts';
import { decodeBody, encodeBody } from '../journal/codec.ts';
import type { Op, StoredLetter } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import { reasonOf } from './failures.ts';
import type { FlowRunner } from './flow-runner.ts';
import { beginningRow, workOf } from './message.ts';
import type { Replays } from './replays.ts';
import type { Services } from './services.ts';

/** What a dead letter needs of the flows that run. */
export interface LetterFlows {
  /** The runner of a flow that is in work, live or stopped. */
  runner(flow: string): FlowRunner | undefined;
  /** Counts of dead letters at a node change by so many. */
  counted(place: { readonly flow: string; readonly node: string }, by: number): void;
}

type Refusal = Text | undefined;

/** What a person does with messages that nobody took: look, correct, resend, discard, free the keys that they hold. Each is whole or not at all. */
export class DeadLetters {
  readonly #services: Services;
  readonly #flows: LetterFlows;
  readonly #replays: Replays;

  constructor(services: Services, flows: LetterFlows, replays: Replays) {
    this.#services = services;
    this.#flows = flows;
    this.#replays = replays;
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
    const result = await this.#services.journal.commit({ ops: [{ op: 'letter-edited', seq: letter.seq, body: encodeBody(body) }], guard: { letter: letter.seq } });
    if (result.letterGone) throw gone(id);
  }

  async resend({ ids, query, to }: ResendRequest): Promise<DeadLetterAnswer> {
    // A run that has just failed has its beginning still on the way to the store.
    if (to === 'start') await this.#services.history.flush();
    return await this.#each({ ...(ids && { ids }), ...(query && { query }) }, (letter) => {
      if (to === 'start') return this.#fromStart(letter);
      return this.#resend(letter, to === 'node' ? letter.node : to.node);
    });
  }

  async discard(selection: DeadLetterSelection): Promise<DeadLetterAnswer> {
    return await this.#each(selection, (letter) => this.#remove(letter));
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

  /** Each is answered by itself, so that one that cannot be harms no other. Many are read and go to the disk together; they begin in order, and so they are written. */
  async #each(selection: DeadLetterSelection, act: (letter: StoredLetter) => Promise<Refusal>): Promise<DeadLetterAnswer> {
    let done = 0;
    const refused: { id: string; reason: Text }[] = [];
    const one = async (seq: number, letter: StoredLetter | undefined): Promise<void> => {
      // One that fails takes nothing from the others, nor from what is told of them.
      const reason = letter ? await act(letter).catch(reasonOf) : gone(String(seq)).text;
      if (reason === undefined) done++;
      else if (refused.length < limits.refusedListed) refused.push({ id: String(seq), reason });
    };
    for (const some of chunked(await this.#selected(selection))) {
      const letters = await this.#read(some);
      await Promise.all(some.map((seq, i) => one(seq, letters[i])));
    }
    return { done, refused };
  }

  /**
   * In the order of their places, so that those of one key keep theirs: they died in another one where a deploy parked what lay aside before what was queued, or
   * a call under way ended after it. What comes while this goes on is left out.
   */
  async #selected({ ids = [], query }: DeadLetterSelection): Promise<readonly number[]> {
    const { journal } = this.#services;
    const places: { readonly seq: number; readonly pos: number }[] = [];
    for (const some of chunked(ids.map(numberOf))) places.push(...(await this.#read(some)).map((letter, i) => ({ seq: some[i] as number, pos: letter?.pos ?? 0 })));
    for (let after: number | undefined; query;) {
      const page = await journal.deadLetters({ ...query, limit: limits.pageSizeMax, ...(after !== undefined && { after }) });
      places.push(...page.map(({ seq, pos }) => ({ seq, pos })));
      after = page.at(-1)?.seq;
      if (page.length < limits.pageSizeMax) break;
    }
    return places.toSorted((a, b) => a.pos - b.pos || a.seq - b.seq).map(({ seq }) => seq);
  }

  async #read(seqs: readonly number[]): Promise<readonly (StoredLetter | undefined)[]> { return await Promise.all(seqs.map((seq) => this.#services.journal.findDeadLetter(seq))); }

  async #letter(id: string): Promise<StoredLetter> {
    const letter = await this.#services.journal.findDeadLetter(numberOf(id));
    if (!letter) throw gone(id);
    return letter;
  }

  /** Removes it and frees the key that it holds. */
  async #remove(letter: StoredLetter): Promise<Refusal> {
    const { letterGone } = await this.#services.journal.commit({ ops: [{ op: 'letter-gone', seq: letter.seq, becomes: null }], guard: { letter: letter.seq } });
    if (letterGone) return gone(String(letter.seq)).text;
    this.#flows.counted(letter, -1);
    if (letter.holdAt !== null && letter.holdKey !== null) this.#flows.runner(letter.flow)?.station(letter.holdAt).freeKey(letter.holdKey);
    return undefined;
  }

  /** Where its run began, once more: the dead letter goes in the same commit. */
  async #fromStart(letter: StoredLetter): Promise<Refusal> {
    const runner = this.#flows.runner(letter.flow);
    const start = await this.#replays.startOf(letter.run);
    if (!runner?.revision) return notRunning(letter.flow);
    if (!start || start.input === null) return noStart(letter.run);
    if (!runner.unit(start.node)) return noNode(letter.flow, start.node);
    const held = letter.holdAt !== null && letter.holdKey !== null ? { node: letter.holdAt, key: letter.holdKey } : undefined;
    const begun = await this.#replays.begin(runner, start, { of: letter.run, mode: 'resend', letter: letter.seq });
    if (begun === undefined) return gone(String(letter.seq)).text;
    this.#flows.counted(letter, -1);
    // It comes to the node again by its own way, behind those of its key that waited: they are not held up for it.
    if (held) runner.station(held.node).freeKey(held.key);
    return undefined;
  }

  /** Makes it a message again, under its own id, in a run of its own. */
  async #resend(letter: StoredLetter, to: string): Promise<Refusal> {
    const { journal } = this.#services;
    const runner = this.#flows.runner(letter.flow);
    if (!runner?.revision) return notRunning(letter.flow);
    if (!runner.revision.takes(to)) return noNode(letter.flow, to);
    const held = letter.holdAt !== null && letter.holdKey !== null ? { node: letter.holdAt, key: letter.holdKey } : undefined;
    // Where it rested before, it takes its old place, before everything that waits behind it.
    const inPlace = held?.node === to && held.key === letter.key;
    const { id, flow, parents, key, lineage, body } = letter;
    const row = beginningRow(this.#services, {
      id, flow, node: to, via: to === letter.node ? letter.via : '', parents, lineage: (to === letter.node ? lineage : null) ?? id, key, revision: runner.revision.number, flags: runner.recorder.begin(),
      cursor: to === letter.node ? cursorOf(letter) : null, body, ...(inPlace && { pos: letter.pos }),
    });
    const work = workOf(row, runner.wireOf(row.via));
    // What goes on half-way is a branch of its run from the beginning.
    const opened: readonly Op[] = row.cursor === null ? [] : [{ op: 'run', change: { run: row.run, flow, revision: row.revision, startedAt: row.receivedAt, at: row.receivedAt, opens: 1, pending: 0, completed: 0, dropped: 0, dead: 0 } }];
    const ops: Op[] = [{ op: 'save', row }, ...opened, { op: 'letter-gone', seq: letter.seq, becomes: inPlace ? null : row.seq }, ...runner.recorder.accepted(work, { of: letter.run, mode: 'resend' })];
    const { letterGone } = await journal.commit({ ops, guard: { letter: letter.seq } });
    if (letterGone) return gone(String(letter.seq)).text;
    this.#flows.counted(letter, -1);
    runner.resent(work, held);
    return undefined;
  }
}

const chunked = <T>(all: readonly T[]): T[][] => Array.from({ length: Math.ceil(all.length / limits.lettersAtOnce) }, (_, i) => all.slice(i * limits.lettersAtOnce, (i + 1) * limits.lettersAtOnce));
const numberOf = (id: string): number => (/^\d{1,15}$/.test(id) ? Number(id) : 0);

function shown(row: StoredLetter): DeadLetter {
  return {
    id: String(row.seq), messageId: row.id, runId: row.run, flow: row.flow, node: row.node, at: row.at, kind: row.kind, attempts: row.attempts, code: row.code, message: row.text,
    ...(row.key !== null && { key: row.key }), holdsKey: row.holdAt !== null, revision: row.revision, edited: row.edited === 1, body: decodeBody(row.body),
  };
}

/** A message that was parked while its node turned it into many goes on where it was. */
const cursorOf = ({ kind, details }: StoredLetter): number | null => (kind === 'parked' ? (JSON.parse(details) as { cursor?: number }).cursor ?? null : null);

const gone = (id: string): Failure => new Failure('dead-letter.not-found', {
  en: `dead letter ${id}: it is not there (any more): it was resent, discarded, or its time was over`,
  ru: `недоставленное ${id}: его (уже) нет: отправлено снова, удалено или истёк срок хранения`,
});
const notHeld = ({ flow, node, key = '' }: { readonly flow: string; readonly node: string; readonly key: string | undefined }): Failure => new Failure('key.not-held', {
  en: `freeing the key ${key} at node ${node} of flow ${flow}: nothing holds it (any more)`,
  ru: `освобождение ключа ${key} в узле ${node} потока ${flow}: его (уже) ничто не удерживает`,
});
const notRunning = (flow: string): Text => ({ en: `flow ${flow} is not deployed; deploy it, then resend`, ru: `поток ${flow} не применён; примените его и отправьте снова` });
const noStart = (run: string): Text => ({
  en: `the message with which run ${run} began is not kept; resend to the node instead`,
  ru: `сообщение, с которого начался запуск ${run}, не сохранено; отправьте снова в узел`,
});
const noNode = (flow: string, node: string): Text => ({
  en: `the live revision of flow ${flow} has no node ${node} that takes messages; deploy one that has`,
  ru: `в работающей ревизии потока ${flow} нет узла ${node}, принимающего сообщения; примените такую ревизию`,
});
