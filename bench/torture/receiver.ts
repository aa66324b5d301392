import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from './flows.ts';

interface Told { readonly n: number; readonly resume?: string }

/**
 * The other side: takes each idempotency key once and answers a repeat as the first time. Now and then it fails, asks everybody to wait, cuts
 * the connection before or after it has done the work, or takes long.
 */
export class Receiver {
  /** Idempotency keys by what they did: more than one key for a message at a stage is a doubled effect. */
  readonly done = new Map<string, Set<string>>();
  /** Addresses at which messages wait for an answer. */
  readonly waiting = new Set<string>();
  requests = 0;
  repeats = 0;
  /** Off at the end, so that everything can arrive. */
  difficult = true;
  readonly #random: Random;
  readonly #server: Server;

  private constructor(random: Random) {
    this.#random = random;
    this.#server = createServer((request, response) => void this.#answer(request, response).catch(() => response.destroy()));
  }

  static async open(random: Random): Promise<Receiver> {
    const receiver = new Receiver(random);
    await new Promise<void>((resolve) => { receiver.#server.listen(0, '127.0.0.1', resolve); });
    return receiver;
  }
  get address(): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const fate = this.difficult ? this.#random() : 1;
    this.requests++;
    if (fate < 0.01) { response.writeHead(503, { 'retry-after': '1' }).end(); return; }
    if (fate < 0.03) { response.writeHead(500).end(); return; }
    if (fate < 0.035) { response.destroy(); return; }
    this.#do(request, JSON.parse(text) as Told);
    if (fate < 0.045) { response.destroy(); return; }
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  #do(request: IncomingMessage, { n, resume }: Told): void {
    const effect = `http${request.url ?? ''}#${n}`;
    const keys = this.done.get(effect) ?? new Set();
    const key = String(request.headers['idempotency-key']);
    if (keys.has(key)) this.repeats++;
    else if (resume !== undefined) this.waiting.add(resume);
    this.done.set(effect, keys.add(key));
  }
}
