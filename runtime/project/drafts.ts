import { Failure } from '../errors.ts';
import { canonicalFlow } from '../flow/canonical.ts';
import type { Flow, Parsed, Problem } from '../flow/flow.ts';
import { flowOf, parseFlow } from '../flow/parse.ts';
import { limits } from '../limits.ts';
import type { Draft } from '../store/store.ts';
import { isFlowId } from './flows-folder.ts';
import { literalSecretsOfFlow } from './literal-secrets.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor } from './project-door.ts';

export interface OpenDraft { readonly draft: Draft; readonly flow: Flow; readonly problems: readonly Problem[] }

/** What a look at a flow's file found. */
export type FileNews = 'same' | 'changed' | 'broken' | 'gone';

/**
 * The flows as people edit them. With a flows folder its files are the truth: the store keeps the version count and the last
 * text that could be read, and flows that have no file there are not shown.
 */
export class Drafts {
  readonly #parts: Parts;
  readonly #inFolder: Set<string> | undefined;
  readonly #broken = new Map<string, readonly Problem[]>();
  readonly #read = new Map<string, { readonly version: number; readonly parsed: Parsed<Flow> }>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#inFolder = parts.folder && new Set();
  }

  /** Ids of all flows, sorted; also of those whose file was never readable. */
  async ids(): Promise<string[]> {
    if (this.#inFolder) return [...this.#inFolder].sort();
    return (await this.#parts.store.listDrafts()).map(({ flow }) => flow);
  }
  brokenFile(id: string): readonly Problem[] | undefined { return this.#broken.get(id); }

  /** The draft, when it can be read. */
  async find(id: string): Promise<OpenDraft | undefined> {
    const draft = await this.#visible(id);
    if (!draft) return undefined;
    const { value: flow, problems } = this.#parse(draft);
    return flow && { draft, flow, problems: this.#broken.get(id) ?? problems };
  }
  /** The same; a `Failure` `flow.not-found`, or `flow.invalid` with the problems when it cannot be read. */
  async get(id: string): Promise<OpenDraft> {
    const found = await this.find(id);
    if (found) return found;
    const draft = await this.#visible(id);
    const problems = this.#broken.get(id) ?? (draft && this.#parse(draft).problems);
    if (!problems) throw notFound(id);
    throw new Failure('flow.invalid', { en: `opening the flow ${id}: it cannot be read`, ru: `открытие потока ${id}: его не удаётся прочитать` }, { details: { flow: id }, problems });
  }

  async save(value: Flow, expected: number, by: Actor): Promise<{ readonly version: number; readonly flow: Flow; readonly problems: readonly Problem[] }> {
    const { flow, problems } = this.#checked(value);
    const text = canonicalFlow(flow);
    await this.follow(flow.id);
    this.refuseBroken(flow.id);
    const stored = await this.#visible(flow.id);
    if (stored?.text === text && stored.version === expected) return { version: expected, flow, problems };
    const version = await this.#keep(flow.id, text, { expected, by });
    await audited(this.#parts, by, { action: 'flow.save', subject: flow.id, details: `version ${version}` });
    this.#tell(flow.id, stored === undefined, { version, by: by.name });
    return { version, flow, problems };
  }

  async remove(id: string, by: Actor): Promise<void> {
    const { store, folder, clock } = this.#parts;
    await this.mustBeRemovable(id);
    await store.deleteDraft(id, by.name, clock.now());
    folder?.removeFlow(id);
    this.#inFolder?.delete(id);
    this.#broken.delete(id);
    await audited(this.#parts, by, { action: 'flow.delete', subject: id });
    this.#tell(id, true, { by: by.name });
  }

  async restore(id: string, by: Actor): Promise<void> {
    const { store, folder } = this.#parts;
    folder?.refuseReadOnly();
    if (this.#inFolder?.has(id)) throw notDeleted(id);
    if (!await store.restoreDraft(id) && !(this.#inFolder && await store.findDraft(id))) throw notDeleted(id);
    const draft = await store.findDraft(id);
    if (folder && draft) folder.write(folder.flowFile(id), draft.text);
    this.#inFolder?.add(id);
    await audited(this.#parts, by, { action: 'flow.restore', subject: id });
    this.#tell(id, true, { by: by.name });
  }

  /** Looks at the flow's file, takes a readable change over as the draft, and says what it found. Without a folder nothing changes by itself. */
  async follow(id: string): Promise<FileNews> {
    const { folder } = this.#parts;
    if (!folder || !this.#inFolder || !isFlowId(id)) return 'same';
    const text = folder.readFlow(id);
    if (text === undefined) return this.#gone(id);
    const isNew = !this.#inFolder.has(id);
    this.#inFolder.add(id);
    const { flow, problems } = this.#readFile(id, text);
    if (!flow) {
      const before = this.#broken.get(id);
      this.#broken.set(id, problems);
      if (JSON.stringify(before) !== JSON.stringify(problems)) this.#tell(id, isNew, {});
      return 'broken';
    }
    const wasBroken = this.#broken.delete(id);
    const version = await this.#takeOver(id, canonicalFlow(flow));
    if (version !== undefined || wasBroken || isNew) this.#tell(id, isNew, version === undefined ? {} : { version });
    return version === undefined ? 'same' : 'changed';
  }

  /** Ends savings that a crash cut off. */
  async recover(): Promise<void> {
    const { folder, store } = this.#parts;
    for (const id of folder?.pendingFlows() ?? []) {
      await folder?.recover(folder.flowFile(id), async (text) => (await store.findDraft(id))?.text === text);
    }
  }

  refuseBroken(id: string): void {
    const problems = this.#broken.get(id);
    if (problems) throw new Failure('flow.file-broken', { en: `the file of flow ${id} was changed on disk and cannot be read`, ru: `файл потока ${id} изменён на диске и не читается` }, { details: { flow: id }, problems });
  }

  async mustExist(id: string): Promise<void> {
    if (!await this.#visible(id) && !this.#broken.has(id)) throw notFound(id);
  }
  /** Throws where a removal would be refused, before anything is stopped for it. */
  async mustBeRemovable(id: string): Promise<void> {
    this.#parts.folder?.refuseReadOnly();
    await this.mustExist(id);
  }

  forget(id: string): void { this.#read.delete(id); }

  async #visible(id: string): Promise<Draft | undefined> {
    return this.#inFolder?.has(id) === false ? undefined : this.#parts.store.findDraft(id);
  }

  #parse(draft: Draft): Parsed<Flow> {
    const known = this.#read.get(draft.flow);
    if (known?.version === draft.version) return known.parsed;
    const parsed = parseFlow(draft.text);
    this.#read.set(draft.flow, { version: draft.version, parsed });
    return parsed;
  }

  #checked(value: Flow): { readonly flow: Flow; readonly problems: readonly Problem[] } {
    const { value: flow, problems } = flowOf(value);
    if (!flow) throw new Failure('flow.invalid', { en: 'saving a flow: the document does not have the form of a flow', ru: 'сохранение потока: документ не имеет формы потока' }, { problems });
    if (flow.id.length > limits.flowIdMax) throw new Failure('flow.id', { en: `saving the flow ${flow.id.slice(0, limits.flowIdMax)}…: the id is longer than ${limits.flowIdMax} characters`, ru: `сохранение потока ${flow.id.slice(0, limits.flowIdMax)}…: id длиннее ${limits.flowIdMax} знаков` });
    refuseLiterals(flow.id, literalSecretsOfFlow(flow, this.#parts.catalog));
    return { flow, problems };
  }

  async #keep(id: string, text: string, { expected, by }: { readonly expected: number; readonly by: Actor }): Promise<number> {
    const { store, folder, clock } = this.#parts;
    // A flow that the store has, but the folder does not, is none to those who look at the folder.
    const hidden = this.#inFolder?.has(id) === false ? (await store.findDraft(id))?.version : undefined;
    let version: number | undefined;
    const keep = async (): Promise<boolean> => {
      const answer = await store.saveDraft(id, { text, expected: expected === 0 ? hidden ?? 0 : expected, by: by.name, at: clock.now() });
      version = 'version' in answer ? answer.version : undefined;
      return version !== undefined;
    };
    if (folder) await folder.replace(folder.flowFile(id), text, keep);
    else await keep();
    if (version === undefined) throw await this.#stale(id);
    this.#inFolder?.add(id);
    return version;
  }

  async #stale(id: string): Promise<Failure> {
    const stored = await this.#visible(id);
    return new Failure('flow.stale', {
      en: stored ? `saving the flow ${id}: ${stored.updatedBy} saved version ${stored.version} after it was opened here` : `saving the flow ${id}: it was deleted after it was opened here`,
      ru: stored ? `сохранение потока ${id}: ${stored.updatedBy} сохранил(а) версию ${stored.version} после того, как поток открыли здесь` : `сохранение потока ${id}: его удалили после того, как открыли здесь`,
    }, { details: { flow: id, version: stored?.version ?? 0, ...(stored && { by: stored.updatedBy, at: stored.updatedAt }) } });
  }

  #readFile(id: string, text: string): { readonly flow?: Flow; readonly problems: readonly Problem[] } {
    const { value: flow, problems } = parseFlow(text);
    if (!flow) return { problems };
    const wrong = [...(flow.id === id ? [] : [otherId(id, flow.id)]), ...literalSecretsOfFlow(flow, this.#parts.catalog)];
    return wrong.length > 0 ? { problems: wrong } : { flow, problems };
  }

  /** The new version, or undefined when the store has the text already. */
  async #takeOver(id: string, text: string): Promise<number | undefined> {
    const { store, clock } = this.#parts;
    await store.restoreDraft(id); // a deleted flow whose file came back
    const stored = await store.findDraft(id);
    if (stored?.text === text) return undefined;
    const saved = await store.saveDraft(id, { text, expected: stored?.version ?? 0, by: 'files', at: clock.now() });
    if ('conflict' in saved) return this.#takeOver(id, text);
    await audited(this.#parts, { name: 'files' }, { action: 'flow.file', subject: id, details: `version ${saved.version}` });
    return saved.version;
  }

  #gone(id: string): FileNews {
    this.#broken.delete(id);
    if (!this.#inFolder?.delete(id)) return 'same';
    this.#tell(id, true, { by: 'files' });
    return 'gone';
  }

  #tell(id: string, listChanged: boolean, more: { readonly version?: number; readonly by?: string }): void {
    this.#parts.changes.tell({ kind: listChanged ? 'flows' : 'flow', id, ...more });
  }
}

export function refuseLiterals(id: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new Failure('secret.literal', { en: `saving the flow ${id}: a secret stands in it as text`, ru: `сохранение потока ${id}: в нём записан сам секрет` }, { details: { flow: id }, problems });
}

export const notFound = (id: string): Failure => new Failure('flow.not-found', { en: `there is no flow ${id}`, ru: `потока ${id} нет` }, { details: { flow: id } });
const notDeleted = (id: string): Failure => new Failure('flow.not-found', { en: `there is no deleted flow ${id}`, ru: `удалённого потока ${id} нет` }, { details: { flow: id } });

const otherId = (folder: string, id: string): Problem => ({
  code: 'flow.id', level: 'error', where: { flow: folder, field: 'id' },
  message: { en: `The flow in the folder ${folder} calls itself ${id}`, ru: `Поток в папке ${folder} называет себя ${id}` },
  fix: { en: 'Give the folder and the flow the same id.', ru: 'Дайте папке и потоку один и тот же id.' },
});
