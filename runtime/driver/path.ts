import type { RunStep, SeenValue } from '../api/contract.ts';
import { decodeBody } from '../journal/codec.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { drop, toPorts, type Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { Services } from './services.ts';
import type { StepOutput, StepRecord } from '../store/store.ts';

/** Steps of runs as a person is shown them, and as the engine is answered by them. */

export function runStepOf({ message, node, via, at, ms, attempt, outcome, rule, failure, input, outputs }: StepRecord): RunStep {
  return {
    messageId: message, node, ...(via !== '' && { via }), at, ms, attempt, outcome, ...(rule !== undefined && { rule }),
    ...(failure && { failure: { code: failure.code, message: failure.text } }),
    input: seen(input),
    ...(outputs && { outputs: Object.fromEntries(Object.entries(outputs).map(([port, { count, bodies }]) => [port, { count, bodies: bodies.map(seen) }])) }),
  };
}

const seen = (text: string | null): SeenValue => (text === null ? { body: null, truncated: true, omitted: true } : { body: decodeBody(text), truncated: false });

const READ_AGAIN_MS = 1000;

/** What a node did with a message before, when it was done with it. A store that cannot be read now must not make it act twice: it is read again. */
export async function doneBefore({ history, timers }: Services, { message, node, failed }: { readonly message: string; readonly node: string; readonly failed: (error: unknown) => void }): Promise<StepRecord | undefined> {
  for (;;) {
    try {
      return await history.findDone(message, node);
    } catch (error) {
      failed(error);
      await new Promise<void>((resolve) => { timers.after(READ_AGAIN_MS, resolve); });
    }
  }
}

/** What the node answered then. Throws when not all of it was kept. */
export function answerOf(step: StepRecord): HandlerResult {
  if (step.outcome === 'dropped') return drop(step.rule ?? 'replay');
  const ports = Object.entries(step.outputs ?? {});
  if (ports.length === 0) return undefined; // it ended here, or a window took it
  return toPorts(Object.fromEntries(ports.map(([port, output]) => [port, bodiesOf(step.node, output)])));
}

function bodiesOf(node: string, { count, bodies }: StepOutput): readonly Body[] {
  const kept = bodies.filter((text) => text !== null);
  if (kept.length < count) throw recordIncomplete(node, { count, kept: kept.length });
  return kept.map((text) => decodeBody(text) as Body);
}

function recordIncomplete(node: string, { count, kept }: { readonly count: number; readonly kept: number }): NodeFailure {
  return new NodeFailure('replay.record-incomplete', {
    en: `answering for node ${node} from its record: ${kept} of ${count} messages are kept whole; set "record" at the node to keep all, or replay as a new generation`,
    ru: `ответ за узел ${node} из записи: целиком сохранено ${kept} из ${count} сообщений; включите «record» у узла, чтобы хранить все, или повторите новым поколением`,
  });
}
