import type { Json, Text } from './flow/flow.ts';

/** What the runtime tells whoever watches. Watching is optional and never slows or stops the watched. */

export interface DebugEvent { readonly kind: 'debug'; readonly at: number; readonly flow: string; readonly node: string; readonly runId: string; readonly label: string; readonly value: unknown }
export interface StatusEvent { readonly kind: 'status'; readonly at: number; readonly flow: string; readonly node: string; readonly status: { readonly kind: 'good' | 'warn' | 'bad' | 'info'; readonly text: Text } | null }
/** Of a message; `runId` is empty where a node failed as it stopped. */
export interface FailureEvent { readonly kind: 'failure'; readonly at: number; readonly flow: string; readonly node: string; readonly runId: string; readonly code: string; readonly text: Text; readonly attempt: number; readonly final: boolean }
export interface LogEvent { readonly kind: 'log'; readonly at: number; readonly flow: string; readonly node: string; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly text: string; readonly details?: { readonly [name: string]: Json } }
export interface DeployEvent { readonly kind: 'deploy'; readonly at: number; readonly flow: string; readonly revision: number; readonly state: 'live' | 'stopped' | 'failed' }
export interface ConnectionEvent { readonly kind: 'connection'; readonly at: number; readonly connection: string; readonly state: 'open' | 'paused' | 'closed'; readonly reason?: Text; readonly probeAt?: number }

export type RuntimeEvent = DebugEvent | StatusEvent | FailureEvent | LogEvent | DeployEvent | ConnectionEvent;

export class Observers {
  readonly #watchers = new Set<(event: RuntimeEvent) => void>();
  /** True when anybody watches: lets the hot path skip making events. */
  get any(): boolean { return this.#watchers.size > 0; }
  watch(watcher: (event: RuntimeEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => { this.#watchers.delete(watcher); };
  }
  emit(event: RuntimeEvent): void {
    for (const watcher of this.#watchers) watcher(event);
  }
}
