import type {
  CancelAnswer, CatalogInfo, ConnectionList, ConnectionsDocument, ConnectionState, ContextList, ContextPlace, ContextQuery, ContextValue, DeadLetterAnswer, DeadLetterDetail, DeadLetterList, DeadLetterQuery, DeadLetterSelection, DeployAnswer, DeployPreview, EnvList, ErrorAnswer, Flow, FlowAnswer, FlowList, ImportAnswer, ImportRequest,
  HeldKeyList, HeldKeyRequest, InjectAnswer, InjectRequest, Json, LastMessages, ModuleTypes, Problem, ReplayAnswer, ReplayRequest, ResendRequest, RevisionList, RunDetail, RunList, RunQuery, SaveAnswer, SecretList, SystemInfo, TestAnswer, Text, TryAnswer, TryRequest,
} from '../../runtime/api/contract.ts';

const BASE = '/api/v1';

/** An answer with status 4xx or 5xx, or no answer at all (`offline`). */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: string;
  readonly status: number;
  readonly text: Text;
  readonly fix: Text | undefined;
  readonly problems: readonly Problem[];
  readonly details: { readonly [name: string]: Json };

  constructor(status: number, error: ErrorAnswer['error'], cause?: unknown) {
    super(error.message.en, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = error.code;
    this.text = error.message;
    this.fix = error.fix;
    this.problems = error.problems ?? [];
    this.details = error.details ?? {};
  }
}

const OFFLINE = {
  code: 'offline',
  message: { en: 'The runtime does not answer.', ru: 'Millrace не отвечает.' },
  fix: { en: 'Check that Millrace is running.', ru: 'Проверьте, что Millrace запущен.' },
} as const;

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
interface Options { readonly body?: unknown; readonly ifMatch?: number; readonly as?: 'text' }

async function call<T>(method: Method, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, errorOf(response.status, text));
  return (options.as === 'text' ? text : text === '' ? undefined : JSON.parse(text)) as T;
}

async function send(method: Method, path: string, { body, ifMatch }: Options): Promise<Response> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
  try {
    return await fetch(BASE + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch (cause) {
    throw new ApiError(0, OFFLINE, cause);
  }
}

// A proxy between us and the runtime may answer with something else than our error body.
function errorOf(status: number, text: string): ErrorAnswer['error'] {
  try {
    const { error } = JSON.parse(text) as ErrorAnswer;
    if (typeof error.message.en === 'string') return error;
  } catch {}
  return {
    code: 'answer.unexpected',
    message: { en: `The runtime answered with status ${status}.`, ru: `Millrace ответил со статусом ${status}.` },
    fix: { en: 'Try again; if it stays, look at the log of the runtime.', ru: 'Повторите; если не поможет, посмотрите журнал Millrace.' },
  };
}

const at = (...parts: readonly string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join('');
const atContext = ({ flow, node, key }: ContextPlace): string => (flow === undefined ? at('global', key) : node === undefined ? at('flow', flow, key) : at('node', flow, node, key));
const query = (params: { readonly [name: string]: string | number | undefined }): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined) search.set(name, String(value));
  return search.size > 0 ? `?${search}` : '';
};

/** Every call of the HTTP API that the editor makes. Each rejects with an `ApiError`. */
export const api = {
  system: () => call<SystemInfo>('GET', '/system'),
  catalog: () => call<CatalogInfo>('GET', '/catalog'),
  moduleTypes: (module: string) => call<ModuleTypes>('GET', `/modules/types${query({ module })}`),

  listFlows: () => call<FlowList>('GET', '/flows'),
  getFlow: (id: string) => call<FlowAnswer>('GET', `/flows${at(id)}`),
  /** `expected` is the version that the change builds on; 0 for a new flow. */
  saveFlow: (flow: Flow, expected: number) => call<SaveAnswer>('PUT', `/flows${at(flow.id)}`, { body: flow, ifMatch: expected }),
  deleteFlow: (id: string) => call<void>('DELETE', `/flows${at(id)}`),
  restoreFlow: (id: string) => call<void>('POST', `/flows${at(id)}/restore`),
  deploy: (id: string, version: number) => call<DeployAnswer>('POST', `/flows${at(id)}/deploy`, { body: { version } }),
  previewDeploy: (id: string, version: number) => call<DeployPreview>('POST', `/flows${at(id)}/deploy/preview`, { body: { version } }),
  stop: (id: string) => call<void>('POST', `/flows${at(id)}/stop`),
  listRevisions: (id: string) => call<RevisionList>('GET', `/flows${at(id)}/revisions`),
  getRevision: (id: string, revision: number) => call<Flow>('GET', `/flows${at(id, 'revisions', String(revision))}`),
  /** Deploys an earlier revision again, as a new one. */
  rollBack: (id: string, revision: number) => call<DeployAnswer>('POST', `/flows${at(id)}/rollback`, { body: { revision } }),
  previewRollback: (id: string, revision: number) => call<DeployPreview>('POST', `/flows${at(id)}/rollback/preview`, { body: { revision } }),
  start: (id: string) => call<DeployAnswer>('POST', `/flows${at(id)}/start`),
  inject: (id: string, node: string, request: InjectRequest = {}) => call<InjectAnswer>('POST', `/flows${at(id)}/nodes${at(node)}/inject`, { body: request }),
  tryNode: (id: string, node: string, request: TryRequest) => call<TryAnswer>('POST', `/flows${at(id)}/nodes${at(node)}/try`, { body: request }),
  lastMessages: (id: string, node: string) => call<LastMessages>('GET', `/flows${at(id)}/nodes${at(node)}/last`),

  listConnections: () => call<ConnectionList>('GET', '/connections'),
  saveConnection: (name: string, document: ConnectionsDocument[string], expected: number) =>
    call<{ readonly version: number }>('PUT', `/connections${at(name)}`, { body: { document }, ifMatch: expected }),
  deleteConnection: (name: string) => call<void>('DELETE', `/connections${at(name)}`),
  testConnection: (name: string, document?: ConnectionsDocument[string]) =>
    call<TestAnswer>('POST', `/connections${at(name)}/test`, { body: document === undefined ? {} : { document } }),

  tryConnection: (name: string) => call<ConnectionState>('POST', `/connections${at(name)}/try`),

  listSecrets: () => call<SecretList>('GET', '/secrets'),
  saveSecret: (name: string, value: string) => call<void>('PUT', `/secrets${at(name)}`, { body: { value } }),
  deleteSecret: (name: string) => call<void>('DELETE', `/secrets${at(name)}`),
  listEnv: () => call<EnvList>('GET', '/env'),
  saveEnv: (name: string, value: Json) => call<void>('PUT', `/env${at(name)}`, { body: { value } }),
  deleteEnv: (name: string) => call<void>('DELETE', `/env${at(name)}`),

  import: (request: ImportRequest) => call<ImportAnswer>('POST', '/import', { body: request }),
  /** The text of one flow, or of several as a bundle. */
  export: (ids: readonly string[]) => call<string>('GET', `/export?${ids.map((id) => `flow=${encodeURIComponent(id)}`).join('&')}`, { as: 'text' }),
  listDeadLetters: (of: DeadLetterQuery & { readonly limit?: number; readonly after?: string }) => call<DeadLetterList>('GET', `/dead-letters${query({ ...of })}`),
  findDeadLetter: (id: string) => call<DeadLetterDetail>('GET', `/dead-letters${at(id)}`),
  editDeadLetter: (id: string, body: { readonly [key: string]: unknown }) => call<DeadLetterDetail>('PUT', `/dead-letters${at(id)}`, { body: { body } }),
  resendDeadLetters: (request: ResendRequest) => call<DeadLetterAnswer>('POST', '/dead-letters/resend', { body: request }),
  discardDeadLetters: (selection: DeadLetterSelection) => call<DeadLetterAnswer>('POST', '/dead-letters/discard', { body: selection }),
  /** Of one flow and its nodes, or what all flows share. */
  listContext: (of: ContextQuery) => call<ContextList>('GET', `/context${query({ ...of })}`),
  findContext: (place: ContextPlace) => call<ContextValue>('GET', `/context${atContext(place)}`),
  setContext: (place: ContextPlace, value: unknown) => call<ContextValue>('PUT', `/context${atContext(place)}`, { body: { value } }),
  deleteContext: (place: ContextPlace) => call<void>('DELETE', `/context${atContext(place)}`),
  heldKeys: (flow: string) => call<HeldKeyList>('GET', `/flows${at(flow)}/held-keys`),
  freeKey: (flow: string, request: HeldKeyRequest) => call<DeadLetterAnswer>('POST', `/flows${at(flow)}/held-keys`, { body: request }),
  listRuns: (of: RunQuery & { readonly limit?: number; readonly after?: string }) => call<RunList>('GET', `/runs${query({ ...of })}`),
  findRun: (id: string) => call<RunDetail>('GET', `/runs${at(id)}`),
  replayRun: (id: string, request: ReplayRequest) => call<ReplayAnswer>('POST', `/runs${at(id)}/replay`, { body: request }),
  replayRuns: (of: RunQuery, request: ReplayRequest) => call<ReplayAnswer>('POST', '/runs/replay', { body: { ...request, query: of } }),
  cancelRun: (id: string) => call<CancelAnswer>('POST', `/runs${at(id)}/cancel`),
} as const;
