import type { Translation } from '../catalogue.ts';
import type { connections as english } from '../en/connections.ts';

export const connections: Translation<typeof english> = {
};
