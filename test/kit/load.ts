import { Agent, request } from 'node:http';
import { systemClock } from '../../runtime/clock.ts';
import { until } from './millrace-process.ts';

/** Messages in lanes: one lane sends its messages one after another, so that the order in which they were accepted is known. */

export interface LoadOptions {
  readonly lanes: number;
  /** Messages a second at most; what the machine does not give is not made up for. */
  readonly rate: number;
  readonly path: string;
  /** The process as it is reached now; it changes with a restart. */
  readonly address: () => string;
  /** What is written down beside each message when it begins to be sent. */
  readonly mark: () => number;
}
export interface Sent { readonly n: number; readonly k: string; readonly mark: number }

const BEAT_MS = 10;
const GROUPS = 16; // of lanes: a second key, coarser than the first

/** Sends on kept connections until it is told to stop. Each message is sent again under its event id until it is accepted. */
export class Load {
  readonly accepted: Sent[] = [];
  /** Not accepted, or not answered, and sent again. */
  repeated = 0;
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #lanes: Promise<void>[];
  readonly #turns: (() => void)[] = [];
  readonly #beat: NodeJS.Timeout;
  readonly #began = systemClock.elapsed();
  #n = 0;
  #feeding = true;
  #abandoned = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.lanes });
    this.#beat = setInterval(() => { for (const turn of this.#turns.splice(0, Math.ceil(options.rate * BEAT_MS / 1000))) turn(); }, BEAT_MS);
    this.#lanes = Array.from({ length: options.lanes }, (_, lane) => this.#feed(`k${lane}`));
  }

  /** Until so many more are accepted. */
  async more(count: number): Promise<void> {
    const enough = this.accepted.length + count;
    await until(() => this.accepted.length >= enough);
  }

  /** Every message that was begun is accepted before it ends. */
  async stop(): Promise<void> {
    this.#feeding = false;
    await Promise.all(this.#lanes);
    this.#end();
    process.stdout.write(`${this.accepted.length} messages, ${Math.round(this.accepted.length * 1000 / (systemClock.elapsed() - this.#began))} a second\n`);
  }

  /** At the end of a test that failed: nobody is there any more to accept anything. */
  abandon(): void {
    this.#feeding = false;
    this.#abandoned = true;
    this.#end();
  }

  #end(): void {
    clearInterval(this.#beat);
    this.#agent.destroy();
  }

  async #feed(k: string): Promise<void> {
    for (;;) {
      await new Promise<void>((resolve) => { this.#turns.push(resolve); });
      if (!this.#feeding) return;
      const sent = { n: this.#n++, k, mark: this.#options.mark() };
      if (!await this.#post(sent)) {
        await until(async () => {
          this.repeated++;
          return this.#abandoned || await this.#post(sent);
        });
      }
      this.accepted.push(sent);
    }
  }

  async #post({ n, k }: Sent): Promise<boolean> {
    const status = await new Promise<number>((resolve) => {
      const text = JSON.stringify({ n, k, g: `g${Number(k.slice(1)) % GROUPS}` });
      const sending = request(`${this.#options.address()}${this.#options.path}`, { agent: this.#agent, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0)).on('error', () => resolve(0));
      });
      sending.on('error', () => resolve(0)).end(text);
    });
    return status === 202 || status === 200;
  }
}
