import { assert } from '../assert.ts';
import { shortHash } from '../hash.ts';
import { encodeBody } from '../journal/codec.ts';
import type { Body } from '../sdk/message.ts';
import { PART, turned, type Lineage } from './lineage.ts';
import type { CallContext } from './call-context.ts';
import type { Segment } from './segment.ts';
import type { Unit } from './unit.ts';

/** A message at a node, on its way through a segment. Its id follows from where it came from and is made only when somebody asks. */
export class Visit {
  readonly segment: Segment;
  unit: Unit;
  body: Body;
  key: string | null;
  /** The wire by which it came here, or the port of its source. */
  via: string;
  /** When the node began with it, as time that passes; known when its step is kept. */
  began: number | undefined = undefined;
  /** Feedback wires passed. */
  hops: number;
  /** Nodes passed since the message was last at rest. */
  depth = 0;
  /** What it added to its lineage since the visit that it came from. */
  turn = '';
  /** Of the nodes that it passed one after the other: one for all of them, a new one for each hop would cost a fifth of the way. */
  context: CallContext | undefined = undefined;
  #from: Visit | null = null;
  #step = '';
  /** Where the visit began, and how often it has gone on from there by the only wire of a default port. */
  readonly #start: Unit;
  #moves = 0;
  #id: string | undefined = undefined;
  #text: string | undefined = undefined;
  #lineage: Lineage | undefined = undefined;

  /** The message of the segment's origin. What comes of it is made by `then` and `goOn`. */
  constructor(segment: Segment, unit: Unit, body: Body) {
    this.segment = segment;
    this.unit = this.#start = unit;
    this.body = body;
    this.key = segment.origin.key;
    this.hops = segment.origin.hops;
    this.via = segment.origin.via;
  }

  /** What leaves this node by `step` for `unit`. */
  then(unit: Unit, body: Body, step: string): Visit {
    const next = new Visit(this.segment, unit, body);
    next.key = this.key;
    next.hops = this.hops;
    next.via = '';
    next.depth = this.depth + 1;
    next.#from = this;
    next.#step = step;
    return next;
  }

  /** What leaves it beside its wires. */
  beside(unit: Unit, body: Body, step: string): Visit {
    const next = this.then(unit, body, step);
    next.turn = step;
    return next;
  }

  /** The one message that came of this one, at the other end of its default port's only wire. A new visit for each hop would cost a tenth of the way. */
  goOn(to: Unit, body: Body): this {
    this.unit = to;
    this.body = body;
    this.depth++;
    this.#moves++;
    this.#id = this.#text = undefined;
    return this;
  }

  /** The body as JSON text, made at most once. Throws for a body that JSON cannot hold. */
  get text(): string { return (this.#text ??= encodeBody(this.body)); }

  get lineage(): Lineage {
    if (this.#lineage === undefined) this.#lineage = this.#from === null ? this.segment.origin.lineage : turned(this.#from.lineage, this.turn, this.turn.startsWith(PART) ? this.#from.id : undefined);
    return this.#lineage;
  }
  /** It has passed another feedback wire. */
  goRound(): void { this.#lineage = turned(this.lineage, `^${this.hops}`); }

  get id(): string { return (this.#id ??= this.#derive()); }

  #derive(): string {
    let id = this.#from === null ? this.segment.origin.msg.id : shortHash(`${this.#from.id}|${this.#step}`);
    for (let unit = this.#start, moves = 0; moves < this.#moves; moves++) {
      const { only } = unit.out;
      assert(only, 'a visit goes on by the only wire of a default port');
      id = shortHash(`${id}|${only.step}`);
      unit = only.to;
    }
    return id;
  }
}
