import { existsSync } from 'node:fs';
import { parseConnections, parseFlow } from '../flow/parse.ts';
import type { Flow } from '../flow/flow.ts';
import { FlowsFolder } from './flows-folder.ts';
import type { Log } from './log.ts';
import type { Actor, ProjectDoor } from './project-door.ts';
import type { Connections } from './connections.ts';
import type { Store } from '../store/store.ts';

/** The example on which the editor opens for the first time. */
const SHOWN_FIRST = 'lead-capture';
const BY: Actor = { name: 'examples' };

/** True for a store that nobody has ever used; what was deleted counts as used. */
export async function isUntouched(store: Store): Promise<boolean> {
  const [drafts, deleted, connections, audit] = await Promise.all([store.listDrafts(), store.listDeletedDrafts(), store.listConnections(), store.listAudit(1)]);
  return drafts.length + deleted.length + connections.length + audit.length === 0;
}

export interface Seeding { readonly examplesDir: string; readonly connections: Connections; readonly project: Pick<ProjectDoor, 'saveFlow' | 'deploy'>; readonly log: Log }

/** Puts the shipped examples into an untouched store, and runs the first one. What is wrong with an example is told and does not keep Millrace from starting. */
export async function seedExamples({ examplesDir, connections, project, log }: Seeding): Promise<void> {
  if (!existsSync(examplesDir)) return log('info', `there are no examples at ${examplesDir}; starting with an empty project`);
  try {
    const folder = new FlowsFolder(examplesDir);
    const { value: documents } = parseConnections(folder.readConnections() ?? '{}');
    if (documents) await connections.addMissing(documents, BY);
    const flows = folder.flowIds().map((id) => parseFlow(folder.readFlow(id) ?? '').value).filter((flow): flow is Flow => flow !== undefined);
    for (const flow of flows) await project.saveFlow(flow, 0, BY);
    if (flows.some(({ id }) => id === SHOWN_FIRST)) await project.deploy(SHOWN_FIRST, 1, BY);
  } catch (error) {
    log('error', `loading the examples from ${examplesDir}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
