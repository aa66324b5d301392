import express from 'express';
import type { Express, NextFunction, Request, Response, Router } from 'express';
import { Failure } from '../errors.ts';
import { CheckedRoute } from './checked-route.ts';
import { contextRoutes } from './context.ts';
import { failureAnswer, sendFailure } from './failure-response.ts';
import { letterRoutes } from './dead-letters.ts';
import { flowRoutes } from './flows.ts';
import { InputCheck } from './check-input.ts';
import { openapi } from './openapi.ts';
import { valueRoutes } from './project-values.ts';
import type { ApiOptions, Route } from './route.ts';
import { runRoutes } from './runs.ts';
import { serveEditor } from './serve-editor.ts';
import { systemRoutes } from './system.ts';

const ROUTES: readonly Route[] = [...flowRoutes, ...valueRoutes, ...runRoutes, ...letterRoutes, ...contextRoutes, ...systemRoutes];

// Scripts only from our own files and never from text, so that what a message shows cannot run. Styles may stand inline: the canvas places its nodes so.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "font-src 'self'", "connect-src 'self'",
  "worker-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');
const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY, 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
};

/** Everything of HTTP but webhooks and health. Who may ask was checked before: see `server.ts`. */
export function createApp(options: ApiOptions): Express {
  const app = express();
  app.disable('x-powered-by').set('etag', false).set('query parser', 'simple');
  app.use((_request, response, next) => { response.set(PAGE_HEADERS); next(); });
  app.use('/api/v1', apiRouter(options));
  app.use('/api', notFound);
  if (options.editorDir !== undefined) app.use(serveEditor(options.editorDir));
  app.use(notFound);
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => { refuse(error, { request, response, options }); });
  return app;
}

function apiRouter(options: ApiOptions): Router {
  const router = express.Router();
  const check = new InputCheck();
  router.use((_request, response, next) => { response.set('cache-control', 'no-store'); next(); });
  router.get('/openapi.json', (_request, response) => { response.json(openapi(ROUTES, options.system.version)); });
  for (const route of ROUTES) {
    const checked = new CheckedRoute(route, options, check);
    router[verb(route)](route.path, (request, response) => checked.answer(request, response));
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) router.all(path, methodNotAllowed(path));
  return router;
}

const verb = (route: Route): 'get' | 'put' | 'post' | 'delete' => route.method.toLowerCase() as 'get' | 'put' | 'post' | 'delete';

function methodNotAllowed(path: string) {
  const allow = ROUTES.filter((route) => route.path === path).map((route) => route.method).join(', ');
  return (request: Request, response: Response): never => {
    response.set('allow', allow);
    throw new Failure('request.method', { en: `${request.method} ${request.path.slice(0, 200)}: takes ${allow}`, ru: `${request.method} ${request.path.slice(0, 200)}: принимается ${allow}` });
  };
}

function notFound(request: Request): never {
  const at = `${request.method} ${request.originalUrl.slice(0, 200)}`;
  throw new Failure('request.not-found', { en: `${at}: there is nothing at this address`, ru: `${at}: по этому адресу ничего нет` });
}

function refuse(error: unknown, { request, response, options }: { readonly request: Request; readonly response: Response; readonly options: ApiOptions }): void {
  if (!request.complete) {
    response.set('connection', 'close');
    request.resume(); // else the rest of a body that is not wanted would stand before the next request
  }
  sendFailure(response, failureAnswer(readable(error), options));
}

/** Express throws its own errors for addresses that cannot be decoded. */
function readable(error: unknown): unknown {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  const isCallers = error instanceof URIError || (typeof status === 'number' && status >= 400 && status < 500);
  return isCallers ? new Failure('request.invalid', { en: 'reading the address: it cannot be decoded', ru: 'чтение адреса: его нельзя раскодировать' }, { cause: error }) : error;
}
