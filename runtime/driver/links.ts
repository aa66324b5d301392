import { shortHash } from '../hash.ts';
import { encodeBody } from '../journal/codec.ts';
import { limits } from '../limits.ts';
import type { Receipt, ReplyOutcome } from '../sdk/context.ts';
import type { Body } from '../sdk/message.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { knownOutcome } from './acceptance.ts';
import type { FlowRunner } from './flow-runner.ts';
import { messageOf } from './link-answer.ts';
import { linkResource } from './resources.ts';
import type { LinkDoor, LinkFrom, Services } from './services.ts';
import { canRun, type Unit } from './unit.ts';

interface Target { readonly runner: FlowRunner; readonly unit: Unit; readonly link: string }

/**
 * Runs that messages begin at link-in nodes, of their own flow or another. Each is an ordinary run of that flow: accepted, kept, seen and replayed as any other. The same call
 * made again, after a crash or a lost answer, begins no second run: it gets what the first one answered, or waits for it.
 */
export class Links implements LinkDoor {
  readonly #services: Pick<Services, 'journal' | 'replies'>;
  readonly #runner: (flow: string) => FlowRunner | undefined;

  constructor(services: Pick<Services, 'journal' | 'replies'>, runner: (flow: string) => FlowRunner | undefined) {
    this.#services = services;
    this.#runner = runner;
  }

  async send(from: LinkFrom, link: string, body: Body): Promise<void> {
    await this.#accept(this.#target(from, link), { from, body, options: { eventId: `link:${from.key}` } });
  }

  async call(from: LinkFrom, link: string, body: Body): Promise<Body> {
    const target = this.#target(from, link);
    const idempotency = { scope: `link:${link}`, key: `${from.key}:${shortHash(encodeBody(body))}`, bodyHash: '' };
    const receipt = await this.#accept(target, { from, body, options: { reply: { timeoutMs: from.timeoutMs, idempotency } } });
    const forget = (): void => { this.#services.replies.forget(receipt.runId); };
    from.signal.addEventListener('abort', forget);
    if (from.signal.aborted) forget(); // while it was accepted
    try {
      const first = await receipt.reply;
      return messageIn(first?.kind === 'in-progress' ? await this.#joined(receipt.runId, from, idempotency) : first, { link, run: receipt.runId });
    } finally {
      from.signal.removeEventListener('abort', forget);
    }
  }

  /** The run of an earlier attempt goes on. Waited for first and asked then: its answer is on disk before it is told. */
  async #joined(run: string, { timeoutMs }: LinkFrom, { scope, key, bodyHash }: { readonly scope: string; readonly key: string; readonly bodyHash: string }): Promise<ReplyOutcome> {
    const { replies, journal } = this.#services;
    const answer = replies.wait(run, timeoutMs, true);
    const known = await journal.findAnswer(scope, key);
    const outcome = known && knownOutcome(known, bodyHash);
    if (!outcome || outcome.kind === 'in-progress') return await answer;
    replies.forget(run);
    return outcome;
  }

  #target({ hops }: LinkFrom, link: string): Target {
    const [flow = '', node = ''] = link.split('/');
    if (hops > limits.roundsMax) throw tooDeep(link);
    const runner = this.#runner(flow);
    const unit = runner?.unit(node);
    if (runner && unit?.definition?.info.entry && canRun(unit)) return { runner, unit, link };
    throw new NodeFailure('link.unknown', {
      en: `following the link ${link}: ${runner?.revision ? `flow ${flow} has no link-in node ${node}` : `there is no running flow ${flow}`}; the message waits until there is one`,
      ru: `переход по ссылке ${link}: ${runner?.revision ? `в потоке ${flow} нет узла link-in ${node}` : `нет работающего потока ${flow}`}; сообщение ждёт, пока он не появится`,
    }, { scope: 'connection', retry: 'backoff' });
  }

  /** What is refused for now holds the sender back, as a full queue behind a wire does: no attempt is used up. */
  async #accept({ runner, unit, link }: Target, { from, body, options }: { readonly from: LinkFrom; readonly body: Body; readonly options: Parameters<FlowRunner['acceptance']['accept']>[0]['options'] }): Promise<Receipt> {
    try {
      return await runner.acceptance.accept({ node: unit.id, port: unit.defaultPort, body, key: null, options, hops: from.hops, parents: [from.message] });
    } catch (error) {
      if (!(error instanceof NodeFailure) || typeof error.retry !== 'object') throw error;
      throw new NodeFailure(error.code, { en: `following the link ${link}: ${error.text.en}`, ru: `переход по ссылке ${link}: ${error.text.ru}` }, { scope: 'connection', retry: error.retry, cause: error });
    }
  }
}

/** They lead somewhere now: whoever waits for one need not wait for the next probe. */
export function openLinks({ connections }: Pick<Services, 'connections'>, flow: string, units: Iterable<Unit>): void {
  for (const { id, definition } of units) {
    const resource = linkResource(`${flow}/${id}`);
    if (definition?.info.entry && connections.isPaused(resource)) void connections.tryNow(resource);
  }
}

function messageIn(outcome: ReplyOutcome | undefined, { link, run }: { readonly link: string; readonly run: string }): Body {
  if (outcome?.kind === 'answered') {
    const message = messageOf(outcome.answer);
    if (message) return message;
    throw new NodeFailure('link.not-a-message', {
      en: `calling ${link}: its flow answered with HTTP response; end it with Link out that returns the message`,
      ru: `вызов ${link}: поток ответил узлом «Ответ HTTP»; завершите его узлом «Выход по ссылке», который возвращает сообщение`,
    }, { details: { run } });
  }
  if (outcome?.kind === 'ended') {
    const failed = outcome.how === 'dead-lettered';
    throw new NodeFailure(failed ? 'link.failed' : 'link.no-answer', failed
      ? { en: `calling ${link}: the message failed there; look at run ${run}`, ru: `вызов ${link}: сообщение завершилось там ошибкой; посмотрите запуск ${run}` }
      : { en: `calling ${link}: run ${run} ended there without an answer; end each way with Link out that returns the message`, ru: `вызов ${link}: запуск ${run} завершился там без ответа; завершайте каждый путь узлом «Выход по ссылке», который возвращает сообщение` },
    { details: { run } });
  }
  throw new NodeFailure('link.timeout', {
    en: `calling ${link}: no answer in time; run ${run} goes on, and the next attempt waits for it`,
    ru: `вызов ${link}: ответа вовремя нет; запуск ${run} продолжается, следующая попытка ждёт его же`,
  }, { retry: 'backoff', details: { run } });
}

const tooDeep = (link: string): NodeFailure => new NodeFailure('link.too-deep', {
  en: `following the link ${link}: the message came here by ${limits.roundsMax} links and feedback wires; look for links that lead in a circle`,
  ru: `переход по ссылке ${link}: сообщение прошло ${limits.roundsMax} ссылок и обратных связей; проверьте, не ведут ли ссылки по кругу`,
});
