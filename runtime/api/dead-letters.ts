import { Failure } from '../errors.ts';
import { limits } from '../limits.ts';
import type { DeadLetterAnswer, DeadLetterDetail, DeadLetterQuery, DeadLetterSelection, HeldKeyRequest, ResendRequest } from './contract.ts';
import { shown } from './flows.ts';
import { restoreMasked } from './restore-masked.ts';
import { route, schema, type ApiAnswer, type JsonSchema, type Route } from './route.ts';
import { show, type Conceal } from './show.ts';

const LIMIT_DEFAULT = 50;
const text = { type: 'string', maxLength: 500 };
const instant = { type: 'integer', minimum: 0 };
const FILTERS = { flow: text, node: text, code: text, kind: { enum: ['failed', 'unknown', 'parked'] }, key: text, run: text, since: instant, until: instant };
const QUERY = { type: 'object', additionalProperties: false, properties: FILTERS };
/** By ids or by a filter: exactly one, so that an empty request never means all. */
const selection = (more: JsonSchema = {}, required: readonly string[] = []): JsonSchema => ({
  type: 'object', additionalProperties: false, required,
  properties: { ids: { type: 'array', minItems: 1, maxItems: limits.idsMax, items: text }, query: QUERY, ...more },
  oneOf: [{ required: ['ids'], properties: { ids: {} } }, { required: ['query'], properties: { query: {} } }],
});

/** A dead letter as a person sees it, with room for a large one, because he may edit it. */
function shownWhole(letter: DeadLetterDetail, conceal: Conceal): DeadLetterDetail {
  const { value, truncated } = show(letter.body, conceal, limits.editedBytesMax);
  return { ...letter, details: show(letter.details, conceal).value as DeadLetterDetail['details'], body: value, truncated };
}

const said = ({ done, refused }: DeadLetterAnswer, what: DeadLetterSelection | HeldKeyRequest): string => `${done} done, ${refused.length} refused: ${JSON.stringify(what)}`.slice(0, 2000);

export const letterRoutes: readonly Route[] = [
  route<undefined, DeadLetterQuery & { readonly limit: number; readonly after?: string }>({
    method: 'GET', path: '/dead-letters', summary: 'Lists messages that nobody took, newest first, personal data masked.', answer: 'DeadLetterList',
    query: schema({ type: 'object', additionalProperties: false, properties: { ...FILTERS, limit: { type: 'integer', minimum: 1, maximum: limits.pageSizeMax, default: LIMIT_DEFAULT }, after: { type: 'string' } } }),
    async handle({ query }, { host, conceal }) {
      const { deadLetters, ...rest } = await host.letters.list(query);
      return { body: { deadLetters: deadLetters.map((letter) => shown(letter, conceal)), ...rest } };
    },
  }),
  route({
    method: 'GET', path: '/dead-letters/:id', summary: 'Gives one dead letter with its failure, personal data masked.', answer: 'DeadLetterDetail',
    handle: async ({ param }, { host, conceal }) => ({ body: shownWhole(await host.letters.find(param('id')), conceal) }),
  }),
  route<{ readonly body: { readonly [key: string]: unknown } }>({
    method: 'PUT', path: '/dead-letters/:id', summary: 'Changes the body that will be resent. What was masked and is given back as it was shown stays whole.', answer: 'DeadLetterDetail',
    body: schema({ type: 'object', additionalProperties: false, required: ['body'], properties: { body: { type: 'object' } } }),
    async handle({ param, body, by }, { host, project, conceal }): Promise<ApiAnswer> {
      const id = param('id');
      const letter = await host.letters.find(id);
      const { value, truncated } = show(letter.body, conceal, limits.editedBytesMax);
      if (truncated) throw new Failure('dead-letter.cut', { en: `editing dead letter ${id}: its message is too large to be edited here`, ru: `правка недоставленного ${id}: его сообщение слишком велико для правки` });
      await host.letters.edit(id, restoreMasked(body.body, letter.body, value) as { readonly [key: string]: unknown });
      await project.audited(by, { action: 'dead-letter.edit', subject: id, details: `message ${letter.messageId} of flow ${letter.flow}` });
      return { body: shownWhole(await host.letters.find(id), conceal) };
    },
  }),
  route<ResendRequest>({
    method: 'POST', path: '/dead-letters/resend', summary: 'Resends dead letters to the nodes where they were, to another one of their flow, or to where their runs began, under their own ids.', answer: 'DeadLetterAnswer',
    body: schema(selection({ to: { oneOf: [{ enum: ['node', 'start'] }, { type: 'object', additionalProperties: false, required: ['node'], properties: { node: text } }] } }, ['to'])),
    async handle({ body, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.letters.resend(body);
      await project.audited(by, { action: 'dead-letter.resend', subject: body.query?.flow ?? '*', details: said(answer, body) });
      return { body: answer };
    },
  }),
  route<DeadLetterSelection>({
    method: 'POST', path: '/dead-letters/discard', summary: 'Removes dead letters for good.', answer: 'DeadLetterAnswer',
    body: schema(selection()),
    async handle({ body, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.letters.discard(body);
      await project.audited(by, { action: 'dead-letter.discard', subject: body.query?.flow ?? '*', details: said(answer, body) });
      return { body: answer };
    },
  }),
  route({
    method: 'GET', path: '/flows/:id/held-keys', summary: 'Lists keys that wait behind a dead letter, oldest first.', answer: 'HeldKeyList',
    async handle({ param }, { host }) {
      const keys = await host.letters.heldKeys(param('id'));
      return { body: { keys, total: keys.length } };
    },
  }),
  route<HeldKeyRequest>({
    method: 'POST', path: '/flows/:id/held-keys', summary: 'Lets a held key go on: without its dead letters, after discarding them, or behind them. Answers for each of them; a conflict when nothing could be done.', answer: 'DeadLetterAnswer',
    body: schema({
      type: 'object', additionalProperties: false, required: ['node', 'action'], properties: { node: text, key: { type: 'string' }, deadLetter: text, action: { enum: ['release', 'skip', 'resend'] } },
      oneOf: [{ required: ['key'], properties: { key: {} } }, { required: ['deadLetter'], properties: { deadLetter: {} } }],
    }),
    async handle({ param, body, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.letters.freeKey(param('id'), body);
      await project.audited(by, { action: `key.${body.action}`, subject: param('id'), details: said(answer, body) });
      if (answer.done === 0 && answer.refused[0]) throw new Failure('dead-letter.refused', answer.refused[0].reason);
      return { body: answer };
    },
  }),
];
