import { compilePath, type CompiledPath } from '../../runtime/sdk/index.ts';

/** The place beside another: `payload.phone` and `phoneExtension` give `payload.phoneExtension`. */
export function beside(path: CompiledPath, name: (own: string) => string): CompiledPath {
  const last = path.segments.at(-1);
  const parents = path.segments.slice(0, -1).map((segment) => (typeof segment === 'number' ? `[${segment}]` : `[${JSON.stringify(segment)}]`));
  return compilePath(`${parents.join('')}[${JSON.stringify(name(typeof last === 'string' ? last : ''))}]`);
}
