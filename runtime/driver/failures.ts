import { Failure } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import { NodeFailure, type FailureRecord } from '../sdk/node-failure.ts';

/** Any throw of a node as a failure: what is not one already is the node's own mistake and is not tried again. */
export function failureOf(error: unknown, node: string): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new NodeFailure('node.threw', {
    en: `running node ${node}: ${message}`,
    ru: `выполнение узла ${node}: ${message}`,
  }, { cause: error });
}

export function recordOf({ code, text, details }: NodeFailure, call: { readonly node: string; readonly attempt: number; readonly at: number }): FailureRecord {
  return { code, text, details, ...call };
}

export function timedOut(node: string, timeoutMs: number): NodeFailure {
  return new NodeFailure('call.timeout', {
    en: `calling node ${node}: no answer in ${timeoutMs / 1000} s; whether the work was done is not known`,
    ru: `вызов узла ${node}: нет ответа за ${timeoutMs / 1000} с; выполнена ли работа, неизвестно`,
  }, { retry: 'backoff', outcomeUnknown: true });
}

export function outcomeUnknown(node: string): NodeFailure {
  return new NodeFailure('call.outcome-unknown', {
    en: `calling node ${node}: Millrace ended during the call, and what the other side did is not known; look there before you send it again`,
    ru: `вызов узла ${node}: Millrace завершился во время вызова, и что сделала другая сторона, неизвестно; проверьте там, прежде чем отправлять снова`,
  }, { outcomeUnknown: true });
}

export function crashedTooOften(node: string, crashes: number): NodeFailure {
  return new NodeFailure('call.crashed', {
    en: `node ${node}: Millrace ended ${crashes} times while it, or a node that acts at once behind it, had this message; the message is set aside so that it does not happen again`,
    ru: `узел ${node}: Millrace завершился ${crashes} раза, пока он или узел, срабатывающий сразу за ним, обрабатывал это сообщение; оно отложено, чтобы это не повторилось`,
  });
}

/** What a person is told of one of many that could not be done. */
export function reasonOf(error: unknown): Text {
  if (error instanceof NodeFailure || error instanceof Failure) return error.text;
  const message = error instanceof Error ? error.message : String(error);
  return { en: `it could not be written (${message}); try it again`, ru: `не удалось записать (${message}); повторите` };
}
