import { canvas } from './en/canvas.ts';
import { common } from './en/common.ts';
import { connections } from './en/connections.ts';
import { debug } from './en/debug.ts';
import { deploy } from './en/deploy.ts';
import { flows } from './en/flows.ts';
import { inspector } from './en/inspector.ts';
import { letters } from './en/letters.ts';
import { palette } from './en/palette.ts';
import { revisions } from './en/revisions.ts';
import { runs } from './en/runs.ts';
import { settings } from './en/settings.ts';
import { shared } from './en/shared.ts';
import { shell } from './en/shell.ts';
import { transfer } from './en/transfer.ts';

/** Every message of the editor, by area. A key begins with its area. */
export const en = {
  ...canvas,
  ...common,
  ...connections,
  ...debug,
  ...deploy,
  ...flows,
  ...inspector,
  ...letters,
  ...palette,
  ...revisions,
  ...runs,
  ...settings,
  ...shared,
  ...shell,
  ...transfer,
} as const;
