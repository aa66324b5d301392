import { shortHash } from '../hash.ts';
import { encodeBody } from '../journal/codec.ts';
import type { Body } from '../sdk/message.ts';
import type { Segment } from './segment.ts';
import type { Unit } from './unit.ts';

/** A message at a node, on its way through a segment. Its id follows from where it came from and is made only when somebody asks. */
export class Visit {
  readonly segment: Segment;
  readonly unit: Unit;
  readonly body: Body;
  key: string | null;
  /** Feedback wires passed. */
  hops: number;
  /** Nodes passed since the message was last at rest. */
  depth = 0;
  #from: Visit | null = null;
  #step = '';
  #id: string | undefined = undefined;
  #text: string | undefined = undefined;

  /** The message of the segment's origin. What comes of it is made by `then`. */
  constructor(segment: Segment, unit: Unit, body: Body) {
    this.segment = segment;
    this.unit = unit;
    this.body = body;
    this.key = segment.origin.key;
    this.hops = segment.origin.hops;
  }

  /** What leaves this node by `step` for `unit`. */
  then(unit: Unit, body: Body, step: string): Visit {
    const next = new Visit(this.segment, unit, body);
    next.key = this.key;
    next.hops = this.hops;
    next.depth = this.depth + 1;
    next.#from = this;
    next.#step = step;
    return next;
  }

  /** The body as JSON text, made at most once. Throws for a body that JSON cannot hold. */
  get text(): string { return (this.#text ??= encodeBody(this.body)); }

  get id(): string {
    return (this.#id ??= this.#from === null ? this.segment.origin.msg.id : shortHash(`${this.#from.id}|${this.#step}`));
  }
}
