import { decodeBody, encodeBody } from '../journal/codec.ts';
import type { HttpAnswer } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';

/** A whole message as the answer of a run: whoever called it by a link gets the message, whoever came by HTTP its JSON. */

const MARK = 'millrace-message';

export function answerOf(message: Body): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8', [MARK]: '1' }, body: encodeBody(message) };
}

/** undefined for an answer that was meant for HTTP. */
export function messageOf({ headers, body }: HttpAnswer): Body | undefined {
  return headers[MARK] === undefined || typeof body !== 'string' ? undefined : decodeBody(body);
}
