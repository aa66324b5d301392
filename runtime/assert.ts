/** Stops a call whose invariant is broken: a bug, never an expected failure. On in production. */
export function assert(condition: unknown, mustHold: string): asserts condition {
  if (!condition) throw new BrokenInvariant(mustHold);
}

/** A bug in Millrace itself. It is never retried and never shown as a node's failure. */
export class BrokenInvariant extends Error {
  override name = 'BrokenInvariant';
}
