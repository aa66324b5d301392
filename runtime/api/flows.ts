import { Failure } from '../errors.ts';
import { flowOf } from '../flow/parse.ts';
import { limits } from '../limits.ts';
import { untagged } from '../tagged.ts';
import type { Flow, InjectRequest, TryAnswer, TryRequest } from './contract.ts';
import { restoreMasked } from './restore-masked.ts';
import { route, schema, type ApiAnswer, type ApiDoors, type Route } from './route.ts';
import { show, showTogether, type Conceal } from './show.ts';

const version = { type: 'integer', minimum: 0 };
const toRevision = schema<{ readonly revision: number }>({ type: 'object', required: ['revision'], additionalProperties: false, properties: { revision: { type: 'integer', minimum: 1 } } });
const etag = (of: number): { readonly etag: string } => ({ etag: `"${of}"` });

/** The document's own schema collects every problem at once, with its place; see `runtime/flow/parse.ts`. */
function readFlow(body: object, id: string): Flow {
  const { value, problems } = flowOf(body);
  if (value === undefined) throw new Failure('flow.invalid', { en: `saving flow ${id}: the document does not have the form of a flow`, ru: `сохранение потока ${id}: документ не имеет формы потока` }, { problems });
  if (value.id !== id) throw new Failure('flow.id', { en: `saving flow ${id}: the document says its id is ${value.id}`, ru: `сохранение потока ${id}: в документе указан id ${value.id}` });
  return value;
}

function revisionNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Failure('revision.not-found', { en: `reading revision ${text}: revisions are numbered from 1`, ru: `чтение ревизии ${text}: ревизии нумеруются с 1` });
}

const documents: readonly Route[] = [
  route({ method: 'GET', path: '/flows', summary: 'Lists the flows.', answer: 'FlowList', handle: async (_, { project }) => ({ body: await project.listFlows() }) }),
  route({
    method: 'GET', path: '/flows/:id', summary: 'Gives a flow’s draft, its problems and what is live. ETag is the draft’s version.', answer: 'FlowAnswer', asWritten: ['flow'],
    async handle({ param }, { project }): Promise<ApiAnswer> {
      const answer = await project.getFlow(param('id'));
      return { body: answer, headers: etag(answer.version) };
    },
  }),
  route<object>({
    method: 'PUT', path: '/flows/:id', summary: 'Saves a flow’s draft. If-Match says on which version it builds; "0" creates. 412 when somebody else was first.', answer: 'SaveAnswer',
    needsVersion: true, body: schema({ type: 'object', description: 'A flow: see docs/flow.schema.json.' }),
    async handle({ param, body, version: expected, by }, { project }): Promise<ApiAnswer> {
      const answer = await project.saveFlow(readFlow(body, param('id')), expected, by);
      return { body: answer, headers: etag(answer.version) };
    },
  }),
  route({ method: 'DELETE', path: '/flows/:id', summary: 'Stops and deletes a flow; it can be restored for 30 days.', async handle({ param, by }, { project }) { await project.deleteFlow(param('id'), by); return {}; } }),
  route({ method: 'POST', path: '/flows/:id/restore', summary: 'Brings a deleted flow back, stopped.', async handle({ param, by }, { project }) { await project.restoreFlow(param('id'), by); return {}; } }),
];

const running: readonly Route[] = [
  route<{ readonly version: number }>({
    method: 'POST', path: '/flows/:id/deploy', summary: 'Makes the draft of this version the live revision.', answer: 'DeployAnswer',
    body: schema({ type: 'object', required: ['version'], additionalProperties: false, properties: { version } }),
    handle: async ({ param, body, by }, { project }) => ({ body: await project.deploy(param('id'), body.version, by) }),
  }),
  route<{ readonly version: number }>({
    method: 'POST', path: '/flows/:id/deploy/preview', summary: 'Tells what a deploy of the draft of this version would do: which nodes restart, which messages go on, which are parked.', answer: 'DeployPreview',
    body: schema({ type: 'object', required: ['version'], additionalProperties: false, properties: { version } }),
    handle: async ({ param, body }, { project }) => ({ body: await project.previewDeploy(param('id'), body.version) }),
  }),
  route({ method: 'POST', path: '/flows/:id/stop', summary: 'Stops a flow; its messages stay in the journal.', async handle({ param, by }, { project }) { await project.stop(param('id'), by); return {}; } }),
  route({ method: 'POST', path: '/flows/:id/start', summary: 'Starts a stopped flow on its revision.', answer: 'DeployAnswer', handle: async ({ param, by }, { project }) => ({ body: await project.start(param('id'), by) }) }),
  route({ method: 'GET', path: '/flows/:id/revisions', summary: 'Lists a flow’s revisions, newest first.', answer: 'RevisionList', handle: async ({ param }, { project }) => ({ body: { revisions: await project.revisions(param('id')) } }) }),
  route({ method: 'GET', path: '/flows/:id/revisions/:revision', summary: 'Gives the flow of one revision.', answer: 'Flow', asWritten: 'all', handle: async ({ param }, { project }) => ({ body: await project.getRevision(param('id'), revisionNumber(param('revision'))) }) }),
  route<{ readonly revision: number }>({
    method: 'POST', path: '/flows/:id/rollback', summary: 'Deploys an earlier revision again, as a new one.', answer: 'DeployAnswer',
    body: toRevision,
    handle: async ({ param, body, by }, { project }) => ({ body: await project.rollback(param('id'), body.revision, by) }),
  }),
  route<{ readonly revision: number }>({
    method: 'POST', path: '/flows/:id/rollback/preview', summary: 'Tells what going back to this revision would do: which nodes restart, which messages go on, which are parked.', answer: 'DeployPreview',
    body: toRevision,
    handle: async ({ param, body }, { project }) => ({ body: await project.previewRollback(param('id'), body.revision) }),
  }),
];

const nodes: readonly Route[] = [
  route<InjectRequest>({
    method: 'POST', path: '/flows/:id/nodes/:node/inject', summary: 'Presses a source’s button, or feeds a body into a node as a new run.', answer: 'InjectAnswer',
    bodyOptional: true, body: schema({ type: 'object', additionalProperties: false, properties: { body: { type: 'object' } } }),
    async handle({ param, body, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.inject(param('id'), param('node'), body.body);
      await project.audited(by, { action: 'message.inject', subject: `${param('id')}/${param('node')}`, details: answer.runId === undefined ? 'button' : `1 message, run ${answer.runId}` });
      return { body: answer };
    },
  }),
  route<TryRequest>({
    method: 'POST', path: '/flows/:id/nodes/:node/try', summary: 'Runs a pure node with this config, saved or not, on one message, and answers what came of it. Nothing is sent on, counted or kept.', answer: 'TryAnswer',
    body: schema({ type: 'object', required: ['node'], additionalProperties: false, properties: { node: { type: 'object', description: 'A node of a flow: see docs/flow.schema.json.' }, body: { type: 'object', description: 'The message; the last one that came to the node when absent.' } } }),
    async handle({ param, body }, doors): Promise<ApiAnswer> {
      const message = triedMessage(param('id'), param('node'), { given: body.body, doors });
      const flow = await doors.project.withOnly(param('id'), param('node'), body.node);
      return { body: shownTry(await doors.host.tryNode(flow, param('node'), message), doors.conceal) };
    },
  }),
  route({
    method: 'GET', path: '/flows/:id/nodes/:node/last', summary: 'Gives the last message that came in and that left each port, personal data masked.', answer: 'LastMessages',
    handle({ param }, { host, conceal }): ApiAnswer {
      const { input, outputs } = host.lastMessages(param('id'), param('node'));
      const left = Object.entries(outputs).map(([port, seen]) => [port, shown(seen, conceal)] as const);
      return { body: { ...(input && { input: shown(input, conceal) }), outputs: Object.fromEntries(left) } };
    },
  }),
];

/** Masks and cuts the body of something that has one. */
export function shown<T extends { readonly body: unknown; readonly truncated?: boolean }>(seen: T, conceal: Conceal): T {
  const { value, truncated } = show(seen.body, conceal);
  return { ...seen, body: value, truncated: truncated || seen.truncated === true };
}

/** What is tried: as given, with what is masked of the last message put in again, or that message. */
function triedMessage(flow: string, node: string, { given, doors: { host, conceal } }: { readonly given: TryRequest['body']; readonly doors: ApiDoors }): { readonly [key: string]: unknown } {
  const last = host.lastMessages(flow, node).input?.body;
  if (given === undefined && last === undefined) throw new Failure('try.no-message', { en: `trying node ${node} of flow ${flow}: no message has come to it, and none was given`, ru: `проба узла ${node} потока ${flow}: к нему не приходило сообщений, и в запросе его нет` });
  const message = (given === undefined ? last : last === undefined ? untagged(given) : restoreMasked(given, last, show(last, conceal).value)) as { readonly [key: string]: unknown };
  if (given !== undefined && JSON.stringify(given).length > limits.tryBodyChars) throw new Failure('try.too-large', { en: `trying node ${node} of flow ${flow}: the message has more than ${limits.tryBodyChars} characters`, ru: `проба узла ${node} потока ${flow}: в сообщении больше ${limits.tryBodyChars} символов` });
  return message;
}

function shownTry(tried: TryAnswer, conceal: Conceal): TryAnswer {
  const shown = showTogether(conceal);
  const text = (of: string): string => String(show(of, conceal).value);
  return {
    ...tried, input: shown(tried.input),
    outputs: Object.fromEntries(Object.entries(tried.outputs).map(([port, { bodies, ...count }]) => [port, { ...count, bodies: bodies.map((each) => shown(each)) }])),
    logs: tried.logs.map((line) => ({ ...line, text: text(line.text) })),
    writes: tried.writes.map(({ value, ...write }) => ({ ...write, ...(value && { value: shown(value) }) })),
  };
}

export const flowRoutes: readonly Route[] = [...documents, ...running, ...nodes];
