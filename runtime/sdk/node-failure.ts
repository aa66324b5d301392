import type { Json, Text } from '../flow/flow.ts';

/** What the engine does next: `never` gives up at once, `backoff` waits longer each time, `afterMs` waits just so long. */
export type Retry = 'never' | 'backoff' | { readonly afterMs: number };

/** Whose failure it is: this message's, or the connection's for every message that needs it. */
export type FailureScope = 'message' | 'connection';

export interface FailureOptions {
  readonly scope?: FailureScope;
  readonly retry?: Retry;
  readonly details?: { readonly [name: string]: Json };
  readonly cause?: unknown;
  /** True when the other side may have done the work although no answer came. */
  readonly outcomeUnknown?: boolean;
}

/** The one failure that node authors throw. `code` is the contract; the text may improve in any release. */
export class NodeFailure extends Error {
  override name = 'NodeFailure';
  readonly code: string;
  readonly text: Text;
  readonly scope: FailureScope;
  readonly retry: Retry;
  readonly details: { readonly [name: string]: Json };
  readonly outcomeUnknown: boolean;

  constructor(code: string, text: Text, options: FailureOptions = {}) {
    super(text.en, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.text = text;
    this.scope = options.scope ?? 'message';
    this.retry = options.retry ?? (this.scope === 'connection' ? 'backoff' : 'never');
    this.details = options.details ?? {};
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

/** A failure as data: in the journal, in debug, on the error port and in a catch node's message. */
export interface FailureRecord {
  readonly code: string;
  readonly text: Text;
  readonly details: { readonly [name: string]: Json };
  readonly node: string;
  readonly attempt: number;
  readonly at: number;
}
