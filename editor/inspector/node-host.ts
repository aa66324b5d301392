import type { Snippet } from 'svelte';
import type { Json } from '../../runtime/flow/flow.ts';
import { pick } from '../i18n/index.ts';
import { declaredInputs } from '../model/declared-inputs.ts';
import { linkChoices } from '../model/references.ts';
import { titleOf } from '../model/title.ts';
import { typedInput } from '../model/type-words.ts';
import type { FieldHost } from '../shared/fields/field-host.ts';
import { projectHost } from '../shared/fields/project-host.ts';
import { previewOf, valueAt } from '../shared/value.ts';
import { pathsOf } from '../shared/value-rows.ts';
import type { App } from '../state/app.svelte.ts';
import type { Session } from '../state/session.svelte.ts';
import type { LastMessagesOf } from './last-messages.svelte.ts';
import { placed } from './placed.ts';
import { previewValue } from './preview.ts';
import { firstMessage, type Trial } from './trial.svelte.ts';

/** What a node's fields know: the project, the flow's own environment, the other nodes, and the last message that came in. */
export function nodeHost(app: App, session: Session, { node, last, trial, drawTrial }: { readonly node: string; readonly last: LastMessagesOf; readonly trial: Trial; readonly drawTrial: () => Snippet | undefined }): FieldHost {
  const project = projectHost(app);
  const env = (): FieldHost['env'] => {
    const own = Object.entries(session.flow.env ?? {}).map(([name, entry]) => ({ name, value: entry.default as Json | undefined }));
    // What the project sets counts before the flow's default.
    return [...project.env, ...own.filter(({ name }) => !project.env.some((each) => each.name === name))];
  };
  return {
    ...project,
    get env() { return env(); },
    get secrets() { return project.secrets; },
    get nodes() {
      return Object.entries(session.flow.nodes).filter(([id]) => id !== node)
        .map(([id, each]) => ({ value: id, label: titleOf(id, each, titleText(app, each.type)) }));
    },
    get links() {
      return linkChoices(session.flow, (id, each) => titleOf(id, each, titleText(app, each.type)), { isEntry: (type) => app.catalog.node(type)?.entry === true, others: app.flows.list });
    },
    get words() {
      const body = last.input?.body;
      const seen = pathsOf(body).map((path) => ({ path, detail: previewOf(valueAt(body, path), 24).map(({ text }) => text).join('') }));
      // A value that came says more than its type, and a type knows fields that did not come.
      return [...new Map([...typedInput(session.flow, node, (type) => app.catalog.node(type)), ...seen].map((word) => [word.path, word])).values()];
    },
    get strict() { return session.deployment?.state === 'failed'; },
    get config() { return session.flow.nodes[node]?.config ?? {}; },
    get fields() { return app.catalog.node(session.flow.nodes[node]?.type ?? '')?.config ?? {}; },
    get message() {
      const came = last.recent.map(({ body }) => body);
      const typed = came.length === 0 ? trial.typed : undefined;
      return { declared: declaredInputs(session.flow, node, (type) => app.catalog.node(type)), seen: typed ? [typed] : came, seenAre: typed ? 'typed' as const : 'came' as const };
    },
    get failed() {
      const now = session.flow.nodes[node];
      const { failure } = trial.answer ?? {};
      // Of another text than the present one a line means nothing.
      if (failure?.line === undefined || !trial.isOf(now)) return [];
      const { field, line, column } = failure;
      return placed([{ code: failure.code, level: 'error', where: { node, line, ...(field !== undefined && { field }), ...(column !== undefined && { column }) }, message: failure.message, fix: failure.message }], app.catalog.node(now?.type ?? ''));
    },
    attempt() {
      const now = session.flow.nodes[node];
      if (!now) return;
      app.ui.inspectorTab = 'settings';
      void trial.run(now, trial.isOwn || !last.input ? trial.text ?? firstMessage(last.input, app.catalog.node(now.type)) : undefined);
    },
    typing: (field, isBehind) => { session.typing(field, isBehind); },
    get trial() { return drawTrial(); },
    preview: (value) => previewValue(value, { env: env(), body: last.input?.body }),
  };
}

function titleText(app: App, type: string): string | undefined {
  const title = app.catalog.node(type)?.title;
  return title && pick(title);
}
