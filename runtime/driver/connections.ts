import type { ConnectionState } from '../api/contract.ts';
import type { ConnectionDocument, Text } from '../flow/flow.ts';
import { compileConfig } from '../expression/resolve.ts';
import type { Clock } from '../clock.ts';
import type { ProjectValues } from '../host.ts';
import { parseRate } from '../flow/units.ts';
import { RateWindow } from '../engine/rate.ts';
import { probeAfter } from '../engine/retry.ts';
import { limits } from '../limits.ts';
import type { Observers } from '../observe.ts';
import type { ConnectionDefinition } from '../sdk/define-node.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { hasNoProbe } from './resources.ts';
import type { Timers } from './timers.ts';

interface Pause {
  readonly reason: Text;
  readonly since: number;
  probeAt: number;
  probes: number;
  /** One at a time, whoever asks for it. */
  probing: Promise<void> | undefined;
  cancel: () => void;
}
/** A host that was let go on trust: it is down still when it fails again before that has lasted as long as the wait. */
interface Trusted { readonly probes: number; readonly since: number; readonly at: number; readonly waitedMs: number }
interface Open { readonly client: Promise<unknown>; readonly definition: ConnectionDefinition }

export interface ConnectionsOptions {
  readonly types: ReadonlyMap<string, ConnectionDefinition>;
  readonly values: ProjectValues;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observers: Observers;
  readonly dataDir: string;
}

/**
 * The project's live links, opened at first use and shared. An unavailable one is paused for everybody: the nodes that need it
 * wait, and it is probed with backoff. A host that a node calls by address, or a link, has no probe of its own: after the
 * wait each of its nodes tries with one message.
 */
export class Connections {
  readonly #o: ConnectionsOptions;
  readonly #open = new Map<string, Open>();
  readonly #paused = new Map<string, Pause>();
  readonly #trusted = new Map<string, Trusted>();
  readonly #rates = new Map<string, RateWindow>();
  readonly #resumed = new Set<(resource: string) => void>();

  constructor(options: ConnectionsOptions) { this.#o = options; }

  /** The client; a `NodeFailure` of scope connection when it cannot be opened. */
  client(name: string): Promise<unknown> {
    let open = this.#open.get(name);
    if (!open) this.#open.set(name, (open = this.#start(name)));
    return open.client;
  }

  /** How often it may be used, by everybody together; undefined when nobody said. */
  rateOf(name: string): RateWindow | undefined { return this.#rates.get(name); }

  /** Reads how often a connection may be used, before a flow that uses it runs. */
  async learn(name: string): Promise<void> {
    const text = (await this.#o.values.connection(name))?.rate;
    const rate = text === undefined ? undefined : parseRate(text);
    const known = this.#rates.get(name)?.rate;
    if (!rate) this.#rates.delete(name);
    else if (known?.count !== rate.count || known.perMs !== rate.perMs) this.#rates.set(name, new RateWindow(rate));
  }

  isPaused(resource: string): boolean { return this.#paused.has(resource); }

  /** How long a message waits that is to try a paused one by itself. */
  untilProbe(resource: string): number { return Math.max(limits.probeFirstMs, (this.#paused.get(resource)?.probeAt ?? 0) - this.#o.clock.now()); }

  onResumed(call: (resource: string) => void): () => void {
    this.#resumed.add(call);
    return () => { this.#resumed.delete(call); };
  }

  /** Everybody who needs it waits until a probe succeeds. `afterMs`: when the other side said when to come back. */
  pause(resource: string, reason: Text, afterMs?: number): void {
    const known = this.#paused.get(resource);
    if (known) return;
    const before = this.#before(resource);
    const pause: Pause = { reason, since: before?.since ?? this.#o.clock.now(), probeAt: 0, probes: before?.probes ?? 0, probing: undefined, cancel: () => undefined };
    this.#paused.set(resource, pause);
    this.#planProbe(resource, pause, afterMs);
  }

  /** The outage that goes on, when it was let go on trust just now. */
  #before(resource: string): Trusted | undefined {
    const trusted = this.#trusted.get(resource);
    this.#trusted.delete(resource);
    return trusted && this.#o.clock.elapsed() - trusted.at <= trusted.waitedMs ? trusted : undefined;
  }

  state(name: string): ConnectionState {
    const pause = this.#paused.get(name);
    if (pause) return { state: 'paused', reason: pause.reason, since: pause.since, probeAt: pause.probeAt };
    return { state: this.#open.has(name) ? 'open' : 'unused' };
  }

  /** Its document or a value in it changed: closed now, opened anew at the next use; a pause ends with one probe at once. */
  async changed(name: string): Promise<void> {
    await this.#close(name);
    await this.learn(name);
    await this.#paused.get(name)?.probing; // of what it was before
    await this.tryNow(name);
  }

  /** A person does not wait for the next probe. Answers what came of it; one that is not paused stays as it is. */
  async tryNow(resource: string): Promise<ConnectionState> {
    const pause = this.#paused.get(resource);
    if (pause) await this.#probe(resource, pause);
    return this.state(resource);
  }

  async test(name: string, document: ConnectionDocument): Promise<{ readonly ok: boolean; readonly message: Text; readonly ms: number }> {
    const before = this.#o.clock.elapsed();
    const done = (ok: boolean, message: Text) => ({ ok, message, ms: Math.round(this.#o.clock.elapsed() - before) });
    try {
      const { client, definition } = this.#opening(name, document);
      const opened = await client;
      try { return done(true, await definition.test(opened as never)); } finally { await definition.close(opened as never); }
    } catch (error) {
      return done(false, textOf(error));
    }
  }

  async closeAll(): Promise<void> {
    for (const pause of this.#paused.values()) pause.cancel();
    this.#paused.clear();
    await Promise.all([...this.#open.keys()].map((name) => this.#close(name)));
  }

  #start(name: string): Open {
    let definition: ConnectionDefinition | undefined;
    const client = (async () => {
      const document = await this.#o.values.connection(name);
      if (!document) throw missing(name);
      const opening = this.#opening(name, document);
      definition = opening.definition;
      return await opening.client;
    })();
    // A client that could not be opened is not kept: the next use tries again.
    const open: Open = { client, get definition() { return definition as ConnectionDefinition; } };
    client.catch(() => { if (this.#open.get(name) === open) this.#open.delete(name); });
    return open;
  }

  #opening(name: string, document: ConnectionDocument): Open {
    const definition = this.#o.types.get(document.type);
    if (!definition) {
      throw new NodeFailure('connection.unknown-type', {
        en: `opening connection ${name}: its type "${document.type}" is not installed`,
        ru: `открытие подключения ${name}: тип «${document.type}» не установлен`,
      }, { scope: 'connection' });
    }
    const client = (async () => {
      const { values, clock, dataDir } = this.#o;
      const config = await compileConfig(definition.info.config, document.config, { env: (env) => values.env(env), secret: (secret) => values.secret(secret) });
      return await definition.open(await config.value({}) as never, { name, dataDir, clock });
    })();
    return { client, definition };
  }

  async #close(name: string): Promise<void> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    if (!open) return;
    try {
      const client = await open.client; // not before it is opened is known what it is
      await open.definition.close(client as never);
    } catch { /* it never opened, or is gone already: nothing is left to close */ }
  }

  #trust(host: string, trusted: Trusted): void {
    for (const [known, { at, waitedMs }] of this.#trusted) if (trusted.at - at > waitedMs) this.#trusted.delete(known);
    this.#trusted.set(host, trusted);
  }

  #planProbe(resource: string, pause: Pause, afterMs?: number): void {
    const wait = afterMs === undefined ? backoffOf(pause) : Math.min(Math.max(afterMs, limits.probeFirstMs), limits.retryAfterMaxMs);
    pause.probeAt = this.#o.clock.now() + wait;
    pause.cancel = this.#o.timers.after(wait, () => void this.#probe(resource, pause));
    this.#o.observers.emit({ kind: 'connection', at: this.#o.clock.now(), connection: resource, state: 'paused', reason: pause.reason, probeAt: pause.probeAt });
  }

  #probe(resource: string, pause: Pause): Promise<void> {
    pause.cancel();
    return (pause.probing ??= this.#probeOnce(resource, pause).finally(() => { pause.probing = undefined; }));
  }

  async #probeOnce(resource: string, pause: Pause): Promise<void> {
    pause.probes++;
    if (!hasNoProbe(resource)) {
      try {
        await this.#close(resource);
        const client = await this.client(resource);
        await (this.#open.get(resource) as Open).definition.test(client as never);
      } catch {
        if (this.#paused.get(resource) === pause) this.#planProbe(resource, pause);
        return;
      }
    }
    else this.#trust(resource, { probes: pause.probes, since: pause.since, at: this.#o.clock.elapsed(), waitedMs: backoffOf({ probes: pause.probes - 1 }) });
    if (!this.#paused.delete(resource)) return;
    this.#o.observers.emit({ kind: 'connection', at: this.#o.clock.now(), connection: resource, state: 'open' });
    for (const resumed of this.#resumed) resumed(resource);
  }
}

const backoffOf = ({ probes }: { readonly probes: number }): number => probeAfter(probes, { firstMs: limits.probeFirstMs, maxMs: limits.probeMaxMs });

function missing(name: string): NodeFailure {
  return new NodeFailure('connection.missing', {
    en: `opening connection ${name}: the project has no connection of this name; create it under Connections`,
    ru: `открытие подключения ${name}: в проекте нет подключения с таким именем; создайте его в разделе «Подключения»`,
  }, { scope: 'connection' });
}

function textOf(error: unknown): Text {
  if (error instanceof NodeFailure) return error.text;
  const message = error instanceof Error ? error.message : String(error);
  return { en: message, ru: message };
}
