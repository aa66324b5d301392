import type { FlowSummary } from '../../runtime/api/contract.ts';
import { api } from '../api/client.ts';
import { t } from '../i18n/index.ts';
import { setFlow } from '../model/edits.ts';
import { downloadText } from '../shared/clipboard.ts';
import type { App } from '../state/app.svelte.ts';

/** What can be done to a flow of the list, the open one or any other. Each rejects with an `ApiError`. */

export async function renameFlow(app: App, { id }: FlowSummary, name: string): Promise<void> {
  if (app.session?.id === id) {
    app.session.apply(setFlow('name', name));
    await app.session.save();
  } else {
    const { flow, version } = await api.getFlow(id);
    await api.saveFlow({ ...flow, name }, version);
  }
  await app.flows.load();
}

export async function duplicateFlow(app: App, { id, name }: FlowSummary): Promise<void> {
  if (app.session?.id === id) await app.session.save();
  const { flow } = await api.getFlow(id);
  await app.open(await app.flows.saveCopy(flow, t('flows.copy-of', { name })));
}

export async function toggleRunning(app: App, { id, live }: FlowSummary): Promise<void> {
  const isLive = live?.state === 'live';
  if (app.session?.id === id) await (isLive ? app.session.stop() : app.session.start());
  else await (isLive ? api.stop(id) : api.start(id));
  await app.flows.load();
}

export async function exportFlow(app: App, { id }: FlowSummary): Promise<void> {
  if (app.session?.id === id) await app.session.save();
  downloadText(`${id}.json`, await api.export([id]));
}

/** Deletes a flow and offers it back. */
export async function deleteFlow(app: App, { id, name }: FlowSummary): Promise<void> {
  await app.flows.remove(id);
  if (app.session?.id === id) await app.leave();
  app.ui.notify(t('flows.deleted', { flow: name }), {
    label: t('flows.restore'),
    run: () => { void app.flows.restore(id).then(() => app.open(id)); },
  });
}
