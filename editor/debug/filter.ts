import type { DebugMessage } from '../../runtime/api/contract.ts';
import { previewOf } from '../shared/value.ts';

/** Which messages are shown. */
export interface Filter {
  /** Absent: every node. */
  readonly nodes?: ReadonlySet<string> | undefined;
  readonly text: string;
}

const SEARCHED_CHARS = 2_000;

/** The messages that fit, newest first. */
export function shownMessages(messages: readonly DebugMessage[], kinds: readonly DebugMessage['kind'][], filter: Filter): readonly DebugMessage[] {
  const needle = filter.text.trim().toLowerCase();
  const shown: DebugMessage[] = [];
  for (let i = messages.length - 1; i >= 0; i -= 1) {
    const message = messages[i];
    if (message && kinds.includes(message.kind) && (!filter.nodes || filter.nodes.has(message.node)) && (needle === '' || textOf(message).includes(needle))) shown.push(message);
  }
  return shown;
}

const textOf = (message: DebugMessage): string =>
  `${message.label} ${message.runId} ${previewOf(message.value, SEARCHED_CHARS).map(({ text }) => text).join('')}`.toLowerCase();
