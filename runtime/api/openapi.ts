import type { JsonSchema, Route } from './route.ts';

/** The API's description in OpenAPI 3.1, made from the same table that routes and checks requests. */
export function openapi(routes: readonly Route[], version: string): JsonSchema {
  const paths: { [path: string]: { [method: string]: JsonSchema } } = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Millrace', version, description: 'Types of the answers are named as in runtime/api/contract.ts.' },
    servers: [{ url: '/api/v1' }],
    paths,
    components: { schemas: { Text, Problem, ErrorAnswer } },
  };
}

const jsonOf = (schema: JsonSchema): JsonSchema => ({ 'application/json': { schema } });

function operation(route: Route): JsonSchema {
  return {
    summary: route.summary,
    parameters: [...pathParameters(route), ...queryParameters(route), ...versionParameter(route)],
    ...(route.body && { requestBody: { required: route.bodyOptional !== true, content: jsonOf(route.body.json) } }),
    responses: {
      ...(route.answer === undefined ? { 204: { description: 'Done.' } } : { 200: { description: route.answer, content: jsonOf({}) } }),
      default: { description: 'What went wrong and what to do.', content: jsonOf({ $ref: '#/components/schemas/ErrorAnswer' }) },
    },
  };
}

const pathParameters = (route: Route): JsonSchema[] =>
  [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));

function queryParameters(route: Route): JsonSchema[] {
  const properties = (route.query?.json['properties'] ?? {}) as { readonly [name: string]: JsonSchema };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

const versionParameter = (route: Route): JsonSchema[] =>
  route.needsVersion ? [{ name: 'If-Match', in: 'header', required: true, schema: { type: 'string' }, description: '"version" on which the change builds; "0" creates.' }] : [];

const Text = { type: 'object', required: ['en', 'ru'], properties: { en: { type: 'string' }, ru: { type: 'string' } } };
const textRef = { $ref: '#/components/schemas/Text' };
const Problem = {
  type: 'object', required: ['code', 'level', 'where', 'message', 'fix'],
  properties: { code: { type: 'string' }, level: { enum: ['error', 'warning'] }, where: { type: 'object' }, message: textRef, fix: textRef },
};
const ErrorAnswer = {
  type: 'object', required: ['error'],
  properties: {
    error: {
      type: 'object', required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: textRef, fix: textRef, problems: { type: 'array', items: { $ref: '#/components/schemas/Problem' } }, details: { type: 'object' } },
    },
  },
};
