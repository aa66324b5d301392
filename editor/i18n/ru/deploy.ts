import type { Translation } from '../catalogue.ts';
import type { deploy as english } from '../en/deploy.ts';

export const deploy: Translation<typeof english> = {
};
