import type { NodeInfo } from '../../runtime/flow/node-info.ts';
import { own } from '../../runtime/flow/own.ts';
import { pick, t } from '../i18n/index.ts';

/** Why a message ended at a node by this rule: one of the node's type, or of the runtime itself. Undefined for a rule that is not known here. */
export function dropReason(rule: string, info: NodeInfo | undefined): string | undefined {
  const told = own(info?.drops ?? {}, rule);
  if (told) return pick(told);
  if (rule === 'queue.full') return t('shared.dropped-queue-full');
  return rule === 'disabled' ? t('shared.dropped-disabled') : undefined;
}
