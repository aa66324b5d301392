import { Failure } from '../errors.ts';
import { limits } from '../limits.ts';
import { untagged } from '../tagged.ts';
import type { ContextPlace, ContextQuery, ContextValue } from './contract.ts';
import { restoreMasked } from './restore-masked.ts';
import { route, schema, type ApiAnswer, type ApiDoors, type Route } from './route.ts';
import { show, type Conceal } from './show.ts';

const LIMIT_DEFAULT = 100;
const text = { type: 'string', maxLength: 500 };

/** With room for a large value, because a person may edit it. */
const shown = (found: ContextValue, conceal: Conceal): ContextValue => ({ ...found, ...show(found.value, conceal, limits.editedBytesMax) });

// A value is asked for by its key.
const NAMES = ['key', 'value'];

type Param = (name: string) => string;
interface Place { readonly path: string; readonly of: string; readonly read: (param: Param) => ContextPlace }
const PLACES: readonly Place[] = [
  { path: '/context/global/:key', of: 'all flows', read: (param) => ({ key: param('key') }) },
  { path: '/context/flow/:flow/:key', of: 'a flow', read: (param) => ({ flow: param('flow'), key: param('key') }) },
  { path: '/context/node/:flow/:node/:key', of: 'a node', read: (param) => ({ flow: param('flow'), node: param('node'), key: param('key') }) },
];
const subjectOf = ({ flow, node, key }: ContextPlace): string => [flow ?? '*', ...(node === undefined ? [] : [node]), key].join('/');

/** What was masked and is given back as it was shown stays whole. */
async function whole(given: unknown, place: ContextPlace, { host, conceal }: ApiDoors): Promise<unknown> {
  const before = await host.context.find(place).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'context.not-found') return undefined;
    throw error;
  });
  if (!before) return untagged(given);
  const { value, truncated } = show(before.value, conceal, limits.editedBytesMax);
  return truncated ? untagged(given) : restoreMasked(given, before.value, value);
}

const valueRoutes = ({ path, of, read }: Place): Route[] => [
  route({
    method: 'GET', path, summary: `Gets a context value of ${of}, personal data masked.`, answer: 'ContextValue',
    asWritten: NAMES,
    handle: async ({ param }, { host, conceal }) => ({ body: shown(await host.context.find(read(param)), conceal) }),
  }),
  route<{ readonly value: unknown }>({
    method: 'PUT', path, summary: `Sets a context value of ${of}. What was masked and is given back as it was shown stays whole.`, answer: 'ContextValue',
    body: schema({ type: 'object', additionalProperties: false, required: ['value'], properties: { value: {} } }),
    asWritten: NAMES,
    async handle({ param, body, by }, doors): Promise<ApiAnswer> {
      const { host, project, conceal } = doors;
      const place = read(param);
      if (place.flow !== undefined) await project.getFlow(place.flow);
      await host.context.set(place, await whole(body.value, place, doors));
      await project.audited(by, { action: 'context.set', subject: subjectOf(place) });
      return { body: shown(await host.context.find(place), conceal) };
    },
  }),
  route({
    method: 'DELETE', path, summary: `Deletes a context value of ${of}.`,
    async handle({ param, by }, { host, project }) {
      const place = read(param);
      await host.context.delete(place);
      await project.audited(by, { action: 'context.delete', subject: subjectOf(place) });
      return {};
    },
  }),
];

export const contextRoutes: readonly Route[] = [
  route<undefined, ContextQuery>({
    method: 'GET', path: '/context', summary: 'Lists what all flows share, or with a flow what that flow and its nodes hold: scopes with keys and sizes.', answer: 'ContextList', asWritten: NAMES,
    query: schema({ type: 'object', additionalProperties: false, properties: { flow: text, node: text, after: text, limit: { type: 'integer', minimum: 1, maximum: limits.pageSizeMax, default: LIMIT_DEFAULT } } }),
    async handle({ query }, { host, project }) {
      if (query.flow !== undefined) await project.getFlow(query.flow);
      return { body: await host.context.list(query) };
    },
  }),
  ...PLACES.flatMap(valueRoutes),
];
