import type { NodeFailure } from '../../../runtime/sdk/index.ts';
import type { HttpAnswer, ReplyOutcome, Text } from '../../../runtime/sdk/index.ts';

/** What the caller of a webhook gets when no flow answers for it. The first words of each code never change: callers may branch on them. */
export const refusals = {
  'webhook.bad-json': { en: 'The body is not JSON. Nothing was accepted; the answer names the line and column.', ru: 'Тело запроса — не JSON. Ничего не принято; в ответе указаны строка и позиция.' },
  'webhook.bad-body': { en: 'The body cannot be read as its content type says. Nothing was accepted.', ru: 'Тело запроса не читается так, как указано в его типе. Ничего не принято.' },
  'webhook.bad-type': { en: 'The body has a character set or compression that is not supported. Nothing was accepted.', ru: 'Кодировка или сжатие тела не поддерживаются. Ничего не принято.' },
  'webhook.too-large': { en: 'The body, unpacked, is larger than the node takes. Nothing was accepted.', ru: 'Распакованное тело больше, чем принимает узел. Ничего не принято.' },
  'webhook.not-allowed': { en: 'The check of the caller failed: signature, token or password. Nothing was accepted.', ru: 'Проверка отправителя не пройдена: подпись, токен или пароль. Ничего не принято.' },
  'webhook.origin': { en: 'A web page of an origin that is not in the list sent the request. Nothing was accepted.', ru: 'Запрос пришёл со страницы, источника которой нет в списке. Ничего не принято.' },
  'webhook.in-progress': { en: 'A request with the same Idempotency-Key is being worked on.', ru: 'Запрос с тем же Idempotency-Key уже обрабатывается.' },
  'webhook.mismatch': { en: 'The Idempotency-Key was used before with another body.', ru: 'Этот Idempotency-Key уже использован с другим телом запроса.' },
  'webhook.timeout': { en: 'The flow did not answer in time. The message was accepted and its run goes on.', ru: 'Поток не ответил вовремя. Сообщение принято, его обработка продолжается.' },
  'webhook.dead-lettered': { en: 'The run ended without an answer, in a dead letter. The message is kept and can be resent.', ru: 'Запуск завершился без ответа, сообщение попало в недоставленные. Оно сохранено, его можно отправить повторно.' },
  'webhook.unavailable': { en: 'The message could not be kept safely. Nothing was accepted; send it again.', ru: 'Сообщение не удалось надёжно сохранить. Ничего не принято; отправьте ещё раз.' },
  'webhook.config': { en: 'The node’s settings contradict each other, so it serves nothing.', ru: 'Настройки узла противоречат друг другу, поэтому он ничего не обслуживает.' },
} as const satisfies { readonly [code: string]: Text };
export type RefusalCode = keyof typeof refusals;

/** Thrown inside the node only: a request that is answered without being accepted. */
export class Refused extends Error {
  readonly status: number;
  readonly code: RefusalCode;
  readonly details: { readonly [name: string]: string | number };
  constructor(status: number, code: RefusalCode, message: string, details: { readonly [name: string]: string | number } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export type Headers = { readonly [name: string]: string };
const JSON_TYPE = 'application/json; charset=utf-8';
/** Codes of the runtime that tell a sender more than that the message was not kept. */
const TOLD: ReadonlySet<string> = new Set(['queue.full', 'journal.disk-low', 'flow.disk-full', 'journal.damaged']);
const RETRY_AFTER_S = 5; // when the failure says no better: a restart of the disk's owner takes a few seconds

/** Makes the answers of one webhook; what is the same for every request is made once. */
export class Answers {
  readonly #headers: Headers;
  readonly #exposed: Headers;

  constructor(own: Headers) {
    const lower = Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value]));
    this.#exposed = lower;
    this.#headers = { 'content-type': JSON_TYPE, ...lower };
  }

  accepted(runId: string): HttpAnswer {
    return { status: 202, headers: { ...this.#headers, 'x-run-id': runId }, body: `{"runId":"${runId}"}` };
  }

  duplicate(runId: string): HttpAnswer {
    return { status: 200, headers: { ...this.#headers, 'x-run-id': runId }, body: `{"runId":"${runId}","duplicate":true}` };
  }

  ofFlow(runId: string, outcome: ReplyOutcome): HttpAnswer {
    switch (outcome.kind) {
      case 'answered': {
        const { status, headers, body } = outcome.answer;
        return { status, headers: { ...this.#exposed, ...headers, 'x-run-id': runId, ...(outcome.repeated && { 'idempotency-replayed': 'true' }) }, body };
      }
      case 'timeout': return this.#error({ status: 504, code: 'webhook.timeout', message: `run ${runId}: the flow did not answer in time; the message was accepted and its run goes on`, runId });
      case 'in-progress': return this.#error({ status: 409, code: 'webhook.in-progress', message: `run ${runId} is working on this Idempotency-Key; ask again later with the same key`, runId });
      case 'mismatch': return this.#error({ status: 422, code: 'webhook.mismatch', message: 'this Idempotency-Key came before with another body; use a new key for a new request', runId });
      case 'ended':
        if (outcome.how === 'dead-lettered') return this.#error({ status: 500, code: 'webhook.dead-lettered', message: `run ${runId} ended in a dead letter without an answer; the message is kept and can be resent`, runId });
        return { status: 200, headers: { ...this.#headers, 'x-run-id': runId }, body: JSON.stringify({ runId, state: outcome.how }) };
    }
  }

  refused({ status, code, message, details }: Refused, extra: Headers = {}): HttpAnswer {
    return { status, headers: { ...this.#headers, ...extra }, body: JSON.stringify({ error: { code, message, ...(Object.keys(details).length > 0 && { details }) } }) };
  }

  /** The journal did not take the message: the sender keeps it and comes again, unless it can never be taken. */
  notTaken(error: NodeFailure): HttpAnswer {
    if (error.code === 'message.too-large') return this.refused(new Refused(413, 'webhook.too-large', error.message));
    const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : RETRY_AFTER_S * 1000;
    const code = TOLD.has(error.code) ? error.code : 'webhook.unavailable';
    return {
      status: 503, headers: { ...this.#headers, 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) },
      body: JSON.stringify({ error: { code, message: `${error.message}; nothing was accepted, send it again` } }),
    };
  }

  #error({ status, code, message, runId }: { status: number; code: RefusalCode; message: string; runId: string }): HttpAnswer {
    return { status, headers: { ...this.#headers, ...(runId !== '' && { 'x-run-id': runId }) }, body: JSON.stringify({ error: { code, message }, ...(runId !== '' && { runId }) }) };
  }
}
