import type { FlowNode, Json, NodeInfo, SeenMessage, TryAnswer } from '../../runtime/api/contract.ts';
import { canonicalJson } from '../../runtime/flow/canonical.ts';
import { api, ApiError } from '../api/client.ts';
import { parseJson } from '../shared/parse-json.ts';

/** What was typed for a node stays while the page is open, also when another node is looked at meanwhile. */
const typed = new Map<string, string>();

/** The message on which a node is tried, and what came of the last try. */
export class Trial {
  isRunning = $state(false);
  answer = $state.raw<TryAnswer>();
  error = $state.raw<ApiError>();
  /** Why the typed text is no message. */
  reason = $state<string>();
  /** The node as it was tried: what is told of it holds for this one only. */
  tried = $state.raw<FlowNode>();
  /** JSON text of a message of one's own; undefined until somebody writes one. */
  text = $state<string>();
  isOwn = $state(false);
  readonly #flow: string;
  readonly #node: string;
  #ask = 0;

  constructor(flow: string, node: string) {
    this.#flow = flow;
    this.#node = node;
    this.text = typed.get(`${flow}/${node}`);
    this.isOwn = this.text !== undefined;
  }

  /** The message of one's own, where it can be read. */
  get typed(): { readonly [key: string]: Json } | undefined {
    return this.isOwn && this.text !== undefined ? readMessage(this.text).body : undefined;
  }

  /** Whether what came of the last try is of these settings, also when they were changed and changed back. */
  isOf(node: FlowNode | undefined): boolean {
    return this.tried !== undefined && node !== undefined && (this.tried.config === node.config || canonicalJson(this.tried.config) === canonicalJson(node.config));
  }

  /** Tries a message of one's own from now on. */
  write(text: string): void {
    this.text = text;
    this.isOwn = true;
    this.reason = undefined;
    typed.set(`${this.#flow}/${this.#node}`, text);
  }

  /** On this text, or on the last message that came. Of two tries at once only the later is heard. */
  async run(node: FlowNode, text: string | undefined): Promise<void> {
    const body = text === undefined ? undefined : this.#body(text);
    if (text !== undefined && body === undefined) return;
    const ask = ++this.#ask;
    this.isRunning = true;
    try {
      const answer = await api.tryNode(this.#flow, this.#node, { node, ...(body && { body }) });
      if (ask === this.#ask) this.#become({ node, answer });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (ask === this.#ask) this.#become({ node, error });
    } finally {
      if (ask === this.#ask) this.isRunning = false;
    }
  }

  #become({ node, answer, error }: { readonly node: FlowNode; readonly answer?: TryAnswer; readonly error?: ApiError }): void {
    this.tried = node;
    this.answer = answer;
    this.error = error;
  }

  #body(text: string): { readonly [key: string]: Json } | undefined {
    const { body, reason } = readMessage(text);
    this.reason = reason;
    return body;
  }
}

/** The message that a text is, or why it is none: `record` when it is something else. */
function readMessage(text: string): { readonly body?: { readonly [key: string]: Json }; readonly reason?: string } {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { body: value as { readonly [key: string]: Json } } : { reason: 'record' };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A message to begin with: the last one that came, an example of the node's, or an empty one. */
export const firstMessage = (last: SeenMessage | undefined, info: NodeInfo | undefined): string => JSON.stringify(last?.body ?? info?.examples[0]?.given[0] ?? { payload: '' }, null, 2);
