import { addressOf } from '../../runtime/http-out/fetch.ts';
import type { Fetch, FetchAnswer, FetchOptions } from '../../runtime/sdk/index.ts';

/** A small internet for examples: `echo.test` answers what it was sent, `status.test/404` that status. */
export interface Sent { readonly url: string; readonly options: FetchOptions }

export class SimHttp {
  readonly sent: Sent[] = [];
  readonly #hosts = new Map<string, (request: Sent) => FetchAnswer | Promise<FetchAnswer>>();

  on(host: string, answer: (request: Sent) => FetchAnswer | Promise<FetchAnswer>): this {
    this.#hosts.set(host, answer);
    return this;
  }

  readonly fetch: Fetch = async (url, options = {}) => {
    const request = { url, options };
    this.sent.push(request);
    const { host } = addressOf(url);
    const answer = this.#hosts.get(host) ?? (host === 'echo.test' ? echo : host === 'status.test' ? status : undefined);
    if (!answer) throw new Error(`nobody answers for ${host}: give SimHttp an answer for it`);
    return await answer(request);
  };
}

export function answerOf(status: number, body: string | Uint8Array, headers: { readonly [name: string]: string } = {}): FetchAnswer {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { status, headers, bytes, text: () => new TextDecoder().decode(bytes) };
}

function echo({ url, options }: Sent): FetchAnswer {
  const { pathname, search } = new URL(url);
  const body = options.body === undefined ? '' : typeof options.body === 'string' ? options.body : new TextDecoder().decode(options.body);
  return answerOf(200, JSON.stringify({ method: options.method ?? 'GET', path: pathname + search, ...(body !== '' && { body }) }), { 'content-type': 'application/json' });
}

function status({ url }: Sent): FetchAnswer {
  const [, code = '200', text = ''] = new URL(url).pathname.split('/');
  return answerOf(Number(code), decodeURIComponent(text), { 'content-type': 'text/plain' });
}
