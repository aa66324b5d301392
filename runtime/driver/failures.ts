import { Failure } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import { NodeFailure, type FailureRecord } from '../sdk/node-failure.ts';
import type { Unit, UnitWire } from './unit.ts';

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

export function notStorable(node: string, error: unknown): NodeFailure {
  const reason = (error as Error).message;
  return new NodeFailure('message.not-storable', {
    en: `bringing a message to node ${node}: it cannot be written (${reason})`,
    ru: `передача сообщения узлу ${node}: его нельзя записать (${reason})`,
  });
}

export function wireFull(wire: UnitWire): NodeFailure {
  return new NodeFailure('queue.full', {
    en: `passing wire ${wire.id}: its queue is full (${wire.limit.messages} messages or ${wire.limit.chars} bytes)`,
    ru: `проход связи ${wire.id}: её очередь заполнена (${wire.limit.messages} сообщений или ${wire.limit.chars} байт)`,
  });
}

export function tooManyRounds(wire: UnitWire): NodeFailure {
  return new NodeFailure('engine.too-many-rounds', {
    en: `passing wire ${wire.id}: the message went round the loop more than ${limits.roundsMax} times`,
    ru: `проход связи ${wire.id}: сообщение прошло цикл больше ${limits.roundsMax} раз`,
  });
}

export function tooManyHops(unit: Unit): NodeFailure {
  return new NodeFailure('engine.too-many-hops', {
    en: `passing node ${unit.id}: the message went through more than ${limits.hopsMax} nodes without a rest; look for a loop of pure nodes`,
    ru: `проход узла ${unit.id}: сообщение прошло больше ${limits.hopsMax} узлов без остановки; найдите цикл из чистых узлов`,
  });
}
