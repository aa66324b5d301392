import { pick } from '../../i18n/index.ts';
import type { App } from '../../state/app.svelte.ts';
import type { FieldHost } from './field-host.ts';

/** What fields outside a flow know: the project's environment, secrets and connections. Getters, so that whoever draws from it follows the state. */
export function projectHost(app: Pick<App, 'values' | 'connections' | 'ui'>): FieldHost {
  return {
    get env() { return app.values.env; },
    get secrets() { return app.values.secrets.map(({ name }) => name); },
    saveSecret: (name, value) => app.values.saveSecret(name, value),
    connections: (type) => app.connections.ofType(type).map(({ name, state, reason }) => ({ name, state, reason: reason && pick(reason) })),
    newConnection: (type, use) => { app.ui.connectionForm = { type, use }; },
    nodes: [],
    links: [],
    words: [],
    strict: false,
  };
}
