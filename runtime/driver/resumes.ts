import type { HttpAnswer, HttpRequest } from '../sdk/context.ts';
import type { ClosedWait, Collector } from '../sdk/define-node.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Unit } from './unit.ts';

export type ResumeOutcome = 'resumed' | 'unknown' | 'stopped' | ClosedWait['closed'];
type Resume = (node: string, request: HttpRequest, token: string) => Promise<ResumeOutcome>;

const REFUSALS: { readonly [outcome in Exclude<ResumeOutcome, 'resumed'>]: readonly [status: number, code: string, text: string] } = {
  unknown: [404, 'resume.unknown', 'nothing waits under this address; look whether it is complete'],
  used: [409, 'resume.used', 'this address was used before; it works once, and nothing happened now'],
  expired: [410, 'resume.expired', 'the time to answer is over; nothing happened'],
  stopped: [503, 'resume.stopped', 'the flow is not running now; send it again later'],
};
const RETRY_AFTER_S = '5';

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
      const options = { methods: ['POST'], path: `/resume/${flow}/${id}/:token`, bodyBytesMax: resume.bodyBytesMax };
      this.#served.set(id, services.hooks.add(options, (request) => this.#answer(id, request), `${flow}/${id}`));
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
      const [status, code, message] = REFUSALS[outcome];
      return json(status, { error: { code, message } });
    } catch (error) {
      if (error instanceof NodeFailure) return json(400, { error: { code: error.code, message: error.message } });
      throw error;
    }
  }
}

const json = (status: number, body: object): HttpAnswer => ({
  status, headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...(status === 503 && { 'retry-after': RETRY_AFTER_S }) }, body: JSON.stringify(body),
});
