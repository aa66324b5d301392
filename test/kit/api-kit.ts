import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDoor, type Door } from '../../runtime/api/server.ts';
import type { ApiOptions, ApiServer } from '../../runtime/api/route.ts';
import type { DeadLetter, DeadLetterAnswer, DeadLetterDetail, DeployAnswer, DeployEffects, Flow, FlowNode, FlowSummary, HeldKey, LastMessages, LiveCounters, RunDetail, RunStep, TryAnswer } from '../../runtime/api/contract.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Contexts } from '../../runtime/driver/contexts.ts';
import { States } from '../../runtime/driver/states.ts';
import { Failure } from '../../runtime/errors.ts';
import type { DeadLetterDoor, FlowHost } from '../../runtime/host.ts';
import { Observers } from '../../runtime/observe.ts';
import type { ProjectDoor } from '../../runtime/project/project-door.ts';
import { systemRandom } from '../../runtime/random.ts';
import { VirtualTime } from './virtual-time.ts';

/** An API on a port of its own over a project and host of a few lines, so that its tests need no engine. */

export interface Answer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly bytes: Buffer; readonly text: string; readonly json: unknown }
export interface Ask { readonly method?: string; readonly path: string; readonly headers?: { readonly [name: string]: string }; readonly body?: unknown; readonly raw?: string | Buffer }

export const sampleFlow = (id = 'lead'): Flow => ({ format: 'millrace.flow/1', id, name: id, delivery: 'durable', nodes: {}, wires: [], layout: {} });
const EFFECTS: DeployEffects = { started: [], restarted: [], stopped: [], kept: [], moves: [], parks: [] };
const NO_DEPLOY: DeployAnswer = { ...EFFECTS, revision: 1, state: 'live', problems: [] };

/** The value of a secret of the project. */
export const HIDDEN = 'hunter-two';

type Change = Parameters<Parameters<ProjectDoor['onChange']>[0]>[0];

/** Keeps drafts and values in maps; everything else answers something fixed. Tests look at `calls`. */
export class FakeProject {
  readonly drafts = new Map<string, { flow: Flow; version: number }>();
  readonly secrets = new Map<string, string>();
  readonly runs = new Map<string, RunDetail>();
  readonly calls: unknown[][] = [];
  /** Of what was audited. */
  readonly details: string[] = [];
  readonly listeners = new Set<(change: Change) => void>();
  /** Thrown by `listFlows`. */
  breaks: Error | undefined;

  change(change: Change): void { for (const listener of this.listeners) listener(change); }

  door(): ProjectDoor {
    const note = (...call: unknown[]): void => { this.calls.push(call); };
    return {
      listFlows: async () => { if (this.breaks) throw this.breaks; return { flows: [...this.drafts.values()].map(({ flow, version }) => summary(flow, version)) }; },
      getFlow: async (id) => ({ ...this.#draft(id), problems: [] }),
      withOnly: async (id, node, document) => ({ ...this.#draft(id).flow, nodes: { [node]: document as FlowNode } }),
      saveFlow: async (flow, expected, by) => this.#save(flow, expected, by.name),
      deleteFlow: async (id) => { this.#draft(id); this.drafts.delete(id); },
      restoreFlow: async (id) => { note('restore', id); },
      deploy: async (id, version) => { note('deploy', id, version); return NO_DEPLOY; },
      previewDeploy: async (id, version) => { note('previewDeploy', id, version); return { ...EFFECTS, problems: [], refused: false }; },
      stop: async (id) => { note('stop', id); }, start: async (id) => { note('start', id); return NO_DEPLOY; },
      revisions: async () => [{ revision: 1, at: 5, by: 'local' }], getRevision: async (id) => this.#draft(id).flow,
      previewRollback: async (id, revision) => { note('previewRollback', id, revision); return { ...EFFECTS, problems: [], refused: false }; },
      rollback: async (id, revision) => { note('rollback', id, revision); return NO_DEPLOY; },
      listConnections: async () => ({ connections: [] }),
      saveConnection: async (name, document, expected) => { note('saveConnection', name, document, expected); return { version: expected + 1 }; },
      deleteConnection: async (name) => { note('deleteConnection', name); },
      testConnection: async (name, document) => { note('testConnection', name, document); return { ok: true, message: { en: 'works', ru: 'работает' }, ms: 3 }; },
      listSecrets: async () => ({ secrets: [...this.secrets.keys()].map((name) => ({ name, updatedAt: 0, usedBy: [] })) }),
      saveSecret: async (name, value) => { this.secrets.set(name, value); }, deleteSecret: async (name) => { this.secrets.delete(name); },
      conceal: (text, most) => text.slice(0, most).replaceAll(HIDDEN, '•••'),
      listEnv: async () => ({ env: [] }), saveEnv: async (name, value) => { note('saveEnv', name, value); }, deleteEnv: async (name) => { note('deleteEnv', name); },
      import: async (request) => { note('import', request); return { kind: 'unknown', flows: [], missing: [], problems: [], saved: [] }; },
      export: async (ids) => `${ids.join(',')}\n`,
      listRuns: async (query) => { note('listRuns', query); return { runs: [], counts: { pending: 0, completed: 0, dropped: 0, deadLettered: 0, discarded: 0 }, morePending: false }; },
      findRun: async (id) => {
        const run = this.runs.get(id);
        if (!run) throw new Failure('run.not-found', { en: `run ${id}: nothing is kept of it`, ru: `запуск ${id}: о нём ничего не хранится` });
        return run;
      },
      audited: async (by, what) => {
        note('audited', by.name, what.action, what.subject);
        this.details.push(what.details ?? '');
      },
      audit: async (limit, before) => { note('audit', limit, before); return [{ at: 1, by: 'local', action: 'flow.save', subject: 'lead' }]; },
      onChange: (listener) => { this.listeners.add(listener); return () => { this.listeners.delete(listener); }; },
      close: async () => undefined,
    };
  }

  #draft(id: string): { flow: Flow; version: number } {
    const draft = this.drafts.get(id);
    if (!draft) throw new Failure('flow.not-found', { en: `looking for flow ${id}: there is none`, ru: `поиск потока ${id}: его нет` });
    return draft;
  }

  #save(flow: Flow, expected: number, by: string): { version: number; problems: [] } {
    const stored = this.drafts.get(flow.id)?.version ?? 0;
    if (stored !== expected) throw new Failure('flow.stale', { en: `saving flow ${flow.id}: version ${stored} is newer`, ru: `сохранение потока ${flow.id}: версия ${stored} новее` }, { details: { version: stored } });
    this.drafts.set(flow.id, { flow, version: stored + 1 });
    this.calls.push(['saveFlow', flow.id, by]);
    return { version: stored + 1, problems: [] };
  }
}

const summary = (flow: Flow, version: number): FlowSummary => ({ id: flow.id, name: flow.name, delivery: flow.delivery, version, updatedAt: 0, changed: true, problems: 0, deadLetters: 0, entries: [] });

/** Has what a test puts into it. */
export class FakeHost {
  readonly counts = new Map<string, LiveCounters>();
  readonly injected: unknown[][] = [];
  last: LastMessages = { outputs: {} };
  tried: TryAnswer = { outcome: 'done', input: { body: {}, truncated: false }, outputs: {}, logs: [], writes: [], ms: 1 };
  dead: readonly DeadLetter[] = [];
  held: readonly HeldKey[] = [];
  freed: DeadLetterAnswer = { done: 1, refused: [] };
  dryPath: readonly RunStep[] = [];
  readonly cancelled: string[] = [];
  readonly asked: unknown[][] = [];
  health: ReturnType<FlowHost['journal']> = { state: 'well' };
  stored: ReturnType<FlowHost['store']> = { state: 'well' };
  /** Context that is not on disk. */
  readonly states = new States({ context: async () => [], commit: async () => ({ ended: [] }) }, { now: () => 7 });
  injectFails: Error | undefined;
  countersFail: string | undefined;
  /** Serves `/hook/…`. */
  hook: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => { response.writeHead(202).end('accepted'); };

  setCounters(flow: string, done: number): void {
    this.counts.set(flow, { flow, at: done, nodes: { a: { done, failed: 0, working: 0, waiting: 0, held: 0, deadLetters: 0, perSecond: 0 } }, wires: {}, connections: {} });
  }

  door(): FlowHost {
    return {
      deploy: async () => ({ ...EFFECTS, state: 'live', problems: [] }), preview: async () => EFFECTS, stop: async () => undefined, know: async () => undefined, remove: async () => ({ pending: 0, deadLetters: 0 }),
      live: (flow) => (this.counts.has(flow) ? { revision: 1, state: 'live', problems: [] } : undefined),
      inject: async (...call) => { if (this.injectFails) throw this.injectFails; this.injected.push(call); return { runId: 'run-1' }; },
      tryNode: async (...call) => { this.asked.push(['try', ...call]); return this.tried; },
      counters: (flow) => { const counters = this.counts.get(flow); if (!counters || flow === this.countersFail) throw new Error(`no counters of ${flow}`); return counters; },
      lastMessages: () => this.last,
      pendingRuns: async () => ({ runs: [], total: 0, more: false }), pathOf: async () => ({ steps: [], pending: [] }),
      replays: {
        one: async (run, request) => { this.asked.push(['replay', run, request]); return { runs: ['run-2'], refused: [], more: false, ...(request.mode === 'dry-run' && { steps: this.dryPath }) }; },
        many: async (query, request) => { this.asked.push(['replay', query, request]); return { runs: ['run-2', 'run-3'], refused: [], more: false }; },
      },
      context: new Contexts({ states: this.states }), letters: this.letters(), cancelRun: async (run) => { this.cancelled.push(run); return { discarded: 1 }; }, deadLetterCount: () => 0,
      journal: () => this.health, store: () => this.stored, blamed: () => 0, connectionChanged: async () => undefined, connectionState: () => ({ state: 'unused' }),
      tryConnection: async (name) => { this.asked.push(['tryConnection', name]); return { state: 'open' }; }, testConnection: async () => ({ ok: true, message: { en: '', ru: '' }, ms: 0 }),
      serveHooks: (server: Server, otherwise) => {
        server.on('request', (request, response) => {
          if (request.url?.startsWith('/hook/')) this.hook(request, response);
          else (otherwise as (a: unknown, b: unknown) => void)(request, response);
        });
      },
      shutdown: async () => undefined,
    };
  }

  letters(): DeadLetterDoor {
    const find = (id: string): DeadLetterDetail => {
      const letter = this.dead.find((each) => each.id === id);
      if (!letter) throw new Failure('dead-letter.not-found', { en: `dead letter ${id}: it is not there`, ru: `недоставленное ${id}: его нет` });
      return { ...letter, receivedAt: 1, details: {}, truncated: false };
    };
    return {
      list: async () => ({ deadLetters: this.dead, total: this.dead.length }), find: async (id) => find(id),
      edit: async (id, body) => { this.dead = this.dead.map((letter) => (letter.id === find(id).id ? { ...letter, edited: true, body } : letter)); },
      resend: async (request) => { this.asked.push(['resend', request]); return { done: 1, refused: [] }; },
      discard: async (selection) => { this.asked.push(['discard', selection]); return { done: 1, refused: [] }; },
      heldKeys: async () => this.held, freeKey: async (flow, request) => { this.asked.push(['free', flow, request]); return this.freed; },
    };
  }
}

export class ApiKit {
  readonly project = new FakeProject();
  readonly host = new FakeHost();
  readonly observers = new Observers();
  readonly logged: { readonly details: object; readonly text: string }[] = [];
  isReady = true;
  readonly door: Door = createDoor();
  readonly #options: ApiOptions;
  #api: ApiServer | undefined;

  constructor(options: { readonly clock?: Clock; readonly editorDir?: string } = {}) {
    const note = (details: object, text: string): void => { this.logged.push({ details, text }); };
    this.#options = {
      project: this.project.door(), host: this.host.door(), observers: this.observers, random: systemRandom,
      clock: options.clock ?? new VirtualTime(), catalog: { nodes: {}, connections: {} }, log: { warn: note, error: note },
      backup: async () => { this.project.calls.push(['backup']); return { name: 'backup-1', folder: 'data/backups/backup-1', bytes: 10, files: 3, links: [], startedAt: 5, key: 'key-file' }; },
      moduleTypes: (module) => ({ entry: `${module}/index.d.ts`, files: { [`${module}/index.d.ts`]: 'export const phone: "+79001234567";' }, names: {} }),
      system: { version: '0.0.0', dataDir: 'data', readOnly: false, hookBase: '/hook' }, ready: () => this.isReady,
      ...(options.editorDir !== undefined && { editorDir: options.editorDir }),
    };
  }

  get port(): number { return (this.door.server.address() as AddressInfo).port; }

  async open(): Promise<this> {
    await this.listen();
    this.openDoor();
    return this;
  }
  async listen(): Promise<void> {
    this.door.server.listen(0, '127.0.0.1');
    await once(this.door.server, 'listening');
  }
  get openedApi(): ApiServer {
    if (!this.#api) throw new Error('the door was not opened');
    return this.#api;
  }
  openDoor(): ApiServer { return (this.#api = this.door.open(this.#options)); }

  async close(): Promise<void> {
    const closed = this.#api?.close();
    this.door.server.closeAllConnections();
    await closed;
  }

  /** Sends exactly these headers; `fetch` would set some of its own and forbid others. */
  ask({ method = 'GET', path, headers = {}, body, raw }: Ask): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const typed = body === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port: this.port, method, path, agent: false, headers: { ...typed, ...headers } }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes, text, get json() { return JSON.parse(text) as unknown; } });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(sent);
    });
  }
}

/** The code of an error answer. */
export const codeOf = (answer: Answer): string => (answer.json as { error: { code: string } }).error.code;
