import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FailureCode } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { HttpAnswer, HttpRequest, RouteOptions } from '../sdk/context.ts';
import { textFor } from '../sdk/language.ts';
import { NodeFailure } from '../sdk/node-failure.ts';

/** What a route takes: of one that is not served now no more is known. */
interface Address { readonly options: RouteOptions; readonly segments: readonly string[] }
interface Route extends Address { readonly handle: (request: HttpRequest) => Promise<HttpAnswer>; readonly owner: string }
type Bug = (error: unknown, where: Text) => void;

const PREFIX = '/hook';
const NO_PARAMS: { readonly [name: string]: string } = Object.freeze({});

/** Serves webhooks straight on node:http, ahead of Express, which would take half of the requests per second. */
export class HookRouter {
  readonly #literal = new Map<string, Route[]>();
  readonly #withParams: Route[] = [];
  readonly #known = new Set<Address>();
  readonly #bug: Bug;

  /** `bug` is told of what no source answered itself. */
  constructor(bug: Bug) { this.#bug = bug; }

  /** Answers how to remove it. Throws `route.taken` when another node serves the same requests. */
  add(options: RouteOptions, handle: Route['handle'], owner: string): () => void {
    const path = normal(options.path);
    const route: Route = { options, segments: segmentsOf(path), handle, owner };
    const rival = this.#all().find((each) => sameRequests(each, route));
    if (rival) {
      throw new NodeFailure('route.taken', {
        en: `serving ${options.methods.join(', ')} ${PREFIX}${path}: ${rival.owner} serves it already; choose another path or method`,
        ru: `обслуживание ${options.methods.join(', ')} ${PREFIX}${path}: этим занят ${rival.owner}; выберите другой путь или метод`,
      });
    }
    if (path.includes('/:')) this.#withParams.push(route);
    else this.#literal.set(path, [...(this.#literal.get(path) ?? []), route]);
    return () => this.#remove(path, route);
  }

  /** Of a deployed node: while nobody serves these requests, whoever sends them is told to come again. Answers how to forget it. */
  know(options: RouteOptions): () => void {
    const address: Address = { options, segments: segmentsOf(normal(options.path)) };
    this.#known.add(address);
    return () => this.#known.delete(address);
  }

  serve(server: Server, otherwise: (request: IncomingMessage, response: ServerResponse) => void): void {
    server.on('request', (request, response) => {
      const url = request.url ?? '/';
      if (url.startsWith(PREFIX) && (url.length === PREFIX.length || url.charCodeAt(PREFIX.length) === 47 || url.charCodeAt(PREFIX.length) === 63)) void this.#request(url, request, response);
      else otherwise(request, response);
    });
  }

  async #request(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const mark = url.indexOf('?');
    const path = normal(url.slice(PREFIX.length, mark < 0 ? undefined : mark));
    const found = this.#find(path, request.method ?? 'GET');
    if ('status' in found) { refuse(request, response, found); return; }
    const { route, params } = found;
    const body = await readBody(request, route.options.bodyBytesMax).catch(gone);
    if (body === GONE) { response.destroy(); return; }
    if (!body) { refuse(request, response, tooLarge(route.options.bodyBytesMax)); return; }
    try {
      send(response, await route.handle({
        method: request.method ?? 'GET', path, params, query: mark < 0 ? '' : url.slice(mark + 1),
        headers: request.headers as { readonly [name: string]: string | undefined }, body, remote: request.socket.remoteAddress ?? '',
      }));
    } catch (error) {
      if (!(error instanceof NodeFailure)) this.#bug(error, { en: `serving ${PREFIX}${path} for ${route.owner}`, ru: `обслуживание ${PREFIX}${path} для ${route.owner}` });
      if (response.headersSent || response.destroyed) response.destroy();
      else refuse(request, response, { status: 500, code: 'hook.failed', text: error instanceof NodeFailure ? error.text : FAILED });
    }
  }

  #find(path: string, method: string): { route: Route; params: { readonly [name: string]: string } } | Refusal {
    const literal = this.#literal.get(path);
    const matching: { route: Route; params: { readonly [name: string]: string } }[] = (literal ?? []).map((route) => ({ route, params: NO_PARAMS }));
    if (!literal) {
      for (const route of this.#withParams) {
        const params = match(route.segments, path);
        if (params) matching.push({ route, params });
      }
    }
    const found = matching.find(({ route }) => route.options.methods.includes(method));
    if (found) return found;
    if ([...this.#known].some(({ options, segments }) => options.methods.includes(method) && match(segments, path))) return stopped(path);
    if (matching.length === 0) return { status: 404, code: 'hook.not-found', text: {
      en: `no webhook node serves ${PREFIX}${path}; look at the node's path and whether its flow is deployed`,
      ru: `ни один узел вебхука не обслуживает ${PREFIX}${path}; проверьте путь узла и применён ли его поток`,
    } };
    const allow = matching.flatMap(({ route }) => route.options.methods).join(', ');
    return { status: 405, code: 'hook.method', text: { en: `${PREFIX}${path} takes ${allow}, not ${method}`, ru: `${PREFIX}${path} принимает ${allow}, а не ${method}` }, headers: { allow } };
  }

  #all(): Route[] { return [...[...this.#literal.values()].flat(), ...this.#withParams]; }

  #remove(path: string, route: Route): void {
    const at = this.#withParams.indexOf(route);
    if (at >= 0) this.#withParams.splice(at, 1);
    const rest = (this.#literal.get(path) ?? []).filter((each) => each !== route);
    if (rest.length > 0) this.#literal.set(path, rest);
    else this.#literal.delete(path);
  }
}

interface Refusal { readonly status: number; readonly code: FailureCode; readonly text: Text; readonly headers?: { readonly [name: string]: string } }

const tooLarge = (bytes: number): Refusal => ({ status: 413, code: 'hook.too-large', text: {
  en: `the body is larger than the ${bytes} bytes that this webhook takes; nothing was accepted`,
  ru: `тело больше ${bytes} байт, которые принимает этот вебхук; ничего не принято`,
} });
const stopped = (path: string): Refusal => ({ status: 503, code: 'hook.stopped', headers: { 'retry-after': String(limits.stoppedRetryMs / 1000) }, text: {
  en: `the flow or the node that serves ${PREFIX}${path} does not run now; nothing was accepted, send it again later`,
  ru: `поток или узел, обслуживающий ${PREFIX}${path}, сейчас не работает; ничего не принято, отправьте позже`,
} });
// A source answers its own refusals. What comes after them may have come after the message was accepted.
const FAILED: Text = {
  en: 'serving this request failed, and what it brought may have been accepted; the log has the cause',
  ru: 'при обработке этого запроса произошла ошибка, и присланное могло быть принято; причина записана в журнале',
};
const GONE = Symbol('the caller went away');
const gone = (): typeof GONE => GONE;

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length });
  response.end(body);
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const body = JSON.stringify({ error: { code: refusal.code, message: textFor({ headers: request.headers as HttpRequest['headers'] }, refusal.text) } });
  const rest = request.complete ? {} : { connection: 'close' };
  response.writeHead(refusal.status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), ...rest, ...refusal.headers });
  response.end(body);
  request.resume();
}

/** The whole body; undefined as soon as it is known to be larger than allowed. */
function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      else { request.removeAllListeners('data'); resolve(undefined); }
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => { if (!request.complete) reject(new Error('the caller went away')); });
  });
}

function normal(path: string): string {
  const withSlash = path.startsWith('/') ? path : `/${path}`;
  return withSlash.length > 1 && withSlash.endsWith('/') ? withSlash.slice(0, -1) : withSlash;
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter(Boolean);

function match(segments: readonly string[], path: string): { readonly [name: string]: string } | undefined {
  const parts = path.split('/').filter(Boolean);
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    const part = parts[i] as string;
    if (!segment.startsWith(':')) {
      if (segment !== part) return undefined;
      continue;
    }
    const value = decoded(part);
    if (value === undefined) return undefined;
    params[segment.slice(1)] = value;
  }
  return params;
}

function decoded(part: string): string | undefined {
  try { return decodeURIComponent(part); } catch { return undefined; }
}

function sameRequests(a: Route, b: Route): boolean {
  const shape = (route: Route): string => route.segments.map((segment) => (segment.startsWith(':') ? ':' : segment)).join('/');
  return shape(a) === shape(b) && a.options.methods.some((method) => b.options.methods.includes(method));
}
