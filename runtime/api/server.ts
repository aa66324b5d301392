import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';
import { failureAnswer, sendFailure, type FailureAnswer } from './failure-response.ts';
import { refuseForeign } from './guard.ts';
import type { ApiOptions, ApiServer } from './route.ts';

export type { ApiOptions, ApiServer } from './route.ts';

/** What Express and socket.io serve; loaded at the first request that needs it, because webhooks and health do not. */
interface Web { readonly inner: Server; close(): void }

/** A server that can listen before there is a runtime behind it: so a port in use is found first, and nobody is refused while the journal is read. */
export interface Door {
  readonly server: Server;
  /** Puts the runtime behind it. Called once. */
  open(options: ApiOptions): ApiServer;
}

/**
 * The HTTP server: webhooks first, straight on node:http; then health; then, for whoever may ask, API, editor and live channel.
 * It does not listen by itself.
 */
export function createDoor(): Door {
  const server = createServer({ keepAliveTimeout: limits.keepAliveMs });
  server.on('request', answerWhileOpening);
  return {
    server,
    open(options) {
      server.off('request', answerWhileOpening);
      return openApi(server, options);
    },
  };
}

function openApi(server: Server, options: ApiOptions): ApiServer {
  let web: Promise<Web> | undefined;
  const openWeb = (): Promise<Web> => (web ??= createWeb(options));
  options.host.serveHooks(server, (request: IncomingMessage, response: ServerResponse) => { void answer({ request, response, options, openWeb }); });
  server.on('upgrade', (request, socket, head) => { void upgrade({ request, socket, head, options, openWeb }); });
  // Debug messages from the first moment on are kept for whoever opens the editor later.
  if (options.editorDir !== undefined) void openWeb();
  return { server, close: () => close(server, web, options) };
}

async function close(server: Server, web: Promise<Web> | undefined, { clock }: ApiOptions): Promise<void> {
  const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
  // A caller that keeps its connection would otherwise go on with it for ever: no new request on it, and none after the one under way.
  server.keepAliveTimeout = 1;
  server.keepAliveTimeoutBuffer = 0;
  server.prependListener('request', (_request, response) => { response.setHeader('connection', 'close'); });
  server.closeIdleConnections();
  const stopWaiting = clock.after(limits.httpDrainMs, () => { server.closeAllConnections(); });
  if (web) (await web).close();
  await closed;
  stopWaiting();
}

async function createWeb(options: ApiOptions): Promise<Web> {
  const [{ createApp }, { LiveChannel }] = await Promise.all([import('./app.ts'), import('./live.ts')]);
  // A server of their own, which never listens: so neither sees a webhook's request.
  const inner = createServer(createApp(options));
  const live = new LiveChannel(inner, options);
  return { inner, close: () => live.close() };
}

interface Asked { readonly request: IncomingMessage; readonly response: ServerResponse; readonly options: ApiOptions; readonly openWeb: () => Promise<Web> }

async function answer({ request, response, options, openWeb }: Asked): Promise<void> {
  try {
    if (request.url === '/health/live') { health(response, { status: 200, state: 'live' }); return; }
    if (request.url === '/health/ready') { health(response, options.ready() ? { status: 200, state: 'ready' } : { status: 503, state: 'not ready' }); return; }
    refuseForeign(request);
    (await openWeb()).inner.emit('request', request, response);
  } catch (error) {
    sendFailure(response, { ...failureAnswer(error, options), headers: { connection: 'close' } });
    request.resume();
  }
}

function health(response: ServerResponse, { status, state }: { readonly status: number; readonly state: string }): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(JSON.stringify({ status: state }));
}

/** Nothing can be accepted yet, and the sender is told to come again. */
function answerWhileOpening(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('retry-after', 1);
  health(response, request.url === '/health/live' ? { status: 200, state: 'live' } : { status: 503, state: 'starting' });
  request.resume();
}

interface Upgrade { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer; readonly options: ApiOptions; readonly openWeb: () => Promise<Web> }

async function upgrade({ request, socket, head, options, openWeb }: Upgrade): Promise<void> {
  socket.on('error', () => socket.destroy()); // a caller that goes away while it is being answered
  try {
    refuseForeign(request);
    (await openWeb()).inner.emit('upgrade', request, socket, head);
  } catch (error) {
    socket.end(plainAnswer(failureAnswer(error, options)));
  }
}

function plainAnswer({ status, body }: FailureAnswer): string {
  const text = JSON.stringify(body);
  return `HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
