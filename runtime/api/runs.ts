import { limits } from '../limits.ts';
import type { RunSummary } from './contract.ts';
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
  route({
    method: 'POST', path: '/runs/:id/cancel', summary: 'Discards what is pending of a run and aborts its calls.', answer: 'CancelAnswer',
    async handle({ param, by }, { host, project }) {
      const answer = await host.cancelRun(param('id'));
      await project.audited(by, { action: 'run.cancel', subject: param('id'), details: `${answer.discarded} messages` });
      return { body: answer };
    },
  }),
];
