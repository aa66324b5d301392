import type { Translation } from '../catalogue.ts';
import type { shared as english } from '../en/shared.ts';

export const shared: Translation<typeof english> = {
};
