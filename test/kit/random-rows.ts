import type { FlowNode } from '../../runtime/flow/flow.ts';
import type { Body } from '../../runtime/sdk/index.ts';
import type { SeededRandom } from './virtual-time.ts';

/** Rows of function, switch and change nodes with random rules, and messages in which a shortcut could show. */

export interface RowNode { readonly type: 'function' | 'switch' | 'change'; readonly config: FlowNode['config']; /** The only one that is wired. */ readonly port: string }

const WORDS = ['', 'a', 'A', 'ДА', 'да', 'straße', 'STRASSE', 'İ', '5', '05', ' 5 ', '1e2', '-1', 'x,y', 'a, 5', '2026-01-05', '2026-01-05T10:00:00Z', '\u2028', '😀', 'length', 'true', 'null', '__proto__', '$&'];
const CONSTANTS = [...WORDS, 0, -1, 1, 5, 1.5, 1e21, true, false, null, [], [1, 2, 3], ['a', ['b'], null], ['5', 'да'], [{ name: 'a' }, { name: 'b' }], {}, { a: 1 }, { b: { c: [1, { d: 2 }] } }, { length: 3 }, { 'a b': 1 }, { name: '5' }];
/** What only messages hold. */
const VALUES: readonly unknown[] = [
  ...CONSTANTS, ...CONSTANTS, JSON.parse('{"__proto__":{"x":1},"a":2}'), JSON.parse('{"toString":1,"constructor":{"a":1}}'), { $date: 'mine' }, new Date(0), new Date(Number.NaN), new Date('2026-01-05T00:00:00Z'), new Uint8Array([1, 2]), 3n, { b: { c: new Date(5) }, a: 2n }, [new Uint8Array([7])], undefined, Number.NaN, { a: Number.NaN }, { a: undefined, b: 1 }, [undefined, 1], { a: Infinity }, { a: () => 1 },
];
const PLAIN = ['payload', 'topic', 'a', 'payload.a', 'payload.b', 'payload.b.c', 'payload.b.c[0]', 'payload[0]', 'payload[-1]', 'payload[4]', 'payload[0].name', 'payload.name', 'payload.length', 'a.b.c.d', 'topic.x', 'payload.toString', 'a[0]', 'mark', '_msgid', 'length'];
const PATHS = [...PLAIN, 'payload["a b"]', 'payload["$x"]', 'payload.b.c[-2].d', 'payload[3]', 'a["b"]', 'payload["ключ"]'];
const OPS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'contains', 'starts-with', 'ends-with', 'matches', 'in-list', 'has-key', 'is-type', 'true', 'false', 'null', 'not-null', 'empty', 'not-empty', 'holds', 'else'];
const TYPES = ['text', 'number', 'boolean', 'list', 'record', 'nothing', 'date', 'bytes'];
const CODES = [
  'return msg;', 'msg.mark = 1;\nreturn msg;', 'msg.payload = { ...msg.payload, n: 1 };\nreturn msg;', 'msg.topic = String(msg.topic);\nreturn msg;', 'delete msg.a;\nreturn msg;', 'return { payload: msg.payload, a: msg.a, topic: msg.topic };', 'msg.a = new Date(5);\nreturn msg;', 'msg.a = msg.payload;\nreturn msg;',
  'msg.a = [1, { b: { c: 2 } }];\nreturn msg;', 'if (msg.payload === 5) return null;\nreturn msg;', 'if (msg.topic === "a") node.warn("a");\nreturn msg;', 'msg.seen = Object.keys(msg).sort().join();\nreturn msg;', 'if (msg.topic === "x,y") throw new Error("no");\nreturn msg;', 'if (msg.topic === "x") msg.a = 7;\nreturn msg;', 'msg.payload = undefined;\nreturn msg;',
  'if (msg.payload && typeof msg.payload === "object") { msg.payload.touched = true; msg.shared = [msg.a === msg.payload, msg.a && msg.a.touched]; }\nreturn msg;', 'if (Array.isArray(msg.a)) msg.a.push(1);\nif (Array.isArray(msg.payload)) msg.payload.push({ name: "last" });\nreturn msg;', 'msg.kinds = [typeof msg.payload, typeof msg.a, Array.isArray(msg.a), msg.a instanceof Date];\nreturn msg;',
];

export class RandomRows {
  readonly #random: SeededRandom;
  constructor(random: SeededRandom) { this.#random = random; }

  #one<T>(of: readonly T[]): T { return of[Math.floor(this.#random.next() * of.length)] as T; }
  #chance(of: number): boolean { return this.#random.next() < of; }
  #some<T>(most: number, make: () => T): T[] { return Array.from({ length: 1 + Math.floor(this.#random.next() * most) }, make); }

  body(): Body {
    const keys = ['payload', 'payload', 'topic', 'a', 'mark'].filter(() => this.#chance(0.8));
    const body: { [key: string]: unknown } = this.#chance(0.1) ? JSON.parse('{"__proto__":1}') : {};
    for (const key of keys) body[key] = key === 'topic' ? this.#one(WORDS) : this.#one(VALUES);
    return body;
  }

  #value(): unknown { return this.#chance(0.3) ? { $expr: this.#one(PLAIN) } : this.#chance(0.02) ? { $expr: '$string(payload)' } : this.#one(CONSTANTS); }

  function(): RowNode { return { type: 'function', config: { code: this.#one(CODES) }, port: 'out-1' }; }

  switch(): RowNode {
    const rules = this.#some(4, () => {
      const op = this.#chance(0.15) ? 'else' : this.#one(OPS);
      return { op, value: op === 'is-type' ? this.#one(TYPES) : op === 'matches' ? '^a' : this.#value(), value2: this.#value(), caseless: this.#chance(0.2) };
    });
    return { type: 'switch', config: { property: this.#one(PLAIN), rules, take: this.#chance(0.3) ? 'all' : 'first' } as FlowNode['config'], port: `out-${1 + Math.floor(this.#random.next() * rules.length)}` };
  }

  change(): RowNode {
    const rules = this.#some(3, () => ({ action: this.#one(['set', 'set', 'move', 'delete', 'replace']), path: this.#one(PATHS), to: this.#one(PATHS), find: this.#one(WORDS.slice(1)), regex: this.#chance(0.03), value: this.#value() }));
    return { type: 'change', config: { rules } as FlowNode['config'], port: 'out' };
  }

  /** Functions with up to three other nodes between them. */
  row(): RowNode[] {
    const between = (): RowNode[] => this.#some(3, () => (this.#chance(0.5) ? this.change() : this.switch()));
    return [this.function(), ...this.#some(2, () => [...between(), this.function()]).flat()];
  }
}
