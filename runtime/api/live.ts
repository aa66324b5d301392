import type { Server as HttpServer } from 'node:http';
import { Server, type Namespace, type Socket } from 'socket.io';
import { limits } from '../limits.ts';
import type { RuntimeEvent } from '../observe.ts';
import type { DebugBatch, DebugMessage, LiveClientEvents, LiveCounters, LiveServerEvents } from './contract.ts';
import { DebugFeed } from './debug-feed.ts';
import type { ApiOptions } from './route.ts';
import { masked, type Conceal } from './show.ts';

interface Client {
  flow: string | null;
  /** Counters as they were sent last. */
  counters: string;
  paused: boolean;
  /** Debug messages that wait until the client can take them. */
  waiting: DebugMessage[];
  /** How many it is not going to get. */
  missed: number;
}
type Nothing = Record<string, never>;
type LiveSocket = Socket<LiveClientEvents, LiveServerEvents, Nothing, Client>;
type LiveNamespace = Namespace<LiveClientEvents, LiveServerEvents, Nothing, Client>;

const TICK_MS = 1000 / limits.liveUpdatesPerSecond;
const IDS_PER_MS = 1000; // ids go on growing after a restart, so that a client never takes a new message for an old one

/** The socket.io namespace `/live`: tells each client about the one flow that it watches, and everybody what changed. */
export class LiveChannel {
  readonly #options: ApiOptions;
  readonly #conceal: Conceal;
  readonly #io: Server;
  readonly #live: LiveNamespace;
  readonly #feeds = new Map<string, DebugFeed>();
  readonly #endings: (() => void)[] = [];
  #nextId: number;
  #stopTick: (() => void) | undefined;

  constructor(server: HttpServer, options: ApiOptions) {
    this.#options = options;
    this.#conceal = (text, most) => options.project.conceal(text, most);
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
    socket.data = { flow: null, counters: '', paused: false, waiting: [], missed: 0 };
    socket.on('watch', (request: unknown) => { this.#watch(socket, flowOf(request)); });
    socket.on('debugPaused', (paused: unknown) => { socket.data.paused = paused === true; });
    this.#stopTick ??= this.#options.clock.after(TICK_MS, () => { this.#tick(); });
  }

  #watch(socket: LiveSocket, flow: string | null): void {
    socket.data = { ...socket.data, flow: null, waiting: [], missed: 0 };
    if (flow === null) return;
    this.#sendDebug(flow, this.#watched().get(flow) ?? []); // what the snapshot holds must not come once more
    socket.data.flow = flow;
    const counters = this.#counters(flow);
    if (!counters) return;
    socket.data.counters = newsOf(counters);
    socket.emit('snapshot', { counters, debug: this.#feeds.get(flow)?.history() ?? [] });
  }

  #observe(event: RuntimeEvent): void {
    if (event.kind !== 'debug' && event.kind !== 'failure' && event.kind !== 'log') return;
    const now = this.#options.clock.elapsed();
    let feed = this.#feeds.get(event.flow);
    if (!feed) this.#feeds.set(event.flow, (feed = new DebugFeed(now, this.#conceal)));
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
    return watched;
  }

  #sendCounters(flow: string, watchers: readonly LiveSocket[]): void {
    const counters = this.#counters(flow);
    if (!counters) return;
    const text = newsOf(counters);
    for (const socket of watchers) {
      // A client that cannot take them now gets the next ones instead of a queue of old ones.
      if (socket.data.counters === text || !socket.conn.transport.writable) continue;
      socket.data.counters = text;
      socket.emit('counters', counters);
    }
  }

  #sendDebug(flow: string, watchers: readonly LiveSocket[]): void {
    const batch = this.#feeds.get(flow)?.take();
    for (const socket of watchers) sendDebug(socket, batch);
  }

  /** The tick goes on whatever one flow does. A flow that never ran has none; the host is not asked, because the name is a client's. */
  #counters(flow: string): LiveCounters | undefined {
    const { host, clock } = this.#options;
    try {
      return host.live(flow) ? masked(host.counters(flow), this.#conceal) as LiveCounters : { flow, at: clock.now(), nodes: {}, wires: {}, connections: {} };
    } catch (error) {
      this.#options.log.warn({ err: error, flow }, `reading the counters of flow ${flow} failed`);
      return undefined;
    }
  }
}

/** What is new in counters; the time alone is no news. */
const newsOf = (counters: LiveCounters): string => JSON.stringify({ ...counters, at: 0 });

const FLOW_ID_MAX = 200;
function flowOf(request: unknown): string | null {
  const flow: unknown = typeof request === 'object' && request !== null && 'flow' in request ? request.flow : null;
  return typeof flow === 'string' && flow.length <= FLOW_ID_MAX ? flow : null;
}

/** A client that has paused, or is too slow to take what was sent before, is told later how many it missed. */
function sendDebug(socket: LiveSocket, batch: DebugBatch = { messages: [], skipped: 0 }): void {
  const client = socket.data;
  const room = client.paused ? 0 : limits.debugPerSecond - client.waiting.length;
  client.waiting.push(...batch.messages.slice(0, room));
  client.missed += batch.skipped + Math.max(0, batch.messages.length - room);
  if (client.paused || !socket.conn.transport.writable || client.waiting.length + client.missed === 0) return;
  socket.emit('debug', { messages: client.waiting, skipped: client.missed });
  client.waiting = [];
  client.missed = 0;
}
