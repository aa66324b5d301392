import type { ConnectionDocument, Json } from '../flow/flow.ts';
import { route, schema, type ApiAnswer, type Route } from './route.ts';

// Names are the project's to judge: it says which rule a name breaks.
const document = {
  type: 'object', required: ['type', 'config'], properties: { type: { type: 'string' }, config: { type: 'object' }, rate: { type: 'string' } },
  description: 'A connection: its type, its config and how often it may be called, "10/1s"; secrets only as { "$secret": "name" }. Keys that are not known are kept.',
};

const connections: readonly Route[] = [
  route({ method: 'GET', path: '/connections', summary: 'Lists the project’s connections with their state.', answer: 'ConnectionList', asWritten: ['document'], handle: async (_, { project }) => ({ body: await project.listConnections() }) }),
  route<{ readonly document: ConnectionDocument }>({
    method: 'PUT', path: '/connections/:name', summary: 'Saves a connection. If-Match says on which version it builds; "0" creates.', answer: '{ version }',
    needsVersion: true, body: schema({ type: 'object', required: ['document'], additionalProperties: false, properties: { document } }),
    async handle({ param, body, version, by }, { project }): Promise<ApiAnswer> {
      const answer = await project.saveConnection(param('name'), body.document, version, by);
      return { body: answer, headers: { etag: `"${answer.version}"` } };
    },
  }),
  route({ method: 'DELETE', path: '/connections/:name', summary: 'Deletes a connection.', async handle({ param, by }, { project }) { await project.deleteConnection(param('name'), by); return {}; } }),
  route<{ readonly document?: ConnectionDocument }>({
    method: 'POST', path: '/connections/:name/test', summary: 'Opens the connection, asks it something harmless and closes it. With a document: tries that one without saving it.', answer: 'TestAnswer',
    bodyOptional: true, body: schema({ type: 'object', additionalProperties: false, properties: { document } }),
    async handle({ param, body, by }, { project }): Promise<ApiAnswer> {
      const answer = await project.testConnection(param('name'), body.document);
      await project.audited(by, { action: 'connection.test', subject: param('name'), details: `${answer.ok ? 'works' : 'fails'}${body.document ? ', with a document that is not saved' : ''}` });
      return { body: answer };
    },
  }),
  route({
    method: 'POST', path: '/connections/:name/try', summary: 'Tries a paused connection now instead of at its time; of a paused host (host:name) each of its nodes tries with one message.', answer: 'ConnectionState',
    async handle({ param, by }, { host, project }): Promise<ApiAnswer> {
      const answer = await host.tryConnection(param('name'));
      await project.audited(by, { action: 'connection.try', subject: param('name'), details: answer.state });
      return { body: answer };
    },
  }),
];

const secrets: readonly Route[] = [
  route({ method: 'GET', path: '/secrets', summary: 'Lists the names of secrets. Values are never given out.', answer: 'SecretList', handle: async (_, { project }) => ({ body: await project.listSecrets() }) }),
  route<{ readonly value: string }>({
    method: 'PUT', path: '/secrets/:name', summary: 'Sets a secret.',
    body: schema({ type: 'object', required: ['value'], additionalProperties: false, properties: { value: { type: 'string' } } }),
    async handle({ param, body, by }, { project }) { await project.saveSecret(param('name'), body.value, by); return {}; },
  }),
  route({ method: 'DELETE', path: '/secrets/:name', summary: 'Deletes a secret.', async handle({ param, by }, { project }) { await project.deleteSecret(param('name'), by); return {}; } }),
];

const env: readonly Route[] = [
  route({ method: 'GET', path: '/env', summary: 'Lists the project’s environment values.', answer: 'EnvList', asWritten: ['value'], handle: async (_, { project }) => ({ body: await project.listEnv() }) }),
  route<{ readonly value: Json }>({
    method: 'PUT', path: '/env/:name', summary: 'Sets an environment value.',
    body: schema({ type: 'object', required: ['value'], additionalProperties: false, properties: { value: {} } }),
    async handle({ param, body, by }, { project }) { await project.saveEnv(param('name'), body.value, by); return {}; },
  }),
  route({ method: 'DELETE', path: '/env/:name', summary: 'Deletes an environment value.', async handle({ param, by }, { project }) { await project.deleteEnv(param('name'), by); return {}; } }),
];

export const valueRoutes: readonly Route[] = [...connections, ...secrets, ...env];
