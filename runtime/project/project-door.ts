import type {
  ConnectionList, DeployAnswer, DeployPreview, FlowAnswer, FlowList, ImportAnswer, ImportRequest, RunDetail, RunList, RunQuery, SaveAnswer, SecretList, EnvList, TestAnswer,
} from '../api/contract.ts';
import type { ConnectionDocument, Flow, Json } from '../flow/flow.ts';
import type { AuditEntry } from '../store/store.ts';

/** Who asks, for the audit log. */
export interface Actor { readonly name: string }

/** The project's documents and what people do with them. The API is a thin layer over it; the CLI uses it directly. Misuse throws a `Failure` of `errors.ts`. */
export interface ProjectDoor {
  listFlows(): Promise<FlowList>;
  getFlow(id: string): Promise<FlowAnswer>;
  /** The draft of a flow with nothing but this node, as the document says, saved or not. A `Failure` `flow.invalid` with the problems that keep the node from running; its code may be unreadable, which a try tells by itself. */
  withOnly(id: string, node: string, document: object): Promise<Flow>;
  /** Saves the draft; a `Failure` `flow.stale` when `expected` is not the stored version. A draft with problems is saved. */
  saveFlow(flow: Flow, expected: number, by: Actor): Promise<SaveAnswer>;
  deleteFlow(id: string, by: Actor): Promise<void>;
  restoreFlow(id: string, by: Actor): Promise<void>;
  deploy(id: string, version: number, by: Actor): Promise<DeployAnswer>;
  /** What a deploy of this version would do now. */
  previewDeploy(id: string, version: number): Promise<DeployPreview>;
  stop(id: string, by: Actor): Promise<void>;
  start(id: string, by: Actor): Promise<DeployAnswer>;
  revisions(id: string): Promise<readonly { readonly revision: number; readonly at: number; readonly by: string }[]>;
  getRevision(id: string, revision: number): Promise<Flow>;
  /** What going back to this revision would do now. */
  previewRollback(id: string, revision: number): Promise<DeployPreview>;
  rollback(id: string, revision: number, by: Actor): Promise<DeployAnswer>;

  listConnections(): Promise<ConnectionList>;
  saveConnection(name: string, document: ConnectionDocument, expected: number, by: Actor): Promise<{ readonly version: number }>;
  deleteConnection(name: string, by: Actor): Promise<void>;
  testConnection(name: string, document?: ConnectionDocument): Promise<TestAnswer>;

  listSecrets(): Promise<SecretList>;
  saveSecret(name: string, value: string, by: Actor): Promise<void>;
  deleteSecret(name: string, by: Actor): Promise<void>;
  /** The text, or `most` characters of its beginning, without the value of any secret: for all that anybody is shown. */
  conceal(text: string, most?: number): string;
  listEnv(): Promise<EnvList>;
  saveEnv(name: string, value: Json, by: Actor): Promise<void>;
  deleteEnv(name: string, by: Actor): Promise<void>;

  import(request: ImportRequest, by: Actor): Promise<ImportAnswer>;
  /** Text of one flow (canonical JSON) or of a bundle. */
  export(ids: readonly string[]): Promise<string>;

  listRuns(query: RunQuery & { readonly limit: number; readonly after?: string }): Promise<RunList>;
  /** One run with its path; a `Failure` `run.not-found` when nothing of it is kept. */
  findRun(id: string): Promise<RunDetail>;
  /** Writes down what a person did to something that is no document: a dead letter, a run. */
  audited(by: Actor, what: { readonly action: string; readonly subject: string; readonly details?: string }): Promise<void>;
  audit(limit: number, before?: number): Promise<readonly AuditEntry[]>;
  /** Called when somebody changed a document, a file changed on disk, or a deploy ended. */
  onChange(listener: (what: { readonly kind: 'flow' | 'flows' | 'deploy' | 'connection'; readonly id: string; readonly version?: number; readonly by?: string }) => void): () => void;
  close(): Promise<void>;
}
