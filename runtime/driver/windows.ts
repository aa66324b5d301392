import type { Json } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { Kept } from './kept.ts';

export interface Window {
  readonly key: string;
  /** Id of its first message: with node and key it names the window for ever. */
  readonly first: string;
  state: Json;
  closeAt: number | null;
  /** None when no time is set, or when it came while the node could not run. */
  cancel: (() => void) | undefined;
  /** Memory mode only; in durable mode the journal holds what is kept. */
  readonly kept: Kept[];
  count: number;
}

/** It has closed, and is known for those that come late. */
const isClosed = ({ state }: Window): boolean => typeof state === 'object' && state !== null && 'closed' in state;

/** The windows of one node: those that gather, and those that are remembered. */
export class NodeWindows implements Iterable<Window> {
  readonly #all = new Map<string, Window>();
  readonly #closed = new Map<string, Window>();

  get size(): number { return this.#all.size; }
  get full(): boolean { return this.#all.size - this.#closed.size >= limits.windowsOpenMax; }
  get(key: string): Window | undefined { return this.#all.get(key); }

  set(window: Window): void {
    this.#all.set(window.key, window);
    if (isClosed(window)) this.#closed.set(window.key, window);
  }
  delete(key: string): void {
    this.#all.delete(key);
    this.#closed.delete(key);
  }
  /** The one that is forgotten when one more has to be remembered. */
  get beyond(): Window | undefined {
    if (this.#closed.size <= limits.windowsRememberedMax) return undefined;
    for (const oldest of this.#closed.values()) return oldest;
    return undefined;
  }
  [Symbol.iterator](): Iterator<Window> { return this.#all.values(); }
}

export function tooMany(node: string, key: string): NodeFailure {
  return new NodeFailure('join.too-many', {
    en: `collecting at node ${node}: the window "${key}" keeps ${limits.joinKeptMessagesMax} messages already; set a smaller count or a timeout`,
    ru: `сбор в узле ${node}: окно «${key}» уже хранит ${limits.joinKeptMessagesMax} сообщений; задайте меньшее число или время ожидания`,
  });
}

export function tooManyWindows(node: string): NodeFailure {
  return new NodeFailure('collect.too-many-windows', {
    en: `collecting at node ${node}: ${limits.windowsOpenMax} windows are open already; choose a shorter time, or a key with fewer values`,
    ru: `сбор в узле ${node}: открыто уже ${limits.windowsOpenMax} окон; выберите меньшее время или ключ с меньшим числом значений`,
  });
}
