import type { DeployAnswer, DeployPreview, FlowState } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { Flow, Problem, Text } from '../flow/flow.ts';
import { parseFlow } from '../flow/parse.ts';
import type { DeployOutcome } from '../host.ts';
import type { LiveState } from '../store/store.ts';
import { refusesDeploy } from './deployable.ts';
import { notFound } from './drafts.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor } from './project-door.ts';

export interface LiveFlow { readonly revision: number; readonly state: FlowState; readonly flow: Flow; readonly text: string; /** Why it is stopped although nobody stopped it. */ readonly reason?: Text }
interface Revised { readonly revision: number; readonly text: string; readonly flow: Flow }

/**
 * What runs. The store says which revision of a flow is live and whether it runs; the host runs it. The store is written
 * first, so that a restart runs what was last asked for.
 */
export class Deploys {
  readonly #parts: Parts;
  readonly #problemsOf: (flow: Flow) => Promise<readonly Problem[]>;
  readonly #revised = new Map<string, Revised>();

  constructor(parts: Parts, problemsOf: (flow: Flow) => Promise<readonly Problem[]>) {
    this.#parts = parts;
    this.#problemsOf = problemsOf;
  }

  /** Makes the text live: as a new revision, or as the live one again when that has the same text. `flow.invalid` when the document has problems that refuse it. */
  async deploy(flow: Flow, text: string, by: Actor): Promise<DeployAnswer> {
    const { store, clock } = this.#parts;
    const problems = await this.#problemsOf(flow);
    if (problems.some(refusesDeploy)) throw refused(flow.id, problems);
    const before = await this.#parts.store.findLive(flow.id);
    const known = before && await this.#find(flow.id, before.revision);
    const revision = known?.text === text ? known.revision : await store.addRevision(flow.id, { text, by: by.name, at: clock.now() });
    await store.setLive(flow.id, { revision, enabled: true });
    try {
      const outcome = await this.#run(flow, revision, problems);
      await audited(this.#parts, by, { action: 'flow.deploy', subject: flow.id, details: `revision ${revision}` });
      return outcome;
    } catch (error) {
      if (before) await store.setLive(flow.id, before); // the host still runs what ran before
      throw error;
    } finally {
      this.#tell(flow.id, by);
    }
  }

  /** What a deploy of it would do now. */
  async preview(flow: Flow): Promise<DeployPreview> {
    const problems = await this.#problemsOf(flow);
    return { problems, refused: problems.some(refusesDeploy), ...await this.#parts.host.preview(flow) };
  }

  async rollback(id: string, revision: number, by: Actor): Promise<DeployAnswer> {
    const { flow, text } = await this.revised(id, revision);
    return this.deploy(flow, text, by);
  }

  async stop(id: string, by: Actor): Promise<void> {
    const live = await this.#parts.store.findLive(id);
    if (!live) throw neverDeployed(id);
    await this.quiet(id);
    await audited(this.#parts, by, { action: 'flow.stop', subject: id });
    this.#tell(id, by);
  }

  async start(id: string, by: Actor): Promise<DeployAnswer> {
    const live = await this.#parts.store.findLive(id);
    if (!live) throw neverDeployed(id);
    const { flow } = await this.revised(id, live.revision);
    const problems = await this.#problemsOf(flow);
    await this.#parts.store.setLive(id, { revision: live.revision, enabled: true });
    const outcome = await this.#run(flow, live.revision, problems);
    await audited(this.#parts, by, { action: 'flow.start', subject: id });
    this.#tell(id, by);
    return outcome;
  }

  /** Stops the flow, if it ever ran, so that a restart leaves it stopped; its messages at rest stay. */
  async quiet(id: string): Promise<void> {
    const live = await this.#parts.store.findLive(id);
    if (!live) return;
    await this.#parts.store.setLive(id, { ...live, enabled: false });
    await this.#parts.host.stop(id);
  }

  /** Whether the flow ended the process again and again: then it is stopped until a person deploys or starts it. */
  async heldBack(id: string): Promise<boolean> {
    const { host, store, log } = this.#parts;
    const blamed = host.blamed(id);
    if (blamed === 0) return false;
    const live = await store.findLive(id);
    if (live) await store.setLive(id, { ...live, enabled: false, blamed });
    await this.rest(id);
    log('error', `the flow ${id} starts stopped: the process ended again and again at its calls (${blamed} dead letters within an hour); deploy or start it when the cause is gone`, { flow: id });
    await audited(this.#parts, { name: 'start' }, { action: 'flow.stop', subject: id, details: `the process ended at calls of ${blamed} messages` });
    this.#tell(id, { name: 'start' });
    return true;
  }

  /** Runs the stored revision again after a start. What fails is told and leaves the other flows alone. */
  async resume(id: string): Promise<void> {
    const live = await this.#parts.store.findLive(id);
    if (!live?.enabled) { await this.rest(id); return; }
    try {
      const { flow } = await this.revised(id, live.revision);
      const { state, problems } = await this.#run(flow, live.revision, await this.#problemsOf(flow));
      for (const { message } of this.ofEarlier(id)) this.#parts.log('warn', `starting the flow ${id}, revision ${live.revision}: ${message.en}`, { flow: id });
      if (state === 'failed') this.#parts.log('error', `starting the flow ${id}, revision ${live.revision}: it failed: ${problems.map((each) => each.message.en).join('; ')}`, { flow: id });
    } catch (error) {
      this.#parts.log('error', `starting the flow ${id}, revision ${live.revision}: ${error instanceof Error ? error.message : String(error)}`, { flow: id, revision: live.revision });
    } finally {
      this.#tell(id, { name: 'start' });
    }
  }

  /** Of a flow that stays stopped: its webhooks are known, whatever its revision is worth. */
  async rest(id: string): Promise<void> {
    const live = await this.#parts.store.findLive(id);
    if (!live) return;
    try {
      await this.#parts.host.know(id, (await this.revised(id, live.revision)).flow);
    } catch (error) {
      this.#parts.log('warn', `reading the stopped flow ${id}, revision ${live.revision}: ${error instanceof Error ? error.message : String(error)}`, { flow: id, revision: live.revision });
    }
  }

  /** The revision that is live by the store, and what the host says of it. */
  async live(id: string): Promise<LiveFlow | undefined> {
    const stored = await this.#parts.store.findLive(id);
    const revised = stored && await this.#find(id, stored.revision);
    const state = stored && this.#stateOf(id, stored);
    return revised && state && { ...revised, state, ...(stored.blamed !== undefined && { reason: endedByCalls(stored.blamed) }) };
  }
  async revised(id: string, revision: number): Promise<Revised> {
    const found = await this.#find(id, revision);
    if (found) return found;
    if ((await this.#parts.store.listRevisions(id, 1)).length === 0) throw notFound(id);
    throw new Failure('revision.not-found', { en: `the flow ${id} has no revision ${revision}`, ru: `у потока ${id} нет ревизии ${revision}` }, { details: { flow: id, revision } });
  }
  /** What keeps runs of a pinned flow from going on as they began: nobody finds that in the document. */
  ofEarlier(id: string): readonly Problem[] { return this.#parts.host.live(id)?.problems.filter(({ code }) => code === 'flow.earlier-revision') ?? []; }
  forget(id: string): void { this.#revised.delete(id); }

  #stateOf(id: string, stored: LiveState): FlowState {
    if (!stored.enabled) return 'stopped';
    return this.#parts.host.live(id)?.state ?? 'failed'; // it should run, and the host does not have it
  }

  /** A revision never changes, so the last one asked for of each flow is kept: lists ask for it again and again. */
  async #find(id: string, revision: number): Promise<Revised | undefined> {
    const known = this.#revised.get(id);
    if (known?.revision === revision) return known;
    const stored = await this.#parts.store.findRevision(id, revision);
    if (!stored) return undefined;
    const { value: flow, problems } = parseFlow(stored.text);
    if (!flow) throw new Failure('flow.invalid', { en: `reading revision ${revision} of the flow ${id}: it cannot be read`, ru: `чтение ревизии ${revision} потока ${id}: её не удаётся прочитать` }, { details: { flow: id, revision }, problems });
    const revised = { revision, text: stored.text, flow };
    this.#revised.set(id, revised);
    return revised;
  }

  async #run(flow: Flow, revision: number, found: readonly Problem[]): Promise<DeployAnswer> {
    const outcome: DeployOutcome = await this.#parts.host.deploy(flow, revision, async (older) => (await this.#find(flow.id, older))?.flow);
    return { ...outcome, revision, problems: united(found, outcome.problems) };
  }

  #tell(id: string, by: Actor): void {
    this.#parts.changes.tell({ kind: 'deploy', id, by: by.name });
  }
}

/** The host finds much that validation found before, some of it under a code of its own. */
function united(found: readonly Problem[], more: readonly Problem[]): readonly Problem[] {
  const keys = ({ code, where, message }: Problem): string[] => [JSON.stringify([code, where.node, where.field, where.wire, where.connection]), JSON.stringify([where.node, message.en])];
  const known = new Set(found.flatMap(keys));
  return [...found, ...more.filter((each) => !keys(each).some((key) => known.has(key)))];
}

const refused = (id: string, problems: readonly Problem[]): Failure => new Failure('flow.invalid', {
  en: `deploying the flow ${id}: ${problems.filter(refusesDeploy).map((each) => each.message.en).join('; ')}; what runs now goes on`,
  ru: `применение потока ${id}: ${problems.filter(refusesDeploy).map((each) => each.message.ru).join('; ')}; то, что работает сейчас, продолжает работать`,
}, { details: { flow: id }, problems });

const neverDeployed = (id: string): Failure => new Failure('flow.never-deployed', { en: `the flow ${id} was never deployed`, ru: `поток ${id} ни разу не применяли` }, { details: { flow: id } });

const endedByCalls = (blamed: number): Text => ({
  en: `The process ended again and again at calls of this flow: ${blamed} messages are dead letters because of it. Look at them, then deploy or start the flow.`,
  ru: `Процесс раз за разом завершался на вызовах этого потока: из-за этого недоставленных сообщений — ${blamed}. Разберитесь с ними, затем примените или запустите поток.`,
});
