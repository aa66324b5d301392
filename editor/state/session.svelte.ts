import { SvelteSet } from 'svelte/reactivity';
import type { DeployAnswer, Flow, FlowAnswer, FlowState, Json, Problem } from '../../runtime/api/contract.ts';
import { canonicalJson } from '../../runtime/flow/canonical.ts';
import { diffFlows } from '../../runtime/flow/diff.ts';
import { wireId } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';
import { validateFlow } from '../../runtime/flow/validate.ts';
import { api, ApiError } from '../api/client.ts';
import { changedPlace } from '../model/changed-place.ts';
import type { Edit } from '../model/edit.ts';
import { setConnectionField, setField } from '../model/edits.ts';
import { edited, emptyHistory, redone, undone } from '../model/history.ts';
import type { Done } from '../model/history.ts';
import { sharedWith } from '../model/share.ts';
import type { Catalog } from './catalog.svelte.ts';
import { DraftSaver } from './draft-saver.ts';
import type { SaveState } from './draft-saver.ts';
import { RemovedNodes } from './removed-nodes.svelte.ts';
import { Selection } from './selection.svelte.ts';
import { later, now } from './timing.ts';
import { keepUnsaved, unsavedOf } from './unsaved.ts';

export type Deployment =
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly answer: DeployAnswer }
  | { readonly state: 'failed'; readonly error: ApiError };

/** One open flow: its draft, what is live, and everything a person can do to them. The draft changes by `apply` only. */
export class Session {
  flow: Flow = $state.raw() as Flow;
  live: FlowAnswer['live'] = $state.raw();
  version = $state(0);
  saveState = $state<SaveState>('saved');
  saveError = $state.raw<ApiError>();
  deployment = $state.raw<Deployment>();
  /** What went wrong with a button of a node, shown at the node until it works again. */
  nodeErrors = $state.raw<{ readonly [node: string]: ApiError }>({});
  /** Fields whose text was typed just now, and comes into the draft when the person pauses. */
  readonly #typing = new SvelteSet<object>();
  readonly selection = new Selection();
  readonly removed: RemovedNodes;

  #history = $state.raw(emptyHistory);
  #serverProblems = $state.raw<readonly Problem[]>([]);
  readonly #catalog: Catalog;
  #saver: DraftSaver;

  constructor(answer: FlowAnswer, catalog: Catalog) {
    this.#catalog = catalog;
    this.removed = new RemovedNodes(answer.flow.id);
    this.#saver = this.#openSaver(answer.version);
    this.#take(answer);
    this.#recover(answer);
  }

  /** Whether all that was typed is saved, and why not. */
  readonly progress = $derived<SaveState>(this.#typing.size > 0 && (this.saveState === 'saved' || this.saveState === 'saving') ? 'unsaved' : this.saveState);

  /** Told by a field that waits for a pause: `isBehind` from its first key until the draft has its text. */
  typing(field: object, isBehind: boolean): void {
    if (isBehind) this.#typing.add(field);
    else this.#typing.delete(field);
  }

  get id(): string {
    return this.flow.id;
  }

  readonly #ownProblems = $derived.by(() => validateFlow(this.flow, this.#catalog.info));
  readonly problems = $derived([...this.#ownProblems, ...this.#serverProblems.filter((problem) => !this.#ownProblems.some((own) => sameProblem(own, problem)))]);
  readonly problemsByNode = $derived(Map.groupBy(this.problems.filter((problem) => problem.where.node !== undefined), (problem) => problem.where.node ?? ''));
  readonly problemsByWire = $derived(Map.groupBy(this.problems.filter((problem) => problem.where.wire !== undefined), (problem) => problem.where.wire ?? ''));

  /** What a deploy would change; undefined while nothing is live. */
  readonly diff = $derived(this.live && diffFlows(this.live.flow, this.flow));
  readonly changedNodes = $derived<ReadonlySet<string>>(new Set(this.diff ? [...this.diff.nodes.added, ...this.diff.nodes.changed] : Object.keys(this.flow.nodes)));
  readonly changedWires = $derived<ReadonlySet<string>>(new Set(this.diff ? [...this.diff.wires.added, ...this.diff.wires.changed] : this.flow.wires.map(wireId)));
  /** Changes that a deploy brings, removals and settings included. */
  readonly changes = $derived(
    this.changedNodes.size + this.changedWires.size + (this.diff ? this.diff.nodes.removed.length + this.diff.wires.removed.length + Number(this.diff.settings) : 0),
  );
  readonly state = $derived<FlowState | 'draft'>(this.live?.state ?? 'draft');

  readonly canUndo = $derived(this.#history.past.length > 0);
  readonly canRedo = $derived(this.#history.future.length > 0);

  /** Changes the draft. Edits with the same gesture that follow closely are undone as one. */
  apply(edit: Edit, gesture?: string): void {
    this.#become(edited(this.flow, this.#history, edit, { at: now(), gesture }));
  }

  undo(): void {
    this.#become(undone(this.flow, this.#history));
  }

  redo(): void {
    this.#become(redone(this.flow, this.#history));
  }

  /** What is known of a node type. */
  infoOf(type: string): NodeInfo | undefined { return this.#catalog.node(type); }

  /** Sets a field of a node as the inspector does: typing in one place is one step, adding an item to a list or removing it another, and a connection is declared in `uses`. */
  setField(node: string, field: string, value: Parameters<typeof setField>[2]): void {
    const info = this.#catalog.node(this.flow.nodes[node]?.type ?? '')?.config[field];
    const connection = info?.kind === 'connection' && (typeof value === 'string' || value === undefined) ? info.connection : undefined;
    const edit = connection === undefined ? setField(node, field, value) : setConnectionField(this.flow, { node, field, type: connection }, value as string | undefined);
    this.apply(edit, changedPlace(this.flow.nodes[node]?.config[field], value, `field ${node}.${field}`));
  }

  /** Saves what is not saved yet. False when that failed; `saveState` says why. */
  save(): Promise<boolean> {
    return this.#saver.flush();
  }

  async deploy(): Promise<void> {
    this.deployment = { state: 'running' };
    if (!(await this.save())) {
      // A stale draft asks for a choice of its own.
      this.deployment = this.saveError && { state: 'failed', error: this.saveError };
      return;
    }
    await this.#deployed(api.deploy(this.id, this.version));
  }

  /** At once, unless that would park messages or some nodes would not run. Then nothing has happened, and the answer is false. */
  async deployUnlessItHarms(): Promise<boolean> {
    if (this.deployment?.state === 'running') return true;
    this.deployment = { state: 'running' };
    try {
      const preview = (await this.save()) ? await api.previewDeploy(this.id, this.version) : undefined;
      if (preview && (preview.parks.length > 0 || preview.problems.some(({ level }) => level === 'error'))) {
        this.deployment = undefined;
        return false;
      }
      await this.deploy();
    } catch (error) {
      this.deployment = { state: 'failed', error: asApiError(error) };
    }
    return true;
  }

  /** Makes an earlier revision live again; the draft stays. */
  async rollBack(revision: number): Promise<void> {
    this.deployment = { state: 'running' };
    await this.#deployed(api.rollBack(this.id, revision));
  }

  async start(): Promise<void> {
    this.deployment = { state: 'running' };
    await this.#deployed(api.start(this.id));
  }

  async stop(): Promise<void> {
    try {
      await api.stop(this.id);
      await this.reloadLive();
    } catch (error) {
      this.deployment = { state: 'failed', error: asApiError(error) };
    }
  }

  /** Presses the button of a node. */
  async inject(node: string, body?: { readonly [key: string]: Json }): Promise<void> {
    try {
      await api.inject(this.id, node, body === undefined ? {} : { body });
      const { [node]: _, ...others } = this.nodeErrors;
      this.nodeErrors = others;
    } catch (error) {
      this.nodeErrors = { ...this.nodeErrors, [node]: asApiError(error) };
    }
  }

  /** After news from elsewhere: what is live is read again, and the draft too where nothing here would be lost. */
  async refresh(version: number | undefined): Promise<void> {
    if (version === undefined || version <= this.version || !this.#saver.isIdle) return this.reloadLive();
    const answer = await api.getFlow(this.id);
    if (this.#saver.isIdle && answer.version > this.version) this.#take(answer);
  }

  async reloadLive(): Promise<void> {
    const answer = await api.getFlow(this.id);
    this.live = answer.live;
    if (answer.version === this.version) this.#serverProblems = answer.problems;
  }

  /** A stale draft gives way to the stored one. */
  async openTheirs(): Promise<void> {
    const answer = await api.getFlow(this.id);
    this.#saver.resolve(answer.version, false);
    this.#take(answer);
  }

  /** A stale draft takes the place of the stored one. */
  async overwriteTheirs(): Promise<void> {
    const answer = await api.getFlow(this.id);
    this.live = answer.live;
    this.version = answer.version;
    this.#saver.resolve(answer.version, true);
  }

  close(): void {
    this.#saver.close();
  }

  async #deployed(asked: Promise<DeployAnswer>): Promise<void> {
    try {
      const answer = await asked;
      await this.reloadLive();
      this.deployment = { state: 'done', answer };
    } catch (error) {
      this.deployment = { state: 'failed', error: asApiError(error) };
    }
  }

  #become(done: Done | undefined): void {
    if (!done || done.flow === this.flow) return;
    this.flow = done.flow;
    this.#history = done.history;
    this.selection.prune(done.flow.nodes, new Set(done.flow.wires.map(wireId)));
    this.#saver.note(done.flow);
  }

  #take(answer: FlowAnswer): void {
    this.live = answer.live;
    this.flow = answer.live ? sharedWith(answer.live.flow, answer.flow) : answer.flow;
    this.version = answer.version;
    this.#saver.version = answer.version;
    this.#serverProblems = answer.problems;
    this.#history = emptyHistory;
    this.selection.prune(this.flow.nodes, new Set(this.flow.wires.map(wireId)));
  }

  // What this tab had not saved when it was reloaded.
  #recover(answer: FlowAnswer): void {
    const unsaved = unsavedOf(answer.flow.id);
    if (!unsaved || canonicalJson(unsaved.flow) === canonicalJson(answer.flow)) return keepUnsaved(answer.flow.id, undefined);
    this.flow = unsaved.flow;
    if (unsaved.version === answer.version) this.#saver.note(unsaved.flow);
    else this.#saver.hold(unsaved.flow);
  }

  #openSaver(version: number): DraftSaver {
    return new DraftSaver(version, {
      save: (flow, expected) => api.saveFlow(flow, expected),
      later,
      keep: (unsaved) => keepUnsaved(this.flow.id, unsaved),
      onState: (state, error) => {
        this.saveState = state;
        this.saveError = error;
      },
      onSaved: (flow, answer) => {
        this.version = answer.version;
        const own = validateFlow(flow, this.#catalog.info);
        this.#serverProblems = answer.problems.filter((problem) => !own.some((each) => sameProblem(each, problem)));
      },
    });
  }
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}

const sameProblem = (a: Problem, b: Problem): boolean =>
  a.code === b.code && a.where.node === b.where.node && a.where.field === b.where.field && a.where.wire === b.where.wire && a.where.connection === b.where.connection;
