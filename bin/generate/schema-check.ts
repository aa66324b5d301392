import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';

const HEAD = `// @ts-nocheck
// Made by \`npm run generate\` from docs/flow.schema.json: the check runs without eval, also in the browser.
import type { SchemaCheck } from './schema-problems.ts';
`;

/** Text of the module that checks a flow and a connections document against the published schema. */
export function schemaCheck(schemaFile: string): string {
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as { readonly $id: string };
  const ajv = new Ajv2020({ allErrors: true, messages: false, strict: true, code: { source: true, esm: true } });
  ajv.addSchema(schema);
  ajv.addSchema({ $id: 'urn:millrace:connections:1', $ref: `${schema.$id}#/$defs/connections` });
  const code = standalone.default(ajv, { flowErrors: schema.$id, connectionsErrors: 'urn:millrace:connections:1' });
  if (/\brequire\(|\bnew Function\b|\beval\(/.test(code)) throw new Error('the compiled schema check loads code at run time: use only keywords that need no helper of ajv');
  return `${HEAD}${code.replace('"use strict";', '')}
export const checkFlow: SchemaCheck = (value) => (flowErrors(value) ? [] : flowErrors.errors);
export const checkConnections: SchemaCheck = (value) => (connectionsErrors(value) ? [] : connectionsErrors.errors);
`;
}
