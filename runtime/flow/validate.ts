import { problem, type ProblemCode } from '../errors.ts';
import { referencesIn, type Reference } from './field-form.ts';
import { wireId, type ConnectionDocument, type ConnectionsDocument, type Flow, type FlowNode, type Place, type Problem, type Text } from './flow.ts';
import type { CatalogInfo } from './node-info.ts';
import { own } from './own.ts';
import { parseDuration, parseRate, parseSize } from './units.ts';
import { configProblems } from './validate-config.ts';
import { loopProblems } from './validate-loops.ts';
import { wireProblems } from './validate-wires.ts';

/** What the project has. A part that is absent is not checked. */
export interface ValidationContext {
  readonly connections?: ConnectionsDocument;
  readonly env?: readonly string[];
  readonly secrets?: readonly string[];
}

/** Every problem of a flow at once. Disabled nodes do not run, so their settings are not checked. */
export function validateFlow(flow: Flow, catalog: CatalogInfo, context: ValidationContext = {}): Problem[] {
  const nodes = Object.entries(flow.nodes).filter(([, node]) => !node.disabled);
  return [
    ...nodes.flatMap(([id, node]) => nodeProblems(id, node, { flow, catalog, context })),
    ...wireSettingProblems(flow),
    ...wireProblems(flow, catalog),
    ...loopProblems(flow, catalog),
    ...usesProblems(flow, catalog, context),
  ];
}

/** Every problem of one connection of the project. */
export function validateConnection(name: string, document: ConnectionDocument, catalog: CatalogInfo, context: Pick<ValidationContext, 'env' | 'secrets'> = {}): Problem[] {
  const where = { connection: name };
  const info = own(catalog.connections, document.type);
  if (!info) return [unknownConnectionType(where, document.type)];
  const owner = { where, name: { en: `Connection ${name}`, ru: `Подключение ${name}` }, nodes: {}, uses: {} };
  return [
    ...configProblems(document.config, info.config, owner),
    ...settingProblems({ key: 'rate', value: document.rate, unit: RATE }, { ...where, field: '@rate' }, owner.name),
    ...Object.keys(document.config).flatMap((field) => (own(info.config, field) ? [] : [unknownSetting(name, field)])),
    ...referencesIn(document.config).flatMap((reference) => unknownReference(reference, where, context)),
  ];
}

/** A slip here means another server: what is ignored is said, although it is kept. */
function unknownSetting(connection: string, field: string): Problem {
  return problem('connection.unknown-setting', { connection, field }, {
    level: 'warning',
    message: { en: `Connection ${connection}: “${field}” is not a setting of its type and is ignored`, ru: `Подключение ${connection}: «${field}» не является настройкой этого типа и не учитывается` },
    fix: { en: 'Use the settings that the form shows, or remove it.', ru: 'Используйте настройки из формы или удалите его.' },
  });
}

interface Around { readonly flow: Flow; readonly catalog: CatalogInfo; readonly context: ValidationContext }

function nodeProblems(id: string, node: FlowNode, around: Around): Problem[] {
  const { flow, catalog, context } = around;
  const where = { flow: flow.id, node: id };
  const info = own(catalog.nodes, node.type);
  if (!info) return [unknownType(where, node.type)];
  if (node.version > info.version) return [newerVersion(where, node, info.version)];
  const env = context.env && [...context.env, ...Object.keys(flow.env ?? {})];
  const isEntry = (node: string): boolean => own(catalog.nodes, own(flow.nodes, node)?.type ?? '')?.entry === true;
  const known = { ...(env && { env }), ...(context.secrets && { secrets: context.secrets }) };
  return [
    ...configProblems(node.config, info.config, { where, name: { en: `Node ${id}`, ru: `Узел ${id}` }, flow: flow.id, nodes: flow.nodes, isEntry, uses: flow.uses ?? {} }),
    ...nodeSettingProblems(where, node),
    ...(info.durable && flow.delivery === 'memory' ? [needsDurable(where)] : []),
    ...referencesIn(node.config).flatMap((reference) => unknownReference(reference, where, known)),
  ];
}

const unknownType = (where: Place & { readonly node: string }, type: string): Problem => problem('flow.unknown-type', where, {
  message: { en: `Node ${where.node}: there is no node type ${type} here`, ru: `Узел ${where.node}: типа узла ${type} здесь нет` },
  fix: { en: 'Start Millrace with --nodes and the folder that has it, or replace the node. The other nodes run.', ru: 'Запустите Millrace с --nodes и папкой, где он есть, или замените узел. Остальные узлы работают.' },
});

const needsDurable = (where: Place & { readonly node: string }): Problem => problem('flow.needs-durable', where, {
  message: { en: `Node ${where.node}: it waits for somebody outside, and a flow in memory mode would forget that at a restart`, ru: `Узел ${where.node}: он ждёт кого-то снаружи, а поток в режиме памяти забудет об этом при перезапуске` },
  fix: { en: 'Set the flow’s delivery to durable.', ru: 'Включите для потока надёжную доставку.' },
});

const newerVersion = (where: Place & { readonly node: string }, node: FlowNode, known: number): Problem => problem('flow.newer-version', where, {
  message: { en: `Node ${where.node}: written by version ${node.version} of ${node.type}, version ${known} is here`, ru: `Узел ${where.node}: записан версией ${node.version} типа ${node.type}, здесь версия ${known}` },
  fix: { en: 'Use a newer Millrace, or place the node anew.', ru: 'Обновите Millrace или добавьте узел заново.' },
});

const DURATION = { parse: parseDuration, like: '30s, 5m' };
const SIZE = { parse: parseSize, like: '64KB, 1GB' };
const RATE = { parse: parseRate, like: '10/1m' };
const COUNT = { parse: (value: string): unknown => (Number(value) >= 1 ? Number(value) : undefined), like: '1, 2, 3' };

interface Setting { readonly key: string; readonly value: string | number | undefined; readonly unit: { readonly parse: (text: string) => unknown; readonly like: string } }

function nodeSettingProblems(where: Place & { readonly node: string }, node: FlowNode): Problem[] {
  const settings: Setting[] = [
    { key: 'timeout', value: node.timeout, unit: DURATION },
    { key: 'rate', value: node.rate, unit: RATE },
    { key: 'concurrency', value: node.concurrency, unit: COUNT },
    { key: 'attempts', value: node.attempts, unit: COUNT },
  ];
  const name = { en: `Node ${where.node}`, ru: `Узел ${where.node}` };
  return settings.flatMap((setting) => settingProblems(setting, { ...where, field: `@${setting.key}` }, name));
}

function wireSettingProblems(flow: Flow): Problem[] {
  return flow.wires.flatMap((wire) => {
    const name = { en: `Wire from ${wire.from} to ${wire.to}`, ru: `Связь из ${wire.from} в ${wire.to}` };
    const settings: Setting[] = [
      { key: 'limit.messages', value: wire.limit?.messages, unit: COUNT },
      { key: 'limit.bytes', value: wire.limit?.bytes, unit: SIZE },
      { key: 'warnAge', value: wire.warnAge, unit: DURATION },
    ];
    const where = { flow: flow.id, wire: wireId(wire) };
    return settings.flatMap((setting) => settingProblems(setting, { ...where, field: setting.key }, name));
  });
}

function settingProblems({ key, value, unit }: Setting, where: Place, name: Text): Problem[] {
  if (value === undefined || unit.parse(String(value)) !== undefined) return [];
  const shown = JSON.stringify(value);
  return [problem(unit === COUNT ? 'field.range' : 'field.unit', where, {
    message: { en: `${name.en}, ${key}: ${shown} is not possible`, ru: `${name.ru}, ${key}: значение ${shown} недопустимо` },
    fix: { en: `Write it like this: ${unit.like}.`, ru: `Запишите в таком виде: ${unit.like}.` },
  })];
}

function unknownReference(reference: Reference, where: Place, known: { readonly env?: readonly string[]; readonly secrets?: readonly string[] }): Problem[] {
  const { form, text } = reference;
  const place = { ...where, field: reference.path };
  if (form === '$env' && known.env && !known.env.includes(text)) {
    return [warning('flow.env-unknown', place, {
      message: { en: `There is no environment value ${text}`, ru: `Нет значения окружения ${text}` },
      fix: { en: `Set ${text} under Environment, or give it a default in the flow.`, ru: `Задайте ${text} в разделе окружения или значение по умолчанию в потоке.` },
    })];
  }
  if (form === '$secret' && known.secrets && !known.secrets.includes(text)) {
    return [warning('flow.secret-unknown', place, {
      message: { en: `There is no secret ${text}`, ru: `Нет секрета ${text}` },
      fix: { en: `Set ${text} under Secrets.`, ru: `Задайте ${text} в разделе секретов.` },
    })];
  }
  return [];
}

const warning = (code: ProblemCode, where: Place, text: { readonly message: Text; readonly fix: Text }): Problem => problem(code, where, { ...text, level: 'warning' });

function usesProblems(flow: Flow, catalog: CatalogInfo, context: ValidationContext): Problem[] {
  return Object.entries(flow.uses ?? {}).flatMap(([name, type]) => {
    const where = { flow: flow.id, field: `uses.${name}`, connection: name };
    if (!own(catalog.connections, type)) return [unknownConnectionType(where, type)];
    if (!context.connections) return [];
    const existing = own(context.connections, name);
    if (!existing) return [connectionMissing(where, name, type)];
    return existing.type === type ? [] : [connectionType(where, name, { wanted: type, existing: existing.type })];
  });
}

const unknownConnectionType = (where: Place & { readonly connection: string }, type: string): Problem => problem('connection.unknown-type', where, {
  message: { en: `Connection ${where.connection}: there is no connection type ${type} here`, ru: `Подключение ${where.connection}: типа подключения ${type} здесь нет` },
  fix: { en: 'Choose a type that the catalog has, or start Millrace with --nodes and the folder that has it.', ru: 'Выберите тип из каталога или запустите Millrace с --nodes и папкой, где он есть.' },
});

const connectionMissing = (where: Place, name: string, type: string): Problem => problem('flow.connection-missing', where, {
  message: { en: `The project has no connection ${name} (type ${type})`, ru: `В проекте нет подключения ${name} (тип ${type})` },
  fix: { en: `Create the connection ${name}, or choose another one in the nodes that use it.`, ru: `Создайте подключение ${name} или выберите другое в узлах, которые его используют.` },
});

const connectionType = (where: Place, name: string, types: { readonly wanted: string; readonly existing: string }): Problem => problem('flow.connection-type', where, {
  message: { en: `The flow needs the connection ${name} of type ${types.wanted}, the project's is of type ${types.existing}`, ru: `Потоку нужно подключение ${name} типа ${types.wanted}, а в проекте его тип — ${types.existing}` },
  fix: { en: 'Choose another connection, or rename one of the two.', ru: 'Выберите другое подключение или переименуйте одно из двух.' },
});
