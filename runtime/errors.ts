import type { Json, Place, Problem, Text } from './flow/flow.ts';

/**
 * Codes of the runtime's own problems and failures, each declared once with what it means.
 * A node's own codes stand in the node's file. `ERRORS.md` beside this file is made from here.
 */

/** An expected failure of an operation, with what the caller may do. `code` is the contract; the text may improve. */
export class Failure extends Error {
  override name = 'Failure';
  readonly code: FailureCode;
  readonly text: Text;
  readonly fix: Text | undefined;
  readonly details: { readonly [name: string]: Json };
  readonly problems: readonly Problem[];

  constructor(code: FailureCode, text: Text, options: { readonly fix?: Text; readonly details?: { readonly [name: string]: Json }; readonly problems?: readonly Problem[]; readonly cause?: unknown } = {}) {
    super(text.en, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.text = text;
    this.fix = options.fix;
    this.details = options.details ?? {};
    this.problems = options.problems ?? [];
  }
}

/** What a code means and what to do about it, for the reference page. */
interface Explained { readonly means: Text; readonly fix: Text }

/** Failures of the runtime and its API; `status` is the HTTP answer. */
export const failureCodes = {
  'flow.not-found': {
    status: 404,
    means: { en: 'There is no flow with this id.', ru: 'Потока с таким id нет.' },
    fix: { en: 'Look up the id in the list of flows; a deleted flow can be restored for 30 days.', ru: 'Найдите id в списке потоков; удалённый поток можно восстановить в течение 30 дней.' },
  },
  'flow.stale': {
    status: 412,
    means: { en: 'Somebody saved the flow after it was opened here.', ru: 'Поток сохранили после того, как его открыли здесь.' },
    fix: { en: 'Load the newest version and make the change again, or save a copy under another id.', ru: 'Загрузите новую версию и внесите изменение ещё раз или сохраните копию под другим id.' },
  },
  'flow.invalid': {
    status: 422,
    means: { en: 'The flow document has problems that keep it from being used.', ru: 'В документе потока есть ошибки, с которыми его нельзя использовать.' },
    fix: { en: 'Correct the problems that come with the answer; each names its place.', ru: 'Исправьте ошибки из ответа; у каждой указано место.' },
  },
  'flow.not-live': {
    status: 409,
    means: { en: 'The flow is not deployed or is stopped.', ru: 'Поток не применён или остановлен.' },
    fix: { en: 'Deploy or start the flow first.', ru: 'Сначала примените или запустите поток.' },
  },
  'queue.full': {
    status: 503,
    means: { en: 'A wire has reached its limit and holds its feeders.', ru: 'Связь заполнена до предела и задерживает отправителей.' },
    fix: { en: 'Try again after the time that the answer names; look at what stands behind the full wire.', ru: 'Повторите через указанное в ответе время; посмотрите, что стоит за заполненной связью.' },
  },
} as const satisfies Record<string, Explained & { readonly status: number }>;
export type FailureCode = keyof typeof failureCodes;

/** Problems found in documents. */
export const problemCodes = {
  'flow.json': {
    means: { en: 'The text is not JSON.', ru: 'Текст не является JSON.' },
    fix: { en: 'Correct the text at the line and column that the problem names.', ru: 'Исправьте текст в указанной строке и позиции.' },
  },
  'flow.shape': {
    means: { en: 'The document does not have the form of a flow.', ru: 'Документ не имеет формы потока.' },
    fix: { en: 'Compare the named place with docs/flow.md.', ru: 'Сверьте указанное место с docs/flow.md.' },
  },
} as const satisfies Record<string, Explained>;
export type ProblemCode = keyof typeof problemCodes;

/** Failures that any node may have because of what surrounds it: the engine, the sandbox, a connection. A node's own codes stand in its file. */
export const nodeFailureCodes = {
  'queue.full': {
    means: { en: 'The wire behind a source is full; the sender must keep the message.', ru: 'Связь за источником заполнена; сообщение остаётся у отправителя.' },
    fix: { en: 'Wait, or clear what stands behind the full wire.', ru: 'Подождите или разберите то, что стоит за заполненной связью.' },
  },
} as const satisfies Record<string, Explained>;

/** Makes a problem. `fix` says what to do about it. */
export function problem(code: ProblemCode, where: Place, text: { readonly message: Text; readonly fix: Text; readonly level?: 'error' | 'warning' }): Problem {
  return { code, level: text.level ?? 'error', where, message: text.message, fix: text.fix };
}
