import { fileURLToPath } from 'node:url';
import type { ConnectionList, DeployAnswer, DeployPreview, EnvList, FlowAnswer, FlowList, FlowSummary, ImportAnswer, ImportRequest, RunDetail, RunList, SaveAnswer, SecretList, TestAnswer } from '../api/contract.ts';
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { ConnectionDocument, ConnectionsDocument, Flow, Json, Problem } from '../flow/flow.ts';
import type { CatalogInfo } from '../flow/node-info.ts';
import { flowOf } from '../flow/parse.ts';
import { validateFlow, type ValidationContext } from '../flow/validate.ts';
import type { FlowHost, ProjectValues } from '../host.ts';
import { limits } from '../limits.ts';
import type { AuditEntry, Store } from '../store/store.ts';
import { AuditLog } from './audit-log.ts';
import { Changes, type Change } from './changes.ts';
import { Connections } from './connections.ts';
import { Deploys } from './deploys.ts';
import { Drafts } from './drafts.ts';
import { Files } from './files.ts';
import { FlowsFolder } from './flows-folder.ts';
import { History, type RunListQuery } from './history.ts';
import { exportText, importText, type Transfer } from './import-export.ts';
import type { Log } from './log.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor, ProjectDoor } from './project-door.ts';
import { isUntouched, seedExamples } from './seed.ts';
import { Secrets } from './secrets.ts';
import { Serial } from './serial.ts';
import { connectionUsers, secretUsers } from './used-by.ts';
import { StoredValues } from './values.ts';
import type { Vault } from './vault.ts';

export interface ProjectOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly host: FlowHost;
  readonly catalog: CatalogInfo;
  readonly clock: Clock;
  readonly log: Log;
  /** Made before the host, which asks it for values; the project makes its own when there is none. */
  readonly values?: StoredValues;
  /** Made before the host, which feeds it. */
  readonly history?: History;
  /** What of the code in a flow cannot be read. */
  readonly codeProblems?: (flow: Flow) => Promise<readonly Problem[]>;
  /** `--flows`: the files there are the truth. */
  readonly flowsDir?: string;
  /** Headless: every flow of `flowsDir` runs. */
  readonly autoDeploy?: boolean;
  /** Where the shipped examples stand; null for none. */
  readonly examplesDir?: string | null;
  /** Nothing is run: for commands that only read or write documents. */
  readonly documentsOnly?: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const EXAMPLES = fileURLToPath(new URL('../../flows', import.meta.url));

/** The project's documents and what people do with them. `open` before use; the store, the vault and the host are the caller's to close. */
export class Project implements ProjectDoor, ProjectValues {
  readonly #o: ProjectOptions;
  readonly #parts: Parts;
  readonly #drafts: Drafts;
  readonly #deploys: Deploys;
  readonly #connections: Connections;
  readonly #secrets: Secrets;
  readonly #history: History;
  readonly #files: Files | undefined;
  #cancelTidy: () => void = () => undefined;
  #tidying: Promise<void> = Promise.resolve();

  constructor(options: ProjectOptions) {
    const { store, vault, host, catalog, clock, log, flowsDir } = options;
    const folder = flowsDir === undefined ? undefined : new FlowsFolder(flowsDir);
    this.#o = options;
    this.#parts = { store, vault, host, catalog, clock, log, folder, values: options.values ?? new StoredValues({ store, vault }), changes: new Changes(), audit: new AuditLog({ store, clock, log }), serial: new Serial() };
    this.#connections = new Connections(this.#parts);
    this.#drafts = new Drafts(this.#parts);
    this.#deploys = new Deploys(this.#parts, (flow) => this.#problemsOf(flow));
    this.#secrets = new Secrets(this.#parts, this.#connections);
    this.#history = options.history ?? new History({ store, clock, log });
    this.#files = folder && new Files({ parts: this.#parts, folder, drafts: this.#drafts, deploys: this.#deploys, connections: this.#connections, autoDeploy: options.autoDeploy ?? false });
  }

  get flowsDir(): string | undefined { return this.#parts.folder?.dir; }
  get readOnly(): boolean { return this.#parts.folder?.readOnly ?? false; }

  /** Takes over the files, runs every live flow again, and fills an untouched project with the examples. A flow that fails never stops the others. */
  async open(): Promise<void> {
    await this.#parts.values.load();
    const changed = await this.#files?.open() ?? new Set<string>();
    if (this.#o.documentsOnly) return;
    const ids = await this.#drafts.ids();
    await Promise.all(ids.map((id) => this.#parts.serial.run(id, () => this.#resume(id, changed.has(id)))));
    const { examplesDir = EXAMPLES } = this.#o;
    if (!this.#files && examplesDir !== null && await isUntouched(this.#parts.store)) {
      await seedExamples({ examplesDir, connections: this.#connections, project: this, log: this.#parts.log });
    }
    this.#files?.watch();
    this.#tidyLater();
  }

  async #resume(id: string, fileChanged: boolean): Promise<void> {
    if (await this.#deploys.heldBack(id)) return;
    const live = await this.#parts.store.findLive(id);
    const fromFile = this.#o.autoDeploy === true || (fileChanged && live?.enabled === true);
    if (this.#files && fromFile && await this.#files.deploy(id)) return;
    await this.#deploys.resume(id);
  }

  async close(): Promise<void> {
    this.#cancelTidy();
    await this.#tidying;
    this.#cancelTidy();
    await this.#files?.close();
    await this.#parts.audit.close();
  }

  // Flows

  async listFlows(): Promise<FlowList> {
    const context = await this.#context();
    const flows = await Promise.all((await this.#drafts.ids()).map((id) => this.#summary(id, context)));
    return { flows };
  }

  async #summary(id: string, context: ValidationContext): Promise<FlowSummary> {
    const open = await this.#drafts.find(id);
    const live = await this.#deploys.live(id);
    const problems = [...this.#drafts.brokenFile(id) ?? open?.problems ?? [], ...(open ? [...this.#settingProblems(open.flow, context), ...await this.#codeProblems(open.flow)] : [])];
    return {
      id, name: open?.flow.name ?? id, delivery: open?.flow.delivery ?? 'durable', version: open?.draft.version ?? 0, updatedAt: open?.draft.updatedAt ?? 0,
      ...(live && { live: { revision: live.revision, state: live.state, ...(live.reason && { reason: live.reason }) } }),
      changed: open !== undefined && live !== undefined && live.text !== open.draft.text,
      problems: problems.filter(({ level }) => level === 'error').length,
      deadLetters: this.#parts.host.deadLetterCount(id),
      entries: Object.entries(open?.flow.nodes ?? {}).flatMap(([node, { type }]) => (this.#parts.catalog.nodes[type]?.entry ? [node] : [])),
    };
  }

  async getFlow(id: string): Promise<FlowAnswer> {
    const { draft, flow, problems } = await this.#drafts.get(id);
    const live = await this.#deploys.live(id);
    return {
      flow, version: draft.version, problems: [...problems, ...await this.#problemsOf(flow), ...this.#deploys.ofEarlier(id)],
      ...(live && { live: { revision: live.revision, state: live.state, flow: live.flow, ...(live.reason && { reason: live.reason }) } }),
    };
  }

  async withOnly(id: string, node: string, document: object): Promise<Flow> {
    const { flow } = await this.#drafts.get(id);
    const { value, problems } = flowOf({ ...flow, nodes: { [node]: document }, wires: [], layout: {} });
    const found = [...problems, ...value ? this.#settingProblems(value, await this.#context()) : []].filter(({ level, where }) => level === 'error' && (value === undefined || where.node === node));
    if (value && found.length === 0) return value;
    throw new Failure('flow.invalid', {
      en: `reading node ${node} of the flow ${id}: ${found.map(({ message }) => message.en).join('; ')}`,
      ru: `чтение узла ${node} потока ${id}: ${found.map(({ message }) => message.ru).join('; ')}`,
    }, { details: { flow: id, node }, problems: found });
  }

  async saveFlow(flow: Flow, expected: number, by: Actor): Promise<SaveAnswer> {
    const saved = await this.#parts.serial.run(String(flow?.id), () => this.#drafts.save(flow, expected, by));
    return { version: saved.version, problems: [...saved.problems, ...await this.#problemsOf(saved.flow), ...this.#deploys.ofEarlier(saved.flow.id)] };
  }

  /** Kept for 30 days, stopped, with the messages that rest in it. */
  deleteFlow(id: string, by: Actor): Promise<void> {
    return this.#parts.serial.run(id, async () => {
      await this.#drafts.mustBeRemovable(id);
      await this.#deploys.quiet(id);
      await this.#drafts.remove(id, by);
      await this.#parts.host.know(id, undefined);
    });
  }
  /** Comes back stopped. */
  restoreFlow(id: string, by: Actor): Promise<void> {
    return this.#parts.serial.run(id, async () => {
      await this.#drafts.restore(id, by);
      await this.#deploys.rest(id);
    });
  }

  deploy(id: string, version: number, by: Actor): Promise<DeployAnswer> {
    return this.#parts.serial.run(id, async () => {
      const { flow, text } = await this.#draftOf(id, version);
      return this.#deploys.deploy(flow, text, by);
    });
  }
  previewDeploy(id: string, version: number): Promise<DeployPreview> {
    return this.#parts.serial.run(id, async () => this.#deploys.preview((await this.#draftOf(id, version)).flow));
  }
  /** The draft, if it still is the version that somebody saw. */
  async #draftOf(id: string, version: number): Promise<{ readonly flow: Flow; readonly text: string }> {
    await this.#drafts.follow(id);
    const { draft, flow } = await this.#drafts.get(id);
    this.#drafts.refuseBroken(id);
    if (draft.version === version) return { flow, text: draft.text };
    throw new Failure('flow.stale', {
      en: `deploying the flow ${id}: version ${version} was asked for, ${draft.updatedBy} saved version ${draft.version} since`,
      ru: `применение потока ${id}: запрошена версия ${version}, но с тех пор ${draft.updatedBy} сохранил(а) версию ${draft.version}`,
    }, { details: { flow: id, version: draft.version, by: draft.updatedBy, at: draft.updatedAt } });
  }
  stop(id: string, by: Actor): Promise<void> {
    return this.#onExisting(id, () => this.#deploys.stop(id, by));
  }
  start(id: string, by: Actor): Promise<DeployAnswer> {
    return this.#onExisting(id, () => this.#deploys.start(id, by));
  }
  previewRollback(id: string, revision: number): Promise<DeployPreview> {
    return this.#onExisting(id, async () => this.#deploys.preview((await this.#deploys.revised(id, revision)).flow));
  }
  rollback(id: string, revision: number, by: Actor): Promise<DeployAnswer> {
    return this.#onExisting(id, () => this.#deploys.rollback(id, revision, by));
  }
  async revisions(id: string): ReturnType<ProjectDoor['revisions']> {
    await this.#drafts.mustExist(id);
    return this.#parts.store.listRevisions(id, limits.revisionsListed);
  }
  async getRevision(id: string, revision: number): Promise<Flow> {
    await this.#drafts.mustExist(id);
    return (await this.#deploys.revised(id, revision)).flow;
  }
  #onExisting<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#parts.serial.run(id, async () => {
      await this.#drafts.mustExist(id);
      return work();
    });
  }

  // Connections, secrets, environment

  async listConnections(): Promise<ConnectionList> {
    const { env, secrets } = await this.#names();
    return { connections: await this.#connections.list(connectionUsers(await this.#allFlows()), { env, secrets }) };
  }
  saveConnection(...[name, document, expected, by]: Parameters<ProjectDoor['saveConnection']>): ReturnType<ProjectDoor['saveConnection']> {
    return this.#connections.save(name, document, { expected, by });
  }
  deleteConnection(name: string, by: Actor): Promise<void> {
    return this.#connections.remove(name, by);
  }
  testConnection(name: string, document?: ConnectionDocument): Promise<TestAnswer> {
    return this.#connections.test(name, document);
  }

  async listSecrets(): Promise<SecretList> {
    return this.#secrets.list(secretUsers(await this.#allFlows(), await this.#connections.documents()));
  }
  saveSecret(name: string, value: string, by: Actor): Promise<void> { return this.#secrets.save(name, value, by); }
  deleteSecret(name: string, by: Actor): Promise<void> { return this.#secrets.remove(name, by); }
  listEnv(): Promise<EnvList> { return this.#secrets.listEnv(); }
  saveEnv(name: string, value: Json, by: Actor): Promise<void> { return this.#secrets.saveEnv(name, value, by); }
  deleteEnv(name: string, by: Actor): Promise<void> { return this.#secrets.removeEnv(name, by); }

  env(name: string): Json | undefined { return this.#parts.values.env(name); }
  secret(name: string): Promise<string | undefined> { return this.#parts.values.secret(name); }
  connection(name: string): Promise<ConnectionDocument | undefined> { return this.#parts.values.connection(name); }
  stamp(): number { return this.#parts.values.stamp(); }
  conceal(text: string, most?: number): string { return this.#parts.values.conceal(text, most); }

  // Import, export, history

  import(request: ImportRequest, by: Actor): Promise<ImportAnswer> {
    return importText(this.#transfer(), request, by);
  }
  export(ids: readonly string[]): Promise<string> {
    return exportText(this.#transfer(), ids);
  }
  #transfer(): Transfer {
    return { parts: this.#parts, drafts: this.#drafts, connections: this.#connections, problemsOf: (flow, bring) => this.#problemsOf(flow, bring) };
  }

  listRuns(query: RunListQuery): Promise<RunList> {
    return this.#history.list(query, this.#parts.host);
  }
  findRun(id: string): Promise<RunDetail> {
    return this.#history.find(id, this.#parts.host);
  }
  audited(by: Actor, what: { readonly action: string; readonly subject: string; readonly details?: string }): Promise<void> {
    return audited(this.#parts, by, what);
  }
  audit(limit: number, before?: number): Promise<readonly AuditEntry[]> {
    return this.#parts.store.listAudit(Math.max(1, Math.min(limit, limits.pageSizeMax)), before);
  }
  onChange(listener: (what: Change) => void): () => void {
    return this.#parts.changes.on(listener);
  }

  // What several of them need

  async #problemsOf(flow: Flow, bring: ConnectionsDocument = {}): Promise<readonly Problem[]> {
    const context = await this.#context();
    return [...this.#settingProblems(flow, { ...context, connections: { ...bring, ...context.connections } }), ...await this.#codeProblems(flow)];
  }
  #settingProblems(flow: Flow, context: ValidationContext): readonly Problem[] {
    return validateFlow(flow, this.#parts.catalog, context);
  }
  async #codeProblems(flow: Flow): Promise<readonly Problem[]> {
    return await this.#o.codeProblems?.(flow) ?? [];
  }
  async #context(): Promise<ValidationContext> {
    return { ...await this.#names(), connections: await this.#connections.documents() };
  }
  async #names(): Promise<{ readonly env: readonly string[]; readonly secrets: readonly string[] }> {
    const secrets = await this.#parts.store.listSecrets();
    return { env: this.#parts.values.envNames(), secrets: secrets.map(({ name }) => name) };
  }
  /** Drafts and what is live: a connection is in use by either. */
  async #allFlows(): Promise<Flow[]> {
    const found = await Promise.all((await this.#drafts.ids()).map(async (id) => [(await this.#drafts.find(id))?.flow, (await this.#deploys.live(id))?.flow]));
    return found.flat().filter((flow): flow is Flow => flow !== undefined);
  }

  #tidyLater(): void {
    this.#cancelTidy = this.#parts.clock.after(limits.historyPruneMs, () => {
      this.#tidying = this.tidy().finally(() => this.#tidyLater());
    });
  }
  /** Forgets what has been kept long enough: old runs, old audit entries, flows deleted 30 days ago with what rests in them. */
  async tidy(): Promise<void> {
    const { store, host, clock, log, serial } = this.#parts;
    await this.#history.prune();
    try {
      const before = clock.now() - limits.deletedKeptMs;
      for (const { flow } of (await store.listDeletedDrafts()).filter(({ deletedAt }) => deletedAt < before)) {
        await serial.run(flow, async () => {
          const { pending, deadLetters } = await host.remove(flow);
          await audited(this.#parts, { name: 'millrace' }, { action: 'flow.forget', subject: flow, details: `deleted ${limits.deletedKeptMs / DAY_MS} days ago; with ${pending} pending messages and ${deadLetters} dead letters` });
          await store.forgetDeletedDraft(flow);
          this.#drafts.forget(flow);
          this.#deploys.forget(flow);
        });
      }
    } catch (error) {
      log('error', `forgetting deleted flows: ${error instanceof Error ? error.message : String(error)}; will be tried again`);
    }
  }
}
