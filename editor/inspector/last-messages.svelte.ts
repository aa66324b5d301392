import type { LastMessages, SeenMessage } from '../../runtime/api/contract.ts';
import { api, ApiError } from '../api/client.ts';
import { later } from '../state/timing.ts';

/** A busy node has thousands of messages a second; a person reads one. */
const LEAST_MS_BETWEEN = 800;
const RECENT_MAX = 5; // enough to see which keys not every message has

/** The last message in and out of one node, read again when the node has worked, but not more often than a person can read. */
export class LastMessagesOf {
  answer = $state.raw<LastMessages>({ outputs: {} });
  /** The last messages in that were seen, oldest first. */
  recent = $state.raw<readonly SeenMessage[]>([]);
  isLoaded = $state(false);
  error = $state.raw<ApiError>();
  readonly #flow: string;
  readonly #node: string;
  #callOff: (() => void) | undefined;
  #again = false;
  #closed = false;
  #asked = 0;
  #heard = 0;

  constructor(flow: string, node: string) {
    this.#flow = flow;
    this.#node = node;
  }

  get input(): SeenMessage | undefined {
    return this.answer.input;
  }

  /** Asks for the newest now, or as soon as the least time since the last question has passed. */
  refresh(): void {
    if (this.#callOff) {
      this.#again = true;
      return;
    }
    void this.#load();
    this.#callOff = later(LEAST_MS_BETWEEN, () => {
      this.#callOff = undefined;
      if (this.#again) {
        this.#again = false;
        this.refresh();
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#callOff?.();
  }

  async #load(): Promise<void> {
    const ask = ++this.#asked;
    try {
      const answer = await api.lastMessages(this.#flow, this.#node);
      if (this.#closed || ask < this.#heard) return;
      this.#heard = ask;
      this.answer = answer;
      const { input } = answer;
      if (input && !this.recent.some(({ at, runId }) => at === input.at && runId === input.runId)) this.recent = [...this.recent, input].slice(-RECENT_MAX);
      this.error = undefined;
      this.isLoaded = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#closed) return;
      // A node that was never deployed has no messages; that is no failure.
      if (error.status === 404) this.isLoaded = true;
      else this.error = error;
    }
  }
}
