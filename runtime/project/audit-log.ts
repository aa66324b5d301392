import type { Clock } from '../clock.ts';
import { limits } from '../limits.ts';
import type { AuditEntry, Store } from '../store/store.ts';
import type { Log } from './log.ts';

interface AuditLogOptions { readonly store: Pick<Store, 'audit'>; readonly clock: Clock; readonly log: Log }

/**
 * Who did what. A line comes after what it tells of, which cannot be taken back: a disk that refuses the line must not make people believe
 * that nothing happened, and do it once more. Such a line waits in memory, late but never wrong.
 */
export class AuditLog {
  readonly #o: AuditLogOptions;
  readonly #waiting: AuditEntry[] = [];
  #cancel: () => void = () => undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) { this.#o = options; }

  async add(what: Omit<AuditEntry, 'at'>): Promise<void> {
    const { store, clock, log } = this.#o;
    const entry = { at: clock.now(), ...what };
    try {
      await store.audit(entry);
    } catch (error) {
      if (this.#waiting.length >= limits.auditWaitingMax) throw error;
      if (this.#waiting.push(entry) > 1) return;
      log('error', `writing the audit log: ${reasonOf(error)}; will be tried again`);
      this.#later();
    }
  }

  /** Those that wait have a last chance. */
  async close(): Promise<void> {
    await this.#stop();
    try {
      await this.#write();
    } catch (error) {
      this.#o.log('error', `closing: ${this.#waiting.length} lines of the audit log are lost (${reasonOf(error)})`);
    }
  }

  async #stop(): Promise<void> {
    this.#cancel();
    await this.#writing;
    this.#cancel(); // what was being written may have planned the next
  }

  #later(): void {
    this.#cancel = this.#o.clock.after(limits.auditRetryMs, () => {
      this.#writing = this.#write().catch(() => this.#later());
    });
  }

  async #write(): Promise<void> {
    for (let entry; (entry = this.#waiting[0]); this.#waiting.shift()) await this.#o.store.audit(entry);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
