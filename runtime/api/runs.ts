import { limits } from '../limits.ts';
import type { ReplayAnswer, ReplayRequest, RunDetail, RunQuery, RunState, RunStep } from './contract.ts';
import { route, schema, type ApiAnswer, type Route } from './route.ts';
import { showTogether, type Conceal } from './show.ts';

const LIMIT_DEFAULT = 50;
const STATES: readonly RunState[] = ['pending', 'completed', 'dropped', 'dead-lettered', 'discarded'];
const text = { type: 'string', maxLength: 500 };
const instant = { type: 'integer', minimum: 0 };
const FILTERS = { flow: text, state: { enum: STATES }, node: text, code: text, key: text, id: text, since: instant, until: instant };
const REPLAY = { mode: { enum: ['same-keys', 'new-generation', 'dry-run'] }, from: text };

function shownSteps(steps: readonly RunStep[], conceal: Conceal): readonly RunStep[] {
  const shown = showTogether(conceal);
  return steps.map(({ input, outputs, ...step }) => ({
    ...step, ...(input && { input: shown(input) }),
    ...(outputs && { outputs: Object.fromEntries(Object.entries(outputs).map(([port, { count, bodies }]) => [port, { count, bodies: bodies.map(shown) }])) }),
  }));
}

const shownRun = (run: RunDetail, conceal: Conceal): RunDetail => ({ ...run, steps: shownSteps(run.steps, conceal) });
const shownReplay = (answer: ReplayAnswer, conceal: Conceal): ReplayAnswer => ({ ...answer, ...(answer.steps && { steps: shownSteps(answer.steps, conceal) }) });

export const runRoutes: readonly Route[] = [
  route<undefined, RunQuery & { readonly limit: number; readonly after?: string }>({
    method: 'GET', path: '/runs', summary: 'Lists runs, newest first, with the counts of all.', answer: 'RunList',
    query: schema({ type: 'object', additionalProperties: false, properties: { ...FILTERS, limit: { type: 'integer', minimum: 1, maximum: limits.pageSizeMax, default: LIMIT_DEFAULT }, after: { type: 'string' } } }),
    handle: async ({ query }, { project }) => ({ body: await project.listRuns(query) }),
  }),
  route({
    method: 'GET', path: '/runs/:id', summary: 'Gets one run with its path, personal data masked.', answer: 'RunDetail',
    handle: async ({ param }, { project, conceal }) => ({ body: shownRun(await project.findRun(param('id')), conceal) }),
  }),
  route<ReplayRequest & { readonly query: RunQuery }>({
    method: 'POST', path: '/runs/replay', summary: 'Repeats every run that fits a filter, oldest first.', answer: 'ReplayAnswer',
    body: schema({ type: 'object', additionalProperties: false, required: ['mode', 'query'], properties: { ...REPLAY, query: { type: 'object', additionalProperties: false, properties: FILTERS } } }),
    async handle({ body: { query, ...request }, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.replays.many(query, request);
      if (request.mode !== 'dry-run') await project.audited(by, { action: 'run.replay', subject: query.flow ?? '*', details: `${answer.runs.length} started, ${answer.refused.length} refused: ${JSON.stringify({ ...request, query })}`.slice(0, 2000) });
      return { body: answer };
    },
  }),
  route<ReplayRequest>({
    method: 'POST', path: '/runs/:id/replay', summary: 'Repeats a run from its start or from a node: missing effects only, everything again, or as a dry run.', answer: 'ReplayAnswer',
    body: schema({ type: 'object', additionalProperties: false, required: ['mode'], properties: REPLAY }),
    async handle({ param, body, by }, { host, project, conceal }): Promise<ApiAnswer> {
      const answer = await host.replays.one(param('id'), body);
      if (body.mode !== 'dry-run') await project.audited(by, { action: 'run.replay', subject: param('id'), details: `${body.mode}${body.from === undefined ? '' : ` from node ${body.from}`}: ${answer.runs.join(', ')}`.slice(0, 2000) });
      return { body: shownReplay(answer, conceal) };
    },
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
