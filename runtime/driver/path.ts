import type { RunStep, SeenValue } from '../api/contract.ts';
import { decodeBody } from '../journal/codec.ts';
import type { HandlerResult } from '../sdk/define-node.ts';
import { drop, toPorts, type Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { kinOf, nameOf, type Lineage } from './lineage.ts';
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

interface Came { readonly message: string; readonly lineage: Lineage; readonly node: string }
/** As it came to the node before, and the step in which the node was done with it. */
interface CameBefore { readonly message: string; readonly lineage: Lineage; readonly done: StepRecord | undefined }

/** What a node did with a message before. One whose way has other nodes since is known by its lineage, and has its former id from here on. */
export async function before(history: Services['history'], { message, lineage, node }: Came): Promise<CameBefore> {
  let done = await history.findDone(message, node);
  const former = done || lineage === null ? message : kinOf(message, await history.listKin(nameOf(lineage), node));
  if (former !== message) done = await history.findDone(former, node);
  // What it is answered with has been on its former way.
  return { message: former, lineage: done?.lineage ?? lineage, done };
}

/** A store that cannot be read now must not make a node act twice: it is read again. */
export async function surelyBefore({ history, timers }: Services, came: Came, failed: (error: unknown) => void): Promise<CameBefore> {
  for (;;) {
    try {
      return await before(history, came);
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
