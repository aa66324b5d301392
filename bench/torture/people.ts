import { pause } from '../kit/millrace.ts';
import type { Random } from './flows.ts';
import type { Life } from './life.ts';

/** What people do to messages while the process is tortured, and what of it the oracle has to know. */

interface Answer { readonly status: number; readonly json: { readonly [key: string]: unknown } }
interface Letter { readonly id: string; readonly flow: string; readonly node: string; readonly kind: string; readonly code: string; readonly body: { readonly payload?: { readonly n?: number } } }
const numberIn = ({ body }: Letter): number => body.payload?.n ?? -1;

export async function ask(life: Life, [method, path]: readonly [string, string], sent: { readonly body?: object; readonly version?: number } = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${life.port}/api/v1${path}`, {
    method, signal: AbortSignal.timeout(30_000), headers: { 'content-type': 'application/json', ...(sent.version !== undefined && { 'if-match': `"${sent.version}"` }) }, ...(sent.body && { body: JSON.stringify(sent.body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? {} : JSON.parse(text) as Answer['json'] };
}

export class People {
  /** Accepted messages by their runs. */
  readonly runs = new Map<string, number>();
  readonly replayed: string[] = [];
  /** Messages that a person discarded, or may have: nobody knows when the process ended before the answer. */
  readonly discarded = new Set<number>();
  /** Runs that began beside the accepted ones: surely, and perhaps. */
  begun = 0;
  perhaps = 0;
  readonly done = { 'parked messages resent': 0, 'dead letters mended and resent': 0, 'keys released': 0, 'keys skipped': 0, 'runs replayed': 0, 'runs cancelled': 0, 'callbacks answered': 0 };
  readonly #life: Life;
  readonly #random: Random;

  constructor(life: Life, random: Random) {
    this.#life = life;
    this.#random = random;
  }

  async #ask(method: string, path: string, body?: object): Promise<Answer> { return await ask(this.#life, [method, path], body && { body }); }
  #one<T>(from: readonly T[]): T | undefined { return from[Math.floor(this.#random() * from.length)]; }

  /**
   * One thing that somebody does. Replays only where the way of a message stays as it is and nobody outside is waited for, who would have to answer again; cancels only where no join waits for parts, which
   * would wait on without time limit for those that are discarded.
   */
  async act(flows: readonly { readonly id: string; readonly replayed: boolean; readonly joins: boolean }[]): Promise<void> {
    const dice = this.#random();
    if (dice < 0.4) await this.freeKeys(flows, 1);
    else if (dice < 0.6) await this.#mend(this.#one((await this.letters('&code=function.threw')).filter(({ code }) => code === 'function.threw')));
    else if (dice < 0.8) await this.#replay(this.#one(flows.filter(({ replayed }) => replayed))?.id);
    else await this.#cancel(this.#one(flows.filter(({ joins }) => !joins))?.id);
  }

  async letters(filter = ''): Promise<readonly Letter[]> {
    const found: Letter[] = [];
    for (let after = ''; ;) {
      const { status, json } = await this.#ask('GET', `/dead-letters?limit=500${filter}${after}`);
      if (status !== 200) throw new Error(`listing dead letters: ${status}`);
      found.push(...json.deadLetters as readonly Letter[]);
      if (json.next === undefined) return found;
      after = `&after=${String(json.next)}`;
    }
  }

  /** Lets keys go on that wait behind dead letters: in place of it, without it, or behind it once it is mended. */
  async freeKeys(flows: readonly { readonly id: string }[], most = Infinity): Promise<void> {
    for (const { id } of flows) {
      const { status, json } = await this.#ask('GET', `/flows/${id}/held-keys`);
      const keys = status === 200 ? json.keys as readonly { node: string; key: string; deadLetter: string }[] : [];
      for (const { node, key, deadLetter } of keys.slice(0, most)) {
        const action = this.#one(['resend', 'resend', 'skip', 'release'] as const);
        const letter = await this.#ask('GET', `/dead-letters/${deadLetter}`);
        if (letter.status !== 200) continue;
        if (action === 'resend') { await this.#mend(letter.json as unknown as Letter, { node, key }); continue; }
        if (action === 'skip') this.discarded.add(numberIn(letter.json as unknown as Letter));
        const freed = await this.#ask('POST', `/flows/${id}/held-keys`, { node, key, action });
        if (freed.status < 300) this.done[action === 'skip' ? 'keys skipped' : 'keys released']++;
      }
    }
  }

  async #mend(letter: Letter | undefined, held?: { readonly node: string; readonly key: string }): Promise<void> {
    if (!letter) return;
    const { payload } = letter.body;
    await this.#ask('PUT', `/dead-letters/${letter.id}`, { body: { ...letter.body, payload: { ...payload, mended: true } } });
    await this.#begin(1, async () => {
      const { status, json } = held
        ? await this.#ask('POST', `/flows/${letter.flow}/held-keys`, { ...held, action: 'resend' })
        : await this.#ask('POST', '/dead-letters/resend', { ids: [letter.id], to: 'node' });
      const count = held ? Number(status < 300) : Number(json.done ?? 0);
      this.done['dead letters mended and resent'] += count;
      return count;
    });
  }

  /** What was parked goes to another node, or back to its own when it is there again. */
  async resendParked(query: { readonly flow?: string; readonly node?: string }, to: string | undefined): Promise<void> {
    const many = (await this.letters(`&kind=parked${Object.entries(query).map(([name, value]) => `&${name}=${value}`).join('')}`)).length;
    await this.#begin(many, async () => {
      const { json } = await this.#ask('POST', '/dead-letters/resend', { query: { kind: 'parked', ...query }, to: to === undefined ? 'node' : { node: to } });
      if (json.refused === undefined || (json.refused as readonly unknown[]).length > 0) console.log(`resending what was parked: ${JSON.stringify(json).slice(0, 300)}`);
      this.done['parked messages resent'] += Number(json.done ?? 0);
      return Number(json.done ?? 0);
    });
  }

  /** So many runs at most begin by it; how many it was is not known when there is no answer. */
  async #begin(most: number, act: () => Promise<number>): Promise<void> {
    this.perhaps += most;
    const count = await act(); // others begin some meanwhile
    this.begun += count;
    this.perhaps -= most;
  }

  /** With the same keys: whatever is recorded as done must not be done again, and what is done again must be known to who takes it. */
  async #replay(flow: string | undefined): Promise<void> {
    if (flow === undefined) return;
    const { json } = await this.#ask('GET', `/runs?flow=${flow}&state=completed&limit=200`);
    const run = this.#one((json.runs as readonly { id: string; recorded: boolean }[] | undefined)?.filter(({ recorded }) => recorded) ?? []);
    if (!run) return;
    await this.#begin(1, async () => {
      const { json: { runs = [] } } = await this.#ask('POST', `/runs/${run.id}/replay`, { mode: 'same-keys' });
      this.replayed.push(...runs as readonly string[]);
      this.done['runs replayed'] += (runs as readonly string[]).length;
      return (runs as readonly string[]).length;
    });
  }

  async #cancel(flow: string | undefined): Promise<void> {
    if (flow === undefined) return;
    const { json } = await this.#ask('GET', `/runs?flow=${flow}&state=pending&limit=200`);
    const run = this.#one((json.runs as readonly { id: string }[] | undefined)?.filter(({ id }) => this.runs.has(id)) ?? []);
    const n = run && this.runs.get(run.id);
    if (n === undefined) return;
    this.discarded.add(n);
    if ((await this.#ask('POST', `/runs/${run?.id}/cancel`)).status < 300) this.done['runs cancelled']++;
  }

  /** Somebody outside answers every message that waits, until it is told that the answer is known. */
  async answer(addresses: Set<string>): Promise<void> {
    for (const address of addresses) {
      const status = await this.#life.caller.call(address, { ok: true }).then((reply) => reply.status, () => 0);
      if (status === 200) this.done['callbacks answered']++;
      if (status === 200 || status === 409 || status === 410) addresses.delete(address);
      else await pause(100);
    }
  }
}
