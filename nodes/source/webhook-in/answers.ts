import { textFor } from '../../../runtime/sdk/index.ts';
import type { HttpAnswer, HttpRequest, NodeFailure, ReplyOutcome, Text } from '../../../runtime/sdk/index.ts';

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
  readonly text: Text;
  readonly details: { readonly [name: string]: string | number };
  constructor(status: number, code: RefusalCode, text: Text, details: { readonly [name: string]: string | number } = {}) {
    super(text.en);
    this.status = status;
    this.code = code;
    this.text = text;
    this.details = details;
  }
}

export type Headers = { readonly [name: string]: string };
const JSON_TYPE = 'application/json; charset=utf-8';
/** Codes of the runtime that tell a sender more than that the message was not kept. */
const TOLD: ReadonlySet<string> = new Set(['queue.full', 'journal.disk-low', 'flow.disk-full', 'journal.damaged']);
const RETRY_AFTER_S = 5; // when the failure says no better: a restart of the disk's owner takes a few seconds

/** Makes the answers of one webhook; what is the same for every request is made once. Errors are told in the caller's language. */
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

  ofFlow(request: HttpRequest, runId: string, outcome: ReplyOutcome): HttpAnswer {
    switch (outcome.kind) {
      case 'answered': {
        const { status, headers, body } = outcome.answer;
        return { status, headers: { ...this.#exposed, ...headers, 'x-run-id': runId, ...(outcome.repeated && { 'idempotency-replayed': 'true' }) }, body };
      }
      case 'timeout': return this.#error(request, { status: 504, code: 'webhook.timeout', runId, text: { en: `run ${runId}: the flow did not answer in time; the message was accepted and its run goes on`, ru: `запуск ${runId}: поток не ответил вовремя; сообщение принято, запуск продолжается` } });
      case 'in-progress': return this.#error(request, { status: 409, code: 'webhook.in-progress', runId, text: { en: `run ${runId} is working on this Idempotency-Key; ask again later with the same key`, ru: `запуск ${runId} уже обрабатывает этот Idempotency-Key; повторите позже с тем же ключом` } });
      case 'mismatch': return this.#error(request, { status: 422, code: 'webhook.mismatch', runId, text: { en: 'this Idempotency-Key came before with another body; use a new key for a new request', ru: 'этот Idempotency-Key уже приходил с другим телом; для нового запроса нужен новый ключ' } });
      case 'ended':
        if (outcome.how === 'dead-lettered') return this.#error(request, { status: 500, code: 'webhook.dead-lettered', runId, text: { en: `run ${runId} ended in a dead letter without an answer; the message is kept and can be resent`, ru: `запуск ${runId} завершился без ответа, сообщение попало в недоставленные; оно сохранено, его можно отправить снова` } });
        return { status: 200, headers: { ...this.#headers, 'x-run-id': runId }, body: JSON.stringify({ runId, state: outcome.how }) };
    }
  }

  refused(request: HttpRequest, { status, code, text, details }: Refused, extra: Headers = {}): HttpAnswer {
    return { status, headers: { ...this.#headers, ...extra }, body: JSON.stringify({ error: { code, message: textFor(request, text), ...(Object.keys(details).length > 0 && { details }) } }) };
  }

  /** The journal did not take the message: the sender keeps it and comes again, unless it can never be taken. */
  notTaken(request: HttpRequest, error: NodeFailure): HttpAnswer {
    if (error.code === 'message.too-large') return this.refused(request, new Refused(413, 'webhook.too-large', error.text));
    const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : RETRY_AFTER_S * 1000;
    const code = TOLD.has(error.code) ? error.code : 'webhook.unavailable';
    return {
      status: 503, headers: { ...this.#headers, 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) },
      body: JSON.stringify({ error: { code, message: textFor(request, { en: `${error.text.en}; nothing was accepted, send it again`, ru: `${error.text.ru}; ничего не принято, отправьте снова` }) } }),
    };
  }

  #error(request: HttpRequest, { status, code, text, runId }: { status: number; code: RefusalCode; text: Text; runId: string }): HttpAnswer {
    return { status, headers: { ...this.#headers, ...(runId !== '' && { 'x-run-id': runId }) }, body: JSON.stringify({ error: { code, message: textFor(request, text) }, ...(runId !== '' && { runId }) }) };
  }
}
