import type { DebugMessage, LiveCounters, LiveServerEvents, NodeCounters, WireCounters } from '../../runtime/api/contract.ts';
import { own } from '../../runtime/flow/own.ts';
import { limits } from '../../runtime/limits.ts';
import { openLive } from '../api/live.ts';
import type { LiveSocket } from '../api/live.ts';
import { later, now, ticking } from './timing.ts';

const LOST_AFTER_MS = 2500;
const SECOND_MS = 1000;

export type Changed = Parameters<LiveServerEvents['changed']>[0];

/** What the runtime tells while it runs: counters of the watched flow and the debug messages. */
export class Live {
  isConnected = $state(false);
  /** The runtime has not answered for a while. A short gap is nobody's concern. */
  isLost = $state(false);
  counters = $state.raw<LiveCounters>();
  /** Oldest first. */
  debug = $state.raw<readonly DebugMessage[]>([]);
  /** Messages that were not shown since the panel was cleared, because there were too many in a second. */
  skipped = $state(0);
  isPaused = $state(false);

  /** What the runtime's clock says now, as far as its last counters tell; goes on by the second where it is shown. */
  get now(): number {
    const here = this.#seconds.now;
    return this.counters ? this.counters.at + Math.max(0, here - this.#takenAt) : here;
  }

  readonly #seconds = ticking(SECOND_MS);
  #takenAt = 0;
  readonly #socket: LiveSocket;
  readonly #listeners = new Set<(what: Changed) => void>();
  readonly #reconnectListeners = new Set<() => void>();
  readonly #debugListeners = new Set<() => void>();
  #callOffLost: () => void = () => undefined;
  #wasConnected = false;
  #watched: string | null = null;
  // Messages up to this one were cleared; a reconnect must not bring them back.
  #clearedUpTo = -1;

  constructor(socket: LiveSocket = openLive()) {
    this.#socket = socket;
    socket.on('connect', () => {
      this.isConnected = true;
      this.#callOffLost();
      this.isLost = false;
      if (this.#wasConnected) for (const listener of this.#reconnectListeners) listener();
      this.#wasConnected = true;
      socket.emit('debugPaused', this.isPaused);
      socket.emit('watch', { flow: this.#watched });
    });
    socket.on('disconnect', () => {
      this.isConnected = false;
      this.#startLosing();
    });
    socket.on('snapshot', (state) => {
      this.#take(state.counters);
      this.debug = state.debug.filter((message) => message.id > this.#clearedUpTo);
    });
    socket.on('counters', (counters) => this.#take(counters));
    socket.on('debug', (batch) => {
      this.debug = [...this.debug, ...batch.messages].slice(-limits.editorDebugKept);
      this.skipped += batch.skipped;
      if (batch.messages.length > 0) for (const listener of this.#debugListeners) listener();
    });
    socket.on('changed', (what) => {
      for (const listener of this.#listeners) listener(what);
    });
  }

  start(): void {
    this.#startLosing();
    this.#socket.connect();
  }

  /** Follows another flow, or none. */
  watch(flow: string | null): void {
    this.#watched = flow;
    this.counters = undefined;
    this.debug = [];
    this.skipped = 0;
    if (this.#socket.connected) this.#socket.emit('watch', { flow });
  }

  node(id: string): NodeCounters | undefined {
    return own(this.counters?.nodes, id);
  }

  wire(id: string): WireCounters | undefined {
    return own(this.counters?.wires, id);
  }

  pause(paused: boolean): void {
    this.isPaused = paused;
    this.#socket.emit('debugPaused', paused);
  }

  clearDebug(): void {
    this.#clearedUpTo = this.debug.at(-1)?.id ?? this.#clearedUpTo;
    this.debug = [];
    this.skipped = 0;
  }

  /** Called when a flow, the list, a deploy or a connection changed anywhere. */
  onChanged(listener: (what: Changed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDebug(listener: () => void): () => void {
    this.#debugListeners.add(listener);
    return () => this.#debugListeners.delete(listener);
  }

  /** Called when the channel is back: what happened meanwhile was not told. */
  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  #startLosing(): void {
    this.#callOffLost();
    this.#callOffLost = later(LOST_AFTER_MS, () => {
      this.isLost = true;
    });
  }

  #take(counters: LiveCounters): void {
    if (counters.flow !== this.#watched) return;
    this.#takenAt = now();
    this.counters = counters;
  }
}
