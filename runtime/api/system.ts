import { failureCodes, nodeFailureCodes } from '../errors.ts';
import type { FlowHost } from '../host.ts';
import { limits } from '../limits.ts';
import type { ImportRequest, JournalState, StoreState, SystemInfo } from './contract.ts';
import { route, schema, type ApiAnswer, type Route } from './route.ts';

const AUDIT_LIMIT_DEFAULT = 100;
interface AuditPage { readonly limit: number; readonly before?: number }

/** What it means stands where the error of that code does. */
const toldOf = (state: ReturnType<FlowHost['journal']>): JournalState => (state.state === 'well' ? state : { ...state, ...nodeFailureCodes[state.code] });
const ofStore = (state: ReturnType<FlowHost['store']>): StoreState => (state.state === 'well' ? state : { ...state, means: failureCodes[state.code].means, fix: failureCodes[state.code].fix });

const about: readonly Route[] = [
  route({ method: 'GET', path: '/system', summary: 'Says which Millrace this is and where it keeps its data.', answer: 'SystemInfo', handle: (_, { system, host }) => ({ body: { ...system, journal: toldOf(host.journal()), store: ofStore(host.store()) } satisfies SystemInfo }) }),
  route({ method: 'GET', path: '/catalog', summary: 'Gives every node type and connection type, with forms, ports and help.', answer: 'CatalogInfo', asWritten: 'all', handle: (_, { catalog }) => ({ body: catalog }) }),
  route<undefined, { readonly module: string }>({
    method: 'GET', path: '/modules/types', summary: 'Gives the TypeScript declarations of a module that function nodes may use; none of any other.', answer: 'ModuleTypes', asWritten: 'all',
    query: schema({ type: 'object', required: ['module'], additionalProperties: false, properties: { module: { type: 'string', maxLength: 200 } } }),
    handle: ({ query }, { moduleTypes }) => ({ body: moduleTypes(query.module) }),
  }),
  route<undefined, AuditPage>({
    method: 'GET', path: '/audit', summary: 'Lists who changed what, newest first.', answer: 'AuditList',
    query: schema({ type: 'object', additionalProperties: false, properties: { limit: { type: 'integer', minimum: 1, maximum: limits.pageSizeMax, default: AUDIT_LIMIT_DEFAULT }, before: { type: 'integer', minimum: 0 } } }),
    handle: async ({ query }, { project }) => ({ body: { entries: await project.audit(query.limit, query.before) } }),
  }),
];

const backup: readonly Route[] = [
  route({
    method: 'POST', path: '/backup', summary: 'Makes a backup of everything, below the data folder, while messages flow.', answer: 'BackupAnswer',
    async handle({ by }, doors) {
      const made = await doors.backup();
      await doors.project.audited(by, { action: 'backup.make', subject: made.name });
      return { body: made };
    },
  }),
];

const transfer: readonly Route[] = [
  route<ImportRequest>({
    method: 'POST', path: '/import', summary: 'Looks at or saves pasted flows: one flow or an export. Node-RED’s JSON is recognised and answered with what is not supported.', answer: 'ImportAnswer',
    body: schema({
      type: 'object', required: ['text', 'mode'], additionalProperties: false,
      properties: { text: { type: 'string' }, mode: { enum: ['look', 'save'] }, rename: { type: 'object', additionalProperties: { type: 'string' } } },
    }),
    handle: async ({ body, by }, { project }) => ({ body: await project.import(body, by) }),
  }),
  route<undefined, { readonly flow?: readonly string[] }>({
    method: 'GET', path: '/export', summary: 'Gives one flow as its file, or several as an export. Secrets are never part of it.', answer: 'Flow or ExportBundle',
    query: schema({ type: 'object', additionalProperties: false, properties: { flow: { type: 'array', items: { type: 'string' }, maxItems: limits.pageSizeMax } } }),
    async handle({ query }, { project }): Promise<ApiAnswer> {
      const ids = query.flow ?? (await project.listFlows()).flows.map(({ id }) => id);
      const [only, second] = ids;
      const name = only !== undefined && second === undefined ? only : 'millrace-export';
      return { text: await project.export(ids), headers: { 'content-type': 'application/json; charset=utf-8', 'content-disposition': `attachment; filename="${name.replace(/[^a-z0-9-]/g, '')}.json"` } };
    },
  }),
];

export const systemRoutes: readonly Route[] = [...about, ...backup, ...transfer];
