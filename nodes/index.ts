// Made by `npm run generate` from the files of this folder.
import type { ConnectionDefinition, NodeDefinition } from '../runtime/sdk/index.ts';

export const nodes: readonly NodeDefinition[] = [];

export const connections: readonly ConnectionDefinition[] = [];
