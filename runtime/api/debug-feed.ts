import type { FailureEvent, DebugEvent, LogEvent } from '../observe.ts';
import { limits } from '../limits.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { DebugBatch, DebugMessage } from './contract.ts';
import { maskText } from './mask.ts';
import { show, type Conceal } from './show.ts';

export type ShownEvent = DebugEvent | FailureEvent | LogEvent;

/**
 * What one flow shows in the debug panel. A flow may emit a hundred thousand messages a second: those beyond what a person
 * can follow are counted, and cost no more than that. Ids grow. Time comes in as an argument.
 */
export class DebugFeed {
  readonly #history: { readonly message: DebugMessage; readonly bytes: number }[] = [];
  #historyBytes = 0;
  /** The newest message that `take` gave out. */
  #takenId = 0;
  #skipped = 0;
  readonly #bucket: TokenBucket;

  readonly #conceal: Conceal;

  constructor(elapsedMs: number, conceal: Conceal) {
    this.#bucket = new TokenBucket(limits.debugPerSecond, elapsedMs);
    this.#conceal = conceal;
  }

  add(event: ShownEvent, id: number, elapsedMs: number): void {
    if (this.#bucket.left(elapsedMs) < 1) { this.#skipped++; return; }
    this.#bucket.take();
    this.#remember(messageOf(event, id, this.#conceal));
  }

  /** Everything since the last call; undefined when there is nothing to say. */
  take(): DebugBatch | undefined {
    const messages = this.history().filter(({ id }) => id > this.#takenId);
    const skipped = this.#skipped;
    if (messages.length === 0 && skipped === 0) return undefined;
    this.#takenId = messages.at(-1)?.id ?? this.#takenId;
    this.#skipped = 0;
    return { messages, skipped };
  }

  /** The last messages, oldest first, for a client that comes later. */
  history(): readonly DebugMessage[] { return this.#history.map(({ message }) => message); }

  #remember(message: DebugMessage): void {
    const bytes = JSON.stringify(message).length;
    this.#history.push({ message, bytes });
    this.#historyBytes += bytes;
    while (this.#history.length > limits.debugKept || (this.#historyBytes > limits.debugKeptBytes && this.#history.length > 1)) {
      this.#historyBytes -= this.#history.shift()?.bytes ?? 0;
    }
  }
}

function messageOf(event: ShownEvent, id: number, conceal: Conceal): DebugMessage {
  const { at, flow, node } = event;
  const common = { id, at, flow, node };
  switch (event.kind) {
    case 'debug': return { ...common, runId: event.runId, kind: 'debug', label: maskText(conceal(event.label)), ...shownValue(event.value, conceal) };
    case 'log': return { ...common, runId: '', kind: 'log', level: event.level, label: maskText(conceal(event.text, limits.sandboxLogBytesMax)), ...shownValue(event.details ?? null, conceal) };
    case 'failure': {
      const { code, text, attempt, final } = event;
      return { ...common, runId: event.runId, kind: 'failure', level: final ? 'error' : 'warn', label: code, ...shownValue({ message: text, attempt, final }, conceal) };
    }
  }
}

function shownValue(raw: unknown, conceal: Conceal): { readonly value: unknown; readonly truncated?: true } {
  const { value, truncated } = show(raw, conceal);
  return truncated ? { value, truncated } : { value };
}
