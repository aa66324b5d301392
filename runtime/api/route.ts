import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import type { FlowHost } from '../host.ts';
import type { Observers } from '../observe.ts';
import type { Actor, ProjectDoor } from '../project/project-door.ts';
import type { Random } from '../random.ts';
import type { BackupAnswer, CatalogInfo, ModuleTypes, SystemInfo } from './contract.ts';
import type { Conceal } from './show.ts';

/** Where the API writes what a person must know and no answer may hold: stacks and causes. */
export interface ApiLog {
  warn(details: object, text: string): void;
  error(details: object, text: string): void;
}

/** What the API stands on. It keeps no state of its own beside the live channel. */
export interface ApiOptions {
  readonly project: ProjectDoor;
  readonly host: FlowHost;
  readonly catalog: CatalogInfo;
  readonly observers: Observers;
  readonly clock: Clock;
  readonly random: Random;
  readonly system: Omit<SystemInfo, 'journal' | 'store'>;
  /** Makes a backup in the data folder. */
  readonly backup: () => Promise<BackupAnswer>;
  /** Declarations of a module that function nodes may use. */
  readonly moduleTypes: (module: string) => ModuleTypes;
  readonly log: ApiLog;
  /** Folder of the built editor; absent where nothing but the API is served. */
  readonly editorDir?: string;
  /** False while the runtime is still starting or already stopping. */
  readonly ready: () => boolean;
}

export interface ApiServer {
  readonly server: Server;
  /** Ends the live channel and the listening; requests under way are answered. */
  close(): Promise<void>;
}

/** What a handler stands on. All that it answers is masked; where it cuts what it shows, it masks that itself. */
export interface ApiDoors extends ApiOptions { readonly conceal: Conceal }

/** A JSON Schema that carries the TypeScript type of what passes it. */
export interface Schema<T> { readonly json: JsonSchema; readonly of?: T }
export type JsonSchema = { readonly [key: string]: unknown };
export const schema = <T>(json: JsonSchema): Schema<T> => ({ json });

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface ApiRequest<Body, Query> {
  /** What stands at `:name` of the path. */
  readonly param: (name: string) => string;
  readonly query: Query;
  readonly body: Body;
  /** The version in If-Match; routes that need it say so. */
  readonly version: number;
  readonly by: Actor;
}

export interface ApiAnswer {
  /** 200 with a body, 204 without, unless said. */
  readonly status?: number;
  readonly body?: unknown;
  /** A text that is sent as it is. */
  readonly text?: string;
  readonly headers?: { readonly [name: string]: string };
}

/** One entry of the API: what Express routes, ajv checks and openapi.json lists. */
export interface Route<Body = unknown, Query = unknown> {
  readonly method: Method;
  /** Below `/api/v1`; `:name` takes one segment. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Schema<Query>;
  readonly body?: Schema<Body>;
  /** An empty body counts as `{}`. */
  readonly bodyOptional?: true;
  /** Refuses a request without If-Match. */
  readonly needsVersion?: true;
  /** Names under which the answer holds what a person wrote and saves again: not masked. All of it where it is such a document. */
  readonly asWritten?: readonly string[] | 'all';
  /** Type in `contract.ts` that the answer has; none for 204. */
  readonly answer?: string;
  handle(request: ApiRequest<Body, Query>, doors: ApiDoors): Promise<ApiAnswer> | ApiAnswer;
}

/** Checks a route's handler against its own schemas and forgets their types, so that routes fit in one table. */
export function route<Body = undefined, Query = undefined>(definition: Route<Body, Query>): Route {
  return definition as Route;
}
