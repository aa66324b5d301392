import { createHash } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { compilePath, defineSource, limits, NodeFailure } from '../../../runtime/sdk/index.ts';
import type { Body, ConfigOf, DeliverOptions, HttpAnswer, HttpRequest, Json, RouteOptions, SourceContext } from '../../../runtime/sdk/index.ts';
import { Answers, Refused, refusals, type Headers } from './answers.ts';
import { BodyReaders, type Read } from './body.ts';
import { createCheck, NotAllowed, secretHeaders, type Check } from './check.ts';
import { Cors } from './cors.ts';
import { config } from './fields.ts';
import { parsePairs } from './form.ts';
import { help } from './help.ts';

type Config = ConfigOf<typeof config>;

const ANY_METHOD = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
// What proves the caller, or lets one act in the caller's name, stays out of messages whatever the check.
const NEVER_KEPT = ['authorization', 'proxy-authorization', 'cookie'];

/** Serves one path under `/hook`. The caller's answer comes after the journal holds the message, never before. */
export default defineSource({
  type: 'webhook-in',
  version: 1,
  title: { en: 'Webhook', ru: 'Вебхук' },
  category: 'source',
  icon: 'webhook',
  summary: { en: 'Starts a run for each HTTP request: a form on a site, a hook of another system.', ru: 'Запускает поток на каждый HTTP-запрос: форма на сайте, уведомление другой системы.' },
  help,
  keywords: ['http in', 'post', 'form', 'hook', 'rest', 'api', 'форма', 'запрос', 'хук'],
  line: '{method} /hook{path}',
  config,
  outputs: {
    fixed: {
      out: {
        title: { en: 'Request', ru: 'Запрос' },
        body: { type: 'record', fields: { payload: { type: 'any' }, files: { type: 'list', optional: true }, request: { type: 'record', fields: { method: { type: 'text' }, path: { type: 'text' }, params: { type: 'record' }, query: { type: 'record' }, headers: { type: 'record' }, remote: { type: 'text' } } } } },
      },
    },
  },
  failures: refusals,
  examples: [
    {
      name: 'a JSON post',
      config: { path: '/lead', method: 'POST' },
      given: [{ method: 'POST', path: '/lead', body: { name: 'Anna', phone: '+7 000 123-45-67' } }],
      emits: { out: [{ payload: { name: 'Anna', phone: '+7 000 123-45-67' }, request: { method: 'POST', path: '/lead', params: {}, query: {}, headers: { 'content-type': 'application/json' }, remote: '127.0.0.1' } }] },
    },
    {
      name: 'a form of a site, with a tag in the query',
      config: { path: '/lead', method: 'POST', headersKept: 'none' },
      given: [{ method: 'POST', path: '/lead', query: 'utm=ads', form: 'name=%D0%90%D0%BD%D0%BD%D0%B0&topic=a&topic=b' }],
      emits: { out: [{ payload: { name: 'Анна', topic: ['a', 'b'] }, request: { method: 'POST', path: '/lead', params: {}, query: { utm: 'ads' }, headers: {}, remote: '127.0.0.1' } }] },
    },
    {
      name: 'a request without a body gives its query',
      config: { path: '/orders/:id', method: 'GET', headersKept: 'none' },
      given: [{ method: 'GET', path: '/orders/17', params: { id: '17' }, query: 'full=yes' }],
      emits: { out: [{ payload: { full: 'yes' }, request: { method: 'GET', path: '/orders/17', params: { id: '17' }, query: { full: 'yes' }, headers: {}, remote: '127.0.0.1' } }] },
    },
  ],
  receive,
  routes: (c) => [routeOf(c), ...(c.origins.length > 0 ? [preflightOf(c)] : [])],
  start(context) {
    const webhook = new Webhook(context);
    const route = routeOf(context.config);
    context.route(route, (request) => webhook.request(request));
    if (webhook.cors.on) servePreflight(context, webhook, route.methods);
  },
});

const routeOf = ({ method, path, bodyMax }: Config): RouteOptions => ({ methods: method === 'any' ? ANY_METHOD : [method], path, bodyBytesMax: Math.min(bodyMax, limits.bodyBytesMax) });
const preflightOf = ({ path }: Config): RouteOptions => ({ methods: ['OPTIONS'], path, bodyBytesMax: 0 });

/** Two webhooks of one path and different methods share its preflight: the first to start answers it for both. */
function servePreflight(context: SourceContext<Config>, webhook: Webhook, methods: readonly string[]): void {
  try {
    context.route(preflightOf(context.config), async (request) => webhook.preflight(request, methods));
  } catch (error) {
    if (!(error instanceof NodeFailure) || error.code !== 'route.taken') throw error;
    context.log.info(`another webhook answers the preflight of ${context.config.path}: its allowed origins count there`);
  }
}

/** One webhook at work: everything that is the same for every request is made here, once. */
class Webhook {
  readonly cors: Cors;
  readonly #context: SourceContext<Config>;
  readonly #config: Config;
  readonly #check: Check;
  readonly #readers: BodyReaders;
  readonly #answers: Answers;
  readonly #dropped: ReadonlySet<string>;
  readonly #kept: readonly string[];
  readonly #keyOf: (body: Body) => string | undefined;
  readonly #eventOf: (body: Body) => string | undefined;

  constructor(context: SourceContext<Config>) {
    const { config: c } = context;
    this.#context = context;
    this.#config = c;
    this.#check = createCheck(c);
    this.#readers = new BodyReaders(c.bodyAs, Math.min(c.bodyMax, limits.bodyBytesMax));
    refuseUnsendable(c.headers);
    this.#answers = new Answers(c.headers);
    this.cors = new Cors(c.origins);
    this.#dropped = new Set([...NEVER_KEPT, ...secretHeaders(c)]);
    this.#kept = c.headerNames.map((name) => name.toLowerCase()).filter((name) => !secretHeaders(c).includes(name) && name !== 'authorization');
    this.#keyOf = textAt(c.orderBy);
    this.#eventOf = textAt(c.eventId);
  }

  preflight(request: HttpRequest, methods: readonly string[]): HttpAnswer {
    try {
      return { status: 204, headers: this.cors.preflight(request, methods), body: '' };
    } catch (error) {
      if (error instanceof Refused) return this.#answers.refused(request, error);
      throw error;
    }
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    let cors: Headers | undefined;
    try {
      if (this.cors.on) cors = this.cors.headers(request);
      this.#check(request, this.#context.clock.now());
      const reading = this.#readers.read(request);
      const body = this.#bodyOf(request, reading instanceof Promise ? await reading : reading);
      return withHeaders(await this.#deliver(request, body), cors);
    } catch (error) {
      if (error instanceof Refused) return withHeaders(this.#answers.refused(request, error, error instanceof NotAllowed ? error.headers : undefined), cors);
      throw error;
    }
  }

  async #deliver(request: HttpRequest, body: Body): Promise<HttpAnswer> {
    const options = this.#options(request, body);
    let receipt;
    try {
      receipt = await this.#context.deliver(body, options);
    } catch (error) {
      if (!(error instanceof NodeFailure)) throw error;
      if (error.code !== 'queue.full') this.#context.log.error(`a request was not accepted: ${error.message}`, { code: error.code });
      return this.#answers.notTaken(request, error);
    }
    const outcome = receipt.reply && await receipt.reply;
    // Of a repeat that had no answer only the run can be named, and that it failed, if it did: nobody may take that for done.
    if (!outcome || (receipt.duplicate && outcome.kind === 'ended' && outcome.how !== 'dead-lettered')) return receipt.duplicate ? this.#answers.duplicate(receipt.runId) : this.#answers.accepted(receipt.runId);
    return this.#answers.ofFlow(request, receipt.runId, outcome);
  }

  #options(request: HttpRequest, body: Body): DeliverOptions {
    const { answer, timeout } = this.#config;
    const key = this.#keyOf(body);
    const idempotency = request.headers['idempotency-key'] || undefined;
    const event = this.#eventOf(body) ?? (idempotency === undefined ? undefined : `${callerOf(request)}${idempotency}`);
    if (key === undefined && event === undefined && answer === 'at-once') return NO_OPTIONS;
    return {
      ...(key !== undefined && { key }),
      ...(event !== undefined && { eventId: event }),
      ...(answer === 'wait' && { reply: { timeoutMs: timeout, ...(event !== undefined && { idempotency: this.#idempotency(request, idempotency ?? event) }) } }),
    };
  }

  /** The address is part of what must be the same: a key used for another order is another request. */
  #idempotency(request: HttpRequest, key: string): NonNullable<NonNullable<DeliverOptions['reply']>['idempotency']> {
    const { flow, node } = this.#context;
    const bodyHash = createHash('sha256').update(`${request.method} ${request.path}?${request.query}\n`).update(request.body).digest('base64url');
    return { scope: `${flow.id}/${node.id}/${callerOf(request)}`, key, bodyHash };
  }

  #bodyOf(request: HttpRequest, read: Read): Body {
    const { method, path, params, remote } = request;
    const query = request.query === '' ? {} : parsePairs(request.query);
    const bodiless = request.body.length === 0 && (method === 'GET' || method === 'DELETE');
    const about = { method, path, params, query, headers: this.#headersOf(request), remote };
    const payload = bodiless ? query : read.payload;
    return read.files ? { payload, files: read.files, request: about } : { payload, request: about };
  }

  #headersOf({ headers }: HttpRequest): Headers {
    const kept: Record<string, string> = {};
    switch (this.#config.headersKept) {
      case 'all':
        for (const name in headers) if (!this.#dropped.has(name)) kept[name] = headers[name] as string;
        return kept;
      case 'named':
        for (const name of this.#kept) if (headers[name] !== undefined) kept[name] = headers[name];
        return kept;
      case 'none': return kept;
    }
  }
}

/** Else no answer could be sent, although what was asked is done. */
function refuseUnsendable(headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      throw new NodeFailure('webhook.config', { en: `starting the webhook: the header ${name} of the answer cannot be sent: it has characters that no header may have`, ru: `запуск вебхука: заголовок ответа ${name} нельзя отправить: в нём недопустимые символы` }, { cause: error });
    }
  }
}

const NO_OPTIONS: DeliverOptions = Object.freeze({});

/** Answers with no header of their own beside what every answer has are passed on as they are. */
const withHeaders = (answer: HttpAnswer, headers: Headers | undefined): HttpAnswer => (headers ? { ...answer, headers: { ...answer.headers, ...headers } } : answer);

/** Tells callers with credentials apart without keeping the credentials. */
function callerOf({ headers }: HttpRequest): string {
  const { authorization } = headers;
  return authorization === undefined ? '' : `${createHash('sha256').update(authorization).digest('base64url').slice(0, 16)}:`;
}

/** The text or number at a path; undefined where there is none, so that such a message has no key. */
function textAt(path: string | undefined): (body: Body) => string | undefined {
  if (path === undefined || path === '') return () => undefined;
  const compiled = compilePath(path);
  return (body) => {
    const value = compiled.get(body);
    return typeof value === 'string' ? value || undefined : typeof value === 'number' ? String(value) : undefined;
  };
}

/** An example's or a case's request: `body` is sent as JSON, `form` and `text` as they are. */
function receive(given: { readonly [key: string]: Json }): HttpRequest {
  const own = (given.headers ?? {}) as Headers;
  const [type, text] = given.form !== undefined ? ['application/x-www-form-urlencoded', given.form as string]
    : given.text !== undefined ? ['text/plain', given.text as string]
      : given.body !== undefined ? ['application/json', JSON.stringify(given.body)] : [undefined, ''];
  return {
    method: (given.method ?? 'POST') as string, path: (given.path ?? '/') as string, params: (given.params ?? {}) as Headers, query: (given.query ?? '') as string,
    headers: { ...(type !== undefined && { 'content-type': type }), ...own }, body: Buffer.from(text ?? ''), remote: (given.remote ?? '127.0.0.1') as string,
  };
}
