import type { HttpRequest } from '../../../runtime/sdk/index.ts';
import { Refused, type Headers } from './answers.ts';

const PREFLIGHT_KEPT_S = '600'; // the longest time for which every browser keeps a preflight's answer

/** Which web pages may call. Without origins nothing is checked and no header is sent: browsers then keep the answer from other pages. */
export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #all: boolean;

  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins.map((origin) => origin.replace(/\/$/, '').toLowerCase()));
    this.#all = this.#origins.has('*');
  }

  get on(): boolean { return this.#origins.size > 0; }

  /** Headers of the answer; throws `Refused` 403 for a page that is not in the list. */
  headers({ headers }: HttpRequest): Headers {
    const origin = headers.origin;
    if (origin === undefined) return VARY;
    if (!this.#all && !this.#origins.has(origin.toLowerCase()) && !isSameHost(origin, headers.host)) {
      throw new Refused(403, 'webhook.origin', { en: `pages of ${origin} may not call this webhook; nothing was accepted`, ru: `страницам ${origin} вызывать этот вебхук не разрешено; ничего не принято` });
    }
    return { 'access-control-allow-origin': this.#all ? '*' : origin, 'access-control-expose-headers': 'x-run-id, retry-after, idempotency-replayed', ...VARY };
  }

  preflight(request: HttpRequest, methods: readonly string[]): Headers {
    const asked = request.headers['access-control-request-headers'];
    return {
      ...this.headers(request),
      'access-control-allow-methods': methods.join(', '),
      ...(asked !== undefined && /^[\w\s,-]{1,500}$/.test(asked) && { 'access-control-allow-headers': asked }),
      'access-control-max-age': PREFLIGHT_KEPT_S,
    };
  }
}

const VARY: Headers = { vary: 'origin' };

function isSameHost(origin: string, host: string | undefined): boolean {
  try { return host !== undefined && new URL(origin).host === host; } catch { return false; }
}
