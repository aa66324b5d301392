import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limits } from '../limits.ts';
import { failureAnswer, sendFailure, type FailureAnswer } from './failure-response.ts';
import { refuseForeign } from './guard.ts';
import type { ApiOptions, ApiServer } from './route.ts';

export type { ApiLog, ApiOptions, ApiServer } from './route.ts';

/** What Express and socket.io serve; loaded at the first request that needs it, because webhooks and health do not. */
interface Web { readonly inner: Server; close(): void }

/**
 * The HTTP server: webhooks first, straight on node:http; then health; then, for whoever may ask, API, editor and live channel.
 * It does not listen by itself.
 */
export function createApi(options: ApiOptions): ApiServer {
  const server = createServer({ keepAliveTimeout: limits.keepAliveMs });
  let web: Promise<Web> | undefined;
  const openWeb = (): Promise<Web> => (web ??= createWeb(options));
  options.host.serveHooks(server, (request: IncomingMessage, response: ServerResponse) => { void answer({ request, response, options, openWeb }); });
  server.on('upgrade', (request, socket, head) => { void upgrade({ request, socket, head, options, openWeb }); });
  // Debug messages from the first moment on are kept for whoever opens the editor later.
  if (options.editorDir !== undefined) server.once('listening', () => { void openWeb(); });
  return {
    server,
    async close() {
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      server.closeIdleConnections();
      if (web) (await web).close();
      await closed;
    },
  };
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
