import { readJson } from '../json-text.ts';
import { tagged, untagged } from '../tagged.ts';
import type { HttpAnswer } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';

/** A whole message as the answer of a run: whoever called it by a link gets the message, whoever came by HTTP its JSON. */

const MARK = 'millrace-message';

export function answerOf(message: Body): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8', [MARK]: '1' }, body: JSON.stringify(tagged(message)) };
}

/** undefined for an answer that was meant for HTTP. */
export function messageOf({ headers, body }: HttpAnswer): Body | undefined {
  if (headers[MARK] === undefined || typeof body !== 'string') return undefined;
  return untagged(readJson(body)) as Body;
}
