/** A module as it is asked for: a package, and below it a path when not the whole is meant. */
export interface ModuleName { readonly name: string; readonly package: string; readonly below: string }

const NAME = /^(?<package>(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?<below>(?:\/[\w.@+-]+)*)$/i;

/** Undefined for what is no name of a package, with a path or without: an address, a file, a way upwards. */
export function parseModuleName(text: string): ModuleName | undefined {
  const found = NAME.exec(text)?.groups;
  const below = found?.below?.slice(1) ?? '';
  if (!found?.package || below.split('/').some((part) => /^\.+$/.test(part))) return undefined;
  return { name: text, package: found.package, below };
}

/** A package that is listed by its name is allowed with every path below it; with a path, that alone. */
export const isAllowed = (module: ModuleName, allowed: readonly ModuleName[]): boolean =>
  allowed.some(({ name, below }) => name === module.name || (below === '' && name === module.package));
