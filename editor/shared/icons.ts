import type { Component } from 'svelte';
import * as set from './icon-set.ts';

export type IconProps = { readonly size?: number; readonly strokeWidth?: number; readonly 'aria-hidden'?: 'true' };

const icons: { readonly [name: string]: Component<IconProps> } = set;

const camel = (name: string): string => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The icon of this Lucide name, else a plain box: a node type from elsewhere may name any. */
export const iconOf = (name: string): Component<IconProps> => icons[camel(name)] ?? set.box;
