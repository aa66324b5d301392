import { Failure } from '../errors.ts';
import type { ConnectionDocument, Json } from '../flow/flow.ts';
import { own } from '../flow/own.ts';
import { parseConnections } from '../flow/parse.ts';
import type { ProjectValues } from '../host.ts';
import type { Store } from '../store/store.ts';
import { Concealed } from './concealed.ts';
import type { Vault } from './vault.ts';

/** Environment values of the process that flows may read; nothing else of it is theirs. */
export const PROCESS_ENV_PREFIX = 'MILLRACE_ENV_';

export interface StoredValuesOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly processEnv?: { readonly [name: string]: string | undefined };
}

/** What flows ask the project for while they run. Env is held in memory, for it is read in the middle of a message; secrets are opened for each use. */
export class StoredValues implements ProjectValues {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #fromProcess: ReadonlyMap<string, string>;
  readonly #env = new Map<string, Json>();
  readonly #secrets = new Concealed();
  #stamp = 1;

  constructor({ store, vault, processEnv = {} }: StoredValuesOptions) {
    this.#store = store;
    this.#vault = vault;
    const given = Object.entries(processEnv).filter((entry): entry is [string, string] => entry[0].startsWith(PROCESS_ENV_PREFIX) && entry[1] !== undefined);
    this.#fromProcess = new Map(given.map(([name, value]) => [name.slice(PROCESS_ENV_PREFIX.length), value]));
  }

  /** Reads what is stored; called before anything runs, and again when it has changed. */
  async load(): Promise<void> {
    const stored = await this.#store.listEnv();
    this.#env.clear();
    for (const { name, value } of stored) this.#env.set(name, JSON.parse(value) as Json);
    // One that cannot be opened is given to nobody, so nothing can hold it.
    const secrets = await Promise.all((await this.#store.listSecrets()).map(({ name }) => this.secret(name).catch(() => undefined)));
    this.#secrets.use(secrets.filter((value) => value !== undefined));
    this.#stamp++;
  }

  /** The project's own value goes before the process's. */
  env(name: string): Json | undefined {
    return this.#env.get(name) ?? this.#fromProcess.get(name);
  }
  envNames(): string[] {
    return [...new Set([...this.#env.keys(), ...this.#fromProcess.keys()])];
  }
  projectEnv(): { readonly name: string; readonly value: Json }[] {
    return [...this.#env].map(([name, value]) => ({ name, value })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async secret(name: string): Promise<string | undefined> {
    const sealed = await this.#store.findSecret(name);
    return sealed && this.#vault.open(name, sealed);
  }

  async connection(name: string): Promise<ConnectionDocument | undefined> {
    const found = (await this.#store.listConnections()).find((each) => each.name === name);
    return found && connectionIn(name, found.text);
  }

  stamp(): number { return this.#stamp; }
  /** The text, or `most` characters of its beginning, without the value of any secret. */
  conceal(text: string, most?: number): string { return this.#secrets.hide(text, most); }
}

/** A stored connection's document. One that cannot be read is a `Failure`, not a connection without settings. */
export function connectionIn(name: string, text: string): ConnectionDocument {
  const { value, problems } = parseConnections(`{${JSON.stringify(name)}: ${text}}`);
  const document = own(value, name);
  if (document) return document;
  throw new Failure('connection.invalid', {
    en: `reading the connection ${name}: what is stored is not a connection`,
    ru: `чтение подключения ${name}: сохранённое не является подключением`,
  }, { problems });
}
