import type { Server as HttpServer } from 'node:http';
import { Server, type Namespace, type Socket } from 'socket.io';
import { limits } from '../limits.ts';
import type { RuntimeEvent } from '../observe.ts';
import type { DebugBatch, LiveClientEvents, LiveCounters, LiveServerEvents } from './contract.ts';
import { DebugFeed } from './debug-feed.ts';
import type { ApiOptions } from './route.ts';

interface Client { flow: string | null; paused: boolean; /** Debug messages that this client alone did not get. */ missed: number }
type Nothing = Record<string, never>;
type LiveSocket = Socket<LiveClientEvents, LiveServerEvents, Nothing, Client>;
type LiveNamespace = Namespace<LiveClientEvents, LiveServerEvents, Nothing, Client>;

const TICK_MS = 1000 / limits.liveUpdatesPerSecond;
const IDS_PER_MS = 1000; // ids go on growing after a restart, so that a client never takes a new message for an old one

/** The socket.io namespace `/live`: tells each client about the one flow that it watches, and everybody what changed. */
export class LiveChannel {
  readonly #options: ApiOptions;
  readonly #io: Server;
  readonly #live: LiveNamespace;
  readonly #feeds = new Map<string, DebugFeed>();
  readonly #lastCounters = new Map<string, string>();
  readonly #endings: (() => void)[] = [];
  #nextId: number;
  #stopTick: (() => void) | undefined;

  constructor(server: HttpServer, options: ApiOptions) {
    this.#options = options;
    this.#nextId = options.clock.now() * IDS_PER_MS;
    this.#io = new Server(server, { serveClient: false, maxHttpBufferSize: limits.liveMessageBytesMax, transports: ['websocket', 'polling'] });
    this.#live = this.#io.of('/live') as LiveNamespace;
    this.#live.use((_socket, next) => { next(this.#live.sockets.size < limits.liveClientsMax ? undefined : new Error(`more than ${limits.liveClientsMax} editors are open`)); });
    this.#live.on('connection', (socket) => { this.#welcome(socket); });
    this.#endings.push(options.observers.watch((event) => { this.#observe(event); }));
    this.#endings.push(options.project.onChange((what) => {
      if (what.kind === 'flows' && options.host.live(what.id) === undefined) this.#feeds.delete(what.id);
      this.#live.emit('changed', what);
    }));
  }

  close(): void {
    this.#stopTick?.();
    for (const end of this.#endings) end();
    this.#io.disconnectSockets(true);
    this.#io.engine.close();
  }

  #welcome(socket: LiveSocket): void {
    socket.data = { flow: null, paused: false, missed: 0 };
    socket.on('watch', (request: unknown) => { this.#watch(socket, flowOf(request)); });
    socket.on('debugPaused', (paused: unknown) => { socket.data.paused = paused === true; });
    this.#stopTick ??= this.#options.clock.after(TICK_MS, () => { this.#tick(); });
  }

  #watch(socket: LiveSocket, flow: string | null): void {
    socket.data = { ...socket.data, flow: null, missed: 0 };
    if (flow === null) return;
    this.#sendDebug(flow, this.#watched().get(flow) ?? []); // what the snapshot holds must not come once more
    socket.data.flow = flow;
    const counters = this.#counters(flow);
    if (counters) socket.emit('snapshot', { counters, debug: this.#feeds.get(flow)?.history() ?? [] });
  }

  #observe(event: RuntimeEvent): void {
    if (event.kind !== 'debug' && event.kind !== 'failure' && event.kind !== 'log') return;
    const now = this.#options.clock.elapsed();
    let feed = this.#feeds.get(event.flow);
    if (!feed) this.#feeds.set(event.flow, (feed = new DebugFeed(now)));
    feed.add(event, this.#nextId++, now);
  }

  #tick(): void {
    for (const [flow, watchers] of this.#watched()) {
      this.#sendCounters(flow, watchers);
      this.#sendDebug(flow, watchers);
    }
    this.#stopTick = this.#live.sockets.size === 0 ? undefined : this.#options.clock.after(TICK_MS, () => { this.#tick(); });
  }

  #watched(): ReadonlyMap<string, LiveSocket[]> {
    const watched = new Map<string, LiveSocket[]>();
    for (const socket of this.#live.sockets.values()) {
      const { flow } = socket.data;
      if (flow === null) continue;
      const watchers = watched.get(flow);
      if (watchers) watchers.push(socket);
      else watched.set(flow, [socket]);
    }
    for (const flow of this.#lastCounters.keys()) if (!watched.has(flow)) this.#lastCounters.delete(flow);
    return watched;
  }

  #sendCounters(flow: string, watchers: readonly LiveSocket[]): void {
    const counters = this.#counters(flow);
    if (!counters) return;
    const text = JSON.stringify({ ...counters, at: 0 }); // the time alone is no news
    if (this.#lastCounters.get(flow) === text) return;
    this.#lastCounters.set(flow, text);
    // Volatile: a client that cannot take them now gets the next ones instead of a queue of old ones.
    for (const socket of watchers) socket.volatile.emit('counters', counters);
  }

  #sendDebug(flow: string, watchers: readonly LiveSocket[]): void {
    const batch = this.#feeds.get(flow)?.take();
    for (const socket of watchers) sendDebug(socket, batch);
  }

  /** The tick goes on whatever one flow does. */
  #counters(flow: string): LiveCounters | undefined {
    try {
      return this.#options.host.counters(flow);
    } catch (error) {
      this.#options.log.warn({ err: error, flow }, `reading the counters of flow ${flow} failed`);
      return undefined;
    }
  }
}

const FLOW_ID_MAX = 200;
function flowOf(request: unknown): string | null {
  const flow: unknown = typeof request === 'object' && request !== null && 'flow' in request ? request.flow : null;
  return typeof flow === 'string' && flow.length <= FLOW_ID_MAX ? flow : null;
}

/** A client that has paused, or is too slow to take what was sent before, is told later how many it missed. */
function sendDebug(socket: LiveSocket, batch: DebugBatch | undefined): void {
  const client = socket.data;
  if (client.paused || !socket.conn.transport.writable) {
    if (batch) client.missed += batch.messages.length + batch.skipped;
    return;
  }
  if (!batch && client.missed === 0) return;
  socket.emit('debug', { messages: batch?.messages ?? [], skipped: (batch?.skipped ?? 0) + client.missed });
  client.missed = 0;
}
