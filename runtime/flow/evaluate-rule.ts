import type { Json } from './flow.ts';
import type { Condition, FieldInfo, NodeInfo, PortInfo, Replay, ReplayRule, Scalar } from './node-info.ts';

type Config = { readonly [field: string]: unknown };
type Fields = { readonly [field: string]: FieldInfo };

/** The value that a field has: its own, else its default. */
export function fieldOrDefault(config: Config, fields: Fields, field: string): unknown {
  return config[field] === undefined ? fields[field]?.default : config[field];
}

/** Whether a condition holds for a config, with defaults standing in for what is missing. */
export function holds(condition: Condition, config: Config, fields: Fields): boolean {
  if ('all' in condition) return condition.all.every((each) => holds(each, config, fields));
  if ('any' in condition) return condition.any.some((each) => holds(each, config, fields));
  const value = fieldOrDefault(config, fields, condition.field) ?? null;
  return 'is' in condition ? condition.is.includes(value as Scalar) : !condition.not.includes(value as Scalar);
}

/** What a repeated call of this node costs, for this config. */
export function replayOf(rule: ReplayRule, config: Config, fields: Fields): Replay {
  if (typeof rule === 'string') return rule;
  return replayOf(holds(rule.when, config, fields) ? rule.then : rule.else, config, fields);
}

const MOST_DYNAMIC_PORTS = 100;

/** The output ports of a node with this config, in the order in which the card shows them. */
export function outputsOf(info: Pick<NodeInfo, 'outputs' | 'config'>, config: Config): { readonly [id: string]: PortInfo } {
  const ports: Record<string, PortInfo> = {};
  for (const [id, port] of Object.entries(info.outputs.fixed)) {
    if (!port.when || holds(port.when, config, info.config)) ports[id] = port;
  }
  const dynamic = info.outputs.dynamic;
  if (!dynamic) return ports;
  if ('count' in dynamic) {
    const count = Number(fieldOrDefault(config, info.config, dynamic.count) ?? 0);
    for (let i = 1; i <= Math.min(count, MOST_DYNAMIC_PORTS); i++) ports[`${dynamic.prefix}-${i}`] = numbered(i);
    return ports;
  }
  const items = fieldOrDefault(config, info.config, dynamic.each);
  const list: readonly unknown[] = Array.isArray(items) ? items.slice(0, MOST_DYNAMIC_PORTS) : [];
  list.forEach((item, i) => {
    const label = dynamic.label ? (item as Record<string, Json>)?.[dynamic.label] : undefined;
    ports[`${dynamic.prefix}-${i + 1}`] = typeof label === 'string' && label !== '' ? { title: { en: label, ru: label } } : numbered(i + 1);
  });
  return ports;
}

const numbered = (i: number): PortInfo => ({ title: { en: String(i), ru: String(i) } });
