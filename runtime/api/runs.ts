import { limits } from '../limits.ts';
import type { RunSummary } from './contract.ts';
import { shown } from './flows.ts';
import { route, schema, type Route } from './route.ts';

const LIMIT_DEFAULT = 50;
const limit = { type: 'integer', minimum: 1, maximum: limits.pageSizeMax, default: LIMIT_DEFAULT };
const STATES: readonly RunSummary['state'][] = ['pending', 'completed', 'dropped', 'dead-lettered', 'discarded'];

interface Page { readonly flow?: string; readonly limit: number; readonly after?: string }
interface RunPage extends Page { readonly state?: RunSummary['state'] }

export const runRoutes: readonly Route[] = [
  route<undefined, RunPage>({
    method: 'GET', path: '/runs', summary: 'Lists runs, newest first, with the counts of all.', answer: 'RunList',
    query: schema({ type: 'object', additionalProperties: false, properties: { flow: { type: 'string' }, state: { enum: STATES }, limit, after: { type: 'string' } } }),
    handle: async ({ query }, { project }) => ({ body: await project.listRuns(query) }),
  }),
  route<undefined, Page>({
    method: 'GET', path: '/dead-letters', summary: 'Lists messages that were parked after their last attempt, personal data masked.', answer: 'DeadLetterList',
    query: schema({ type: 'object', additionalProperties: false, properties: { flow: { type: 'string' }, limit, after: { type: 'string' } } }),
    async handle({ query }, { host }) {
      const { deadLetters, ...rest } = await host.deadLetters(query);
      return { body: { deadLetters: deadLetters.map(shown), ...rest } };
    },
  }),
];
