import type { DebugMessage, NodeInfo, Text } from '../../runtime/api/contract.ts';
import { nodeFailureCodes } from '../../runtime/errors.ts';
import { isRecord, own } from '../../runtime/flow/own.ts';

/** A failure as the debug panel shows it. */
export interface ShownFailure { readonly code: string; readonly text: Text; readonly attempt: number; readonly final: boolean; readonly hint: Text | undefined }

/** Reads a failure out of its debug message; undefined for any other message. */
export function failureOf(message: DebugMessage, info: NodeInfo | undefined): ShownFailure | undefined {
  if (message.kind !== 'failure' || !isRecord(message.value)) return undefined;
  const { message: text, attempt, final } = message.value;
  const said = isText(text) ? text : { en: String(text ?? ''), ru: String(text ?? '') };
  return { code: message.label, text: said, attempt: typeof attempt === 'number' ? attempt : 1, final: final === true, hint: hintOf(message.label, info) };
}

/** What to do about a failure: what the node type says of its own code, else what the runtime says of it. */
function hintOf(code: string, info: NodeInfo | undefined): Text | undefined {
  const known: { readonly [code: string]: { readonly fix: Text } } = nodeFailureCodes;
  return own(info?.failures ?? {}, code) ?? own(known, code)?.fix;
}

const isText = (value: unknown): value is Text => isRecord(value) && typeof value['en'] === 'string' && typeof value['ru'] === 'string';
