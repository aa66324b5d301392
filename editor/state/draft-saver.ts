import type { Flow, SaveAnswer } from '../../runtime/api/contract.ts';
import { ApiError } from '../api/client.ts';

/**
 * Saves a draft some time after its last change, one save at a time. What could not be saved is never dropped:
 * a stale draft waits for the person's choice, an offline one is tried again, and both are kept for a reload of the tab.
 */

export type SaveState = 'saved' | 'saving' | 'unsaved' | 'stale' | 'offline' | 'refused';

export interface SaverPorts {
  readonly save: (flow: Flow, expected: number) => Promise<SaveAnswer>;
  readonly later: (ms: number, callback: () => void) => () => void;
  /** Keeps what is not saved yet over a reload; undefined forgets it. */
  readonly keep: (unsaved: { readonly flow: Flow; readonly version: number } | undefined) => void;
  readonly onState: (state: SaveState, error?: ApiError) => void;
  readonly onSaved: (flow: Flow, answer: SaveAnswer) => void;
}

const QUIET_MS = 600; // a draft is saved when the person pauses so long
const RETRY_MS = 3000;

export class DraftSaver {
  version: number;
  readonly #ports: SaverPorts;
  #pending: Flow | undefined;
  #callOff: (() => void) | undefined;
  #running: Promise<boolean> | undefined;
  #held = false;
  /** After the save under way, another one so much later. */
  #retryIn: number | undefined;

  constructor(version: number, ports: SaverPorts) {
    this.version = version;
    this.#ports = ports;
  }

  get isIdle(): boolean {
    return this.#pending === undefined && this.#running === undefined;
  }

  /** Notes the newest draft; it is saved after a pause. While stale it is only kept. */
  note(flow: Flow): void {
    this.#pending = flow;
    this.#ports.keep({ flow, version: this.version });
    if (this.#held) return;
    if (this.#running) return;
    this.#ports.onState('unsaved');
    this.#schedule(QUIET_MS);
  }

  /** Saves now. False when something could not be saved. */
  async flush(): Promise<boolean> {
    if (this.#running) await this.#running;
    while (this.#pending) {
      if (this.#held || !(await this.#save())) return false;
    }
    return true;
  }

  /** After the person's choice: the newest draft builds on `version` now, or is gone. */
  resolve(version: number, keepDraft: boolean): void {
    this.version = version;
    this.#held = false;
    if (keepDraft && this.#pending) return this.#schedule(0);
    this.#pending = undefined;
    this.#ports.keep(undefined);
    this.#ports.onState('saved');
  }

  /** What waits for a save belongs to an older version. */
  hold(flow: Flow): void {
    this.#pending = flow;
    this.#held = true;
    this.#ports.onState('stale');
  }

  close(): void {
    this.#callOff?.();
  }

  #schedule(ms: number): void {
    this.#callOff?.();
    this.#callOff = this.#ports.later(ms, () => void this.#save());
  }

  #save(): Promise<boolean> {
    this.#callOff?.();
    this.#running ??= this.#saveOnce().finally(() => {
      this.#running = undefined;
      if (!this.#held && this.#retryIn !== undefined) this.#schedule(this.#retryIn);
    });
    return this.#running;
  }

  async #saveOnce(): Promise<boolean> {
    const flow = this.#pending;
    this.#pending = undefined;
    this.#retryIn = undefined;
    if (!flow) return true;
    this.#ports.onState('saving');
    try {
      const answer = await this.#ports.save(flow, this.version);
      this.version = answer.version;
      this.#ports.onSaved(flow, answer);
    } catch (error) {
      this.#failed(flow, error);
      return false;
    }
    this.#afterSave();
    return true;
  }

  #afterSave(): void {
    if (this.#pending) {
      this.#ports.keep({ flow: this.#pending, version: this.version });
      this.#ports.onState('unsaved');
      this.#retryIn = QUIET_MS;
      return;
    }
    this.#ports.keep(undefined);
    this.#ports.onState('saved');
  }

  #failed(flow: Flow, error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.#pending ??= flow;
    this.#ports.keep({ flow: this.#pending, version: this.version });
    if (error.status === 412) return this.hold(this.#pending);
    const offline = error.status === 0 || error.status >= 502;
    this.#ports.onState(offline ? 'offline' : 'refused', error);
    if (offline) this.#retryIn = RETRY_MS;
  }
}
