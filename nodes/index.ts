// Made by `npm run generate` from the files of this folder.
import type { ConnectionDefinition, NodeDefinition } from '../runtime/sdk/index.ts';
import functionNode from './code/function.ts';
import sqlConnection from './connection/sql.ts';
import dedupeContactNode from './crm/dedupe-contact.ts';
import normalizeContactNode from './crm/normalize-contact.ts';
import templateNode from './data/template.ts';
import catchNode from './logic/catch.ts';
import changeNode from './logic/change.ts';
import joinNode from './logic/join.ts';
import linkCallNode from './logic/link-call.ts';
import linkInNode from './logic/link-in.ts';
import linkOutNode from './logic/link-out.ts';
import splitNode from './logic/split.ts';
import switchNode from './logic/switch.ts';
import debugNode from './sink/debug.ts';
import httpRequestNode from './sink/http-request.ts';
import httpResponseNode from './sink/http-response.ts';
import sqlQueryNode from './sink/sql-query.ts';
import injectNode from './source/inject.ts';
import webhookInNode from './source/webhook-in/index.ts';
import batchNode from './time/batch.ts';
import debounceNode from './time/debounce.ts';
import deduplicateNode from './time/deduplicate.ts';
import delayNode from './time/delay.ts';
import rateLimitNode from './time/rate-limit.ts';
import waitForCallbackNode from './time/wait-for-callback.ts';

export const nodes: readonly NodeDefinition[] = [
  functionNode,
  dedupeContactNode,
  normalizeContactNode,
  templateNode,
  catchNode,
  changeNode,
  joinNode,
  linkCallNode,
  linkInNode,
  linkOutNode,
  splitNode,
  switchNode,
  debugNode,
  httpRequestNode,
  httpResponseNode,
  sqlQueryNode,
  injectNode,
  webhookInNode,
  batchNode,
  debounceNode,
  deduplicateNode,
  delayNode,
  rateLimitNode,
  waitForCallbackNode,
];

export const connections: readonly ConnectionDefinition[] = [
  sqlConnection,
];
