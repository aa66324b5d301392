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

/** Code → what it means and what to do, for the reference page; `status` is the HTTP answer of the API. */
export const failureCodes = {
  'flow.not-found': { status: 404, means: { en: 'There is no flow with this id.', ru: 'Потока с таким id нет.' } },
  'flow.stale': { status: 412, means: { en: 'Somebody saved the flow after it was opened here.', ru: 'Поток сохранили после того, как его открыли здесь.' } },
  'flow.invalid': { status: 422, means: { en: 'The flow document has problems that keep it from being used.', ru: 'В документе потока есть ошибки, с которыми его нельзя использовать.' } },
  'flow.not-live': { status: 409, means: { en: 'The flow is not deployed or is stopped.', ru: 'Поток не применён или остановлен.' } },
  'queue.full': { status: 503, means: { en: 'A wire has reached its limit and holds its feeders.', ru: 'Связь заполнена до предела и задерживает отправителей.' } },
} as const satisfies Record<string, { readonly status: number; readonly means: Text }>;
export type FailureCode = keyof typeof failureCodes;

/** Code → what it means, for problems found in documents. */
export const problemCodes = {
  'flow.json': { en: 'The text is not JSON.', ru: 'Текст не является JSON.' },
  'flow.shape': { en: 'The document does not have the form of a flow.', ru: 'Документ не имеет формы потока.' },
} as const satisfies Record<string, Text>;
export type ProblemCode = keyof typeof problemCodes;

/** Makes a problem. `fix` says what to do about it. */
export function problem(code: ProblemCode, where: Place, text: { readonly message: Text; readonly fix: Text; readonly level?: 'error' | 'warning' }): Problem {
  return { code, level: text.level ?? 'error', where, message: text.message, fix: text.fix };
}
