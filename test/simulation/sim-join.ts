import join from '../../nodes/logic/join.ts';
import { defineNode, field, toPorts, type Body, type Collector, type Json, type NodeDefinition } from '../../runtime/sdk/index.ts';
import { isToPorts, portsOf } from '../../runtime/sdk/message.ts';
import { pathOf, visitKey, type Ledger } from './ledger.ts';
import { BOTH, COMMON, gatheredPath, stepOf, type Life } from './sim-nodes.ts';

type Settings = { readonly waitMs: number; readonly id: string };
const real = join.collect as unknown as Collector<object>;
const settingsOf = ({ waitMs }: Settings): object => ({ until: 'parts', make: 'list', path: 'payload', ...(waitMs > 0 && { timeout: waitMs }) });

/** The whole has left; what is known of it is for its late parts. */
const isClosed = (state: Json): boolean => (state as { readonly closed?: boolean }).closed === true;

/** The context as the join of the product reads it. */
const asReal = ({ config, clock, node }: { readonly config: Settings; readonly clock: unknown; readonly node: unknown }): never => ({ config: settingsOf(config), clock, node }) as never;

/** The join of the product, which puts the parts of a split together, with a way of its own for what leaves. */
export function simJoin(ledger: Ledger, life: () => Life): NodeDefinition {
  /** The run in which the word of a missing part closes a whole: it goes on with the whole, also where that is another than the last part's. */
  let closing: string | undefined;
  const config = { id: field.text(BOTH('Own name'), { default: '' }), waitMs: field.integer(BOTH('Wait'), { default: 0 }) };
  return defineNode({ ...COMMON, type: 'sim-join', replay: 'pure', config, outputs: { fixed: { out: { title: BOTH('Out') }, incomplete: { title: BOTH('Incomplete') }, late: { title: BOTH('Late') } } }, collect: {
    key: (message, context) => real.key(message, asReal(context)),
    arrive: (message, state, context) => {
      closing = undefined;
      const step = real.arrive(message, state, asReal(context));
      const path = pathOf(message);
      const visit = visitKey({ run: context.envelope.runId, node: context.node.id, path });
      if (!step.keep && !life().dead) ledger.passed.set(visit, step.pass === undefined ? 'taken' : 'late');
      if (step.pass !== undefined) return { ...step, pass: toPorts({ late: { ...message, error: undefined, path: stepOf(path, context.node.id) } }) };
      return step.keep ? { ...step, keep: { ...message, of: context.envelope.runId } } : step;
    },
    close: (window, settings) => {
      const parts = window.kept.map((body) => `${String(body.of)}|${pathOf(body)}`);
      const path = gatheredPath(settings.id, parts.length > 0 ? parts : [window.key]);
      for (const run of closing === undefined ? [] : parts.map((part) => part.split('|')[0] as string)) if (run !== closing) ledger.crossed.add(run).add(closing as string);
      closing = undefined;
      if (!life().dead) {
        ledger.gathered.push({ node: settings.id, carrier: parts.at(-1) ?? '', parts: new Set(parts), path });
        if (window.reason === 'timeout' && !isClosed(window.state)) ledger.waitedLong(window.key);
        ledger.wholes.add(window.key);
      }
      const result = real.close(window, settingsOf(settings));
      if (!isToPorts(result)) return result;
      return toPorts(Object.fromEntries(Object.entries(portsOf(result)).map(([port, body]) => [port, { ...body as Body, error: undefined, ordered: false, path }])));
    },
    closed: (window, settings) => real.closed?.(window, settingsOf(settings)),
    missing: {
      waits: () => true,
      of: (message) => real.missing?.of(message),
      arrive: (missing, state, context) => {
        const step = real.missing?.arrive(missing, state, asReal(context)) ?? { state: null };
        closing = step.close ? context.envelope.runId : undefined;
        return step;
      },
    },
  } });
}
