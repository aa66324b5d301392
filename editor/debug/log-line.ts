import type { DebugMessage } from '../../runtime/api/contract.ts';
import { isRecord } from '../../runtime/flow/own.ts';
import { logText } from '../shared/log-text.ts';

/** What a line of the log says. */
export const lineOf = ({ label, value }: DebugMessage): string => logText(label, isRecord(value) ? value['leftOut'] : undefined);
