import type { Clock } from '../clock.ts';
import type { CatalogInfo } from '../flow/node-info.ts';
import type { FlowHost } from '../host.ts';
import type { Store } from '../store/store.ts';
import type { AuditLog } from './audit-log.ts';
import type { Changes } from './changes.ts';
import type { FlowsFolder } from './flows-folder.ts';
import type { Log } from './log.ts';
import type { Actor } from './project-door.ts';
import type { Serial } from './serial.ts';
import type { StoredValues } from './values.ts';
import type { Vault } from './vault.ts';

/** What the parts of a project share. */
export interface Parts {
  readonly store: Store;
  readonly vault: Vault;
  readonly host: FlowHost;
  readonly catalog: CatalogInfo;
  readonly clock: Clock;
  readonly log: Log;
  readonly values: StoredValues;
  readonly changes: Changes;
  readonly audit: AuditLog;
  readonly serial: Serial;
  /** With it, its files are the truth and the store follows. */
  readonly folder: FlowsFolder | undefined;
}

/** Writes who did what to which thing. `details` never holds a value that may be secret. */
export function audited(parts: Pick<Parts, 'audit'>, by: Actor, what: { readonly action: string; readonly subject: string; readonly details?: string }): Promise<void> {
  return parts.audit.add({ by: by.name, ...what });
}
