import { failureCodes, type FailureCode } from '../errors.ts';
import type { Text } from '../flow/flow.ts';
import { limits } from '../limits.ts';
import type { HttpAnswer, HttpRequest, RouteOptions } from '../sdk/context.ts';
import type { ClosedWait, Collector } from '../sdk/define-node.ts';
import { textFor } from '../sdk/language.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Unit } from './unit.ts';

export type ResumeOutcome = 'resumed' | 'unknown' | 'stopped' | ClosedWait['closed'];
type Resume = (node: string, request: HttpRequest, token: string) => Promise<ResumeOutcome>;

const REFUSALS: { readonly [outcome in Exclude<ResumeOutcome, 'resumed'>]: readonly [code: FailureCode, text: Text] } = {
  unknown: ['resume.unknown', { en: 'nothing waits under this address; look whether it is complete', ru: 'под этим адресом ничего не ждёт; проверьте, полон ли он' }],
  used: ['resume.used', { en: 'this address was used before; it works once, and nothing happened now', ru: 'этот адрес уже использован; он действует один раз, сейчас ничего не произошло' }],
  expired: ['resume.expired', { en: 'the time to answer is over; nothing happened', ru: 'время для ответа истекло; ничего не произошло' }],
  stopped: ['resume.stopped', { en: 'the flow is not running now; nothing happened, send it again later', ru: 'поток сейчас не работает; ничего не произошло, отправьте позже' }],
};

export function resumeRoute(flow: string, node: string, bodyBytesMax: number): RouteOptions {
  return { methods: ['POST'], path: `/resume/${flow}/${node}/:token`, bodyBytesMax };
}

/** Addresses under which callers from outside let waiting messages go on: `/hook/resume/<flow>/<node>/<token>`. */
export class Resumes {
  readonly #runner: FlowRunner;
  readonly #resume: Resume;
  readonly #served = new Map<string, () => void>();

  constructor(runner: FlowRunner, resume: Resume) {
    this.#runner = runner;
    this.#resume = resume;
  }

  /** A node that has gone is served on: whoever comes is told that nothing runs there, and may come again. */
  serve(units: Iterable<Unit>): void {
    const { flow, services } = this.#runner;
    for (const { id, definition } of units) {
      const resume = (definition?.collect as Collector<unknown> | undefined)?.resume;
      if (!resume || this.#served.has(id)) continue;
      this.#served.set(id, services.hooks.add(resumeRoute(flow, id, resume.bodyBytesMax), (request) => this.#answer(id, request), `${flow}/${id}`));
    }
  }

  dispose(): void {
    for (const undo of this.#served.values()) undo();
    this.#served.clear();
  }

  async #answer(node: string, request: HttpRequest): Promise<HttpAnswer> {
    try {
      const outcome = await this.#resume(node, request, request.params.token ?? '');
      if (outcome === 'resumed') return json(200, { resumed: true });
      const [code, text] = REFUSALS[outcome];
      return json(failureCodes[code].status, { error: { code, message: textFor(request, text) } });
    } catch (error) {
      if (error instanceof NodeFailure) return json(400, { error: { code: error.code, message: textFor(request, error.text) } });
      throw error;
    }
  }
}

const json = (status: number, body: object): HttpAnswer => ({
  status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...(status === 503 && { 'retry-after': String(limits.stoppedRetryMs / 1000) }) }, body: JSON.stringify(body),
});
