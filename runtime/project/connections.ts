import { Failure } from '../errors.ts';
import { canonicalJson } from '../flow/canonical.ts';
import { referencesIn } from '../flow/field-form.ts';
import type { ConnectionDocument, ConnectionsDocument, Problem } from '../flow/flow.ts';
import { own } from '../flow/own.ts';
import { parseConnections } from '../flow/parse.ts';
import { validateConnection } from '../flow/validate.ts';
import type { ConnectionAnswer, TestAnswer } from '../api/contract.ts';
import { literalSecretsOfConnection } from './literal-secrets.ts';
import { audited, type Parts } from './parts.ts';
import type { Actor } from './project-door.ts';

/** No flow's id: the connections of a folder share one file, and so one queue. */
const QUEUE = '/connections';

/** Whoever uses connections, by connection name. */
export type UsedBy = ReadonlyMap<string, readonly string[]>;

/** The project's connections. With a flows folder, `connections.json` is the truth and the store follows it. */
export class Connections {
  readonly #parts: Parts;
  /** Names in the file; undefined when the store is the truth. */
  #inFile: ReadonlySet<string> | undefined;
  /** Why entries of the file, or the file as a whole (under ''), are not used. */
  #refused = new Map<string, readonly Problem[]>();

  constructor(parts: Parts) { this.#parts = parts; }

  async documents(): Promise<ConnectionsDocument> {
    const readable = (await this.#stored()).flatMap(({ name, text }) => {
      const { value } = parseConnections(`{${JSON.stringify(name)}: ${text}}`);
      const document = own(value, name);
      return document ? [[name, document] as const] : [];
    });
    return Object.fromEntries(readable);
  }

  async list(usedBy: UsedBy, known: { readonly env: readonly string[]; readonly secrets: readonly string[] }): Promise<ConnectionAnswer[]> {
    const documents = await this.documents();
    const versions = new Map((await this.#stored()).map(({ name, version }) => [name, version]));
    const names = new Set([...versions.keys(), ...this.#refused.keys()].filter((name) => name !== ''));
    return [...names].sort().map((name) => {
      const document = own(documents, name) ?? { type: '', config: {} };
      const refused = [...(this.#refused.get(name) ?? []), ...(this.#refused.get('') ?? [])];
      const problems = refused.length > 0 ? refused : validateConnection(name, document, this.#parts.catalog, known);
      return { name, document, version: versions.get(name) ?? 0, ...this.#parts.host.connectionState(name), usedBy: usedBy.get(name) ?? [], problems };
    });
  }

  async save(name: string, value: ConnectionDocument, change: { readonly expected: number; readonly by: Actor }): Promise<{ version: number }> {
    const document = this.#checked(name, value);
    const version = await this.#parts.serial.run(QUEUE, async () => {
      await this.sync();
      const text = canonicalJson(document);
      const stored = (await this.#stored()).find((each) => each.name === name);
      if (stored?.text === text && stored.version === change.expected) return stored.version;
      const documents = { ...await this.documents(), [name]: document };
      let answer: number | undefined;
      await this.#replacing(documents, async () => {
        answer = await this.#keep(name, text, change);
        return answer !== undefined;
      });
      return answer ?? this.#stale(name);
    });
    await this.#changed(name, { by: change.by, action: 'connection.save', version });
    return { version };
  }

  async remove(name: string, by: Actor): Promise<void> {
    await this.#parts.serial.run(QUEUE, async () => {
      await this.sync();
      const { [name]: gone, ...rest } = await this.documents();
      if (!gone) throw notFound(name);
      await this.#replacing(rest, () => this.#parts.store.deleteConnection(name));
    });
    await this.#changed(name, { by, action: 'connection.delete' });
  }

  async test(name: string, document: ConnectionDocument | undefined): Promise<TestAnswer> {
    const tried = document ? shaped(name, document) : own(await this.documents(), name);
    if (!tried) throw notFound(name);
    return this.#parts.host.testConnection(name, tried);
  }

  /** Adds what an import or the examples bring along; a connection that exists already stays as it is. */
  async addMissing(documents: ConnectionsDocument, by: Actor): Promise<void> {
    const existing = await this.documents();
    for (const [name, document] of Object.entries(documents)) {
      if (!own(existing, name)) await this.save(name, document, { expected: 0, by });
    }
  }

  /** Opens anew the connections that read this secret or environment value. */
  async valueChanged(form: '$secret' | '$env', name: string): Promise<void> {
    for (const [connection, { config }] of Object.entries(await this.documents())) {
      if (referencesIn(config).some((each) => each.form === form && each.text === name)) await this.#parts.host.connectionChanged(connection);
    }
  }

  /** Reads the file again; answers the names that changed. */
  async sync(): Promise<string[]> {
    const { folder } = this.#parts;
    if (!folder) return [];
    const { value, problems } = parseConnections(folder.readConnections() ?? '{}');
    if (!value) {
      if (!this.#refused.has('')) this.#parts.log('error', `reading ${folder.connectionsFile}: ${problems.map((each) => each.message.en).join('; ')}; the connections stay as they were`);
      this.#refused.set('', problems);
      return [];
    }
    const before = this.#inFile ?? new Set<string>();
    this.#inFile = new Set(Object.keys(value));
    this.#refused = this.#literals(value);
    const changed = [...before].filter((name) => !own(value, name));
    for (const [name, document] of Object.entries(value)) {
      if (!this.#refused.has(name) && await this.#follow(name, document)) changed.push(name);
    }
    return changed;
  }

  /** A change that came from the file: opened anew and told. */
  async followFile(): Promise<void> {
    const changed = await this.#parts.serial.run(QUEUE, () => this.sync());
    for (const name of changed) await this.#changed(name, { by: { name: 'files' }, action: 'connection.file' });
  }

  async recover(): Promise<void> {
    const { folder, store } = this.#parts;
    await folder?.recover(folder.connectionsFile, async (text) => {
      const texts = new Map((await store.listConnections()).map((each) => [each.name, each.text]));
      const { value } = parseConnections(text);
      return value !== undefined && Object.entries(value).every(([name, document]) => texts.get(name) === canonicalJson(document));
    });
  }

  async #stored(): ReturnType<Parts['store']['listConnections']> {
    const all = await this.#parts.store.listConnections();
    return all.filter(({ name }) => this.#inFile?.has(name) ?? true);
  }

  async #follow(name: string, document: ConnectionDocument): Promise<boolean> {
    const { store, clock } = this.#parts;
    const text = canonicalJson(document);
    const stored = (await store.listConnections()).find((each) => each.name === name);
    if (stored?.text === text) return false;
    await store.saveConnection(name, { text, expected: stored?.version ?? 0, by: 'files', at: clock.now() });
    return true;
  }

  #literals(documents: ConnectionsDocument): Map<string, readonly Problem[]> {
    const found = Object.entries(documents).map(([name, document]) => [name, literalSecretsOfConnection(name, document, this.#parts.catalog)] as const);
    return new Map(found.filter(([, problems]) => problems.length > 0));
  }

  #checked(name: string, value: ConnectionDocument): ConnectionDocument {
    const document = shaped(name, value);
    const literals = literalSecretsOfConnection(name, document, this.#parts.catalog);
    if (literals.length === 0) return document;
    throw new Failure('secret.literal', {
      en: `saving the connection ${name}: a secret stands in it as text`,
      ru: `сохранение подключения ${name}: в нём записан сам секрет`,
    }, { details: { connection: name }, problems: literals });
  }

  /** A version, or undefined when somebody else was first. */
  async #keep(name: string, text: string, { expected, by }: { readonly expected: number; readonly by: Actor }): Promise<number | undefined> {
    const { store, clock } = this.#parts;
    const hidden = this.#inFile?.has(name) === false ? (await store.listConnections()).find((each) => each.name === name)?.version : undefined;
    const saved = await store.saveConnection(name, { text, expected: expected === 0 ? hidden ?? 0 : expected, by: by.name, at: clock.now() });
    return 'version' in saved ? saved.version : undefined;
  }

  async #replacing(documents: ConnectionsDocument, store: () => Promise<boolean>): Promise<void> {
    const { folder } = this.#parts;
    if (!folder) return void await store();
    const broken = this.#refused.get('');
    if (broken) throw new Failure('connection.invalid', { en: `writing ${folder.connectionsFile}: the file was changed and cannot be read, so it is not written over`, ru: `запись ${folder.connectionsFile}: файл изменён и не читается, поэтому не перезаписывается` }, { problems: broken });
    let kept = false;
    await folder.replace(folder.connectionsFile, canonicalJson(documents), async () => (kept = await store()));
    if (kept) this.#inFile = new Set(Object.keys(documents));
  }

  async #stale(name: string): Promise<never> {
    const stored = (await this.#stored()).find((each) => each.name === name)?.version ?? 0;
    throw new Failure('connection.stale', {
      en: `saving the connection ${name}: somebody saved it after it was opened here`,
      ru: `сохранение подключения ${name}: его сохранили после того, как открыли здесь`,
    }, { details: { connection: name, version: stored } });
  }

  async #changed(name: string, what: { readonly by: Actor; readonly action: string; readonly version?: number }): Promise<void> {
    const { host, changes } = this.#parts;
    await audited(this.#parts, what.by, { action: what.action, subject: name });
    await host.connectionChanged(name);
    changes.tell({ kind: 'connection', id: name, by: what.by.name, ...(what.version !== undefined && { version: what.version }) });
  }
}

function shaped(name: string, value: ConnectionDocument): ConnectionDocument {
  const { value: document, problems } = parseConnections(canonicalJson({ [name]: value }));
  const found = own(document, name);
  if (found) return found;
  throw new Failure('connection.invalid', { en: `the connection ${name}: it does not have the form of a connection`, ru: `подключение ${name}: документ не имеет формы подключения` }, { details: { connection: name }, problems });
}

const notFound = (name: string): Failure => new Failure('connection.not-found', { en: `the project has no connection ${name}`, ru: `в проекте нет подключения ${name}` }, { details: { connection: name } });

/** Names of the secrets that a config refers to. */
export const secretsIn = (config: unknown): string[] => referencesIn(config).filter((each) => each.form === '$secret').map((each) => each.text);
