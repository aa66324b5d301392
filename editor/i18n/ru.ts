import { canvas } from './ru/canvas.ts';
import { common } from './ru/common.ts';
import { connections } from './ru/connections.ts';
import { debug } from './ru/debug.ts';
import { deploy } from './ru/deploy.ts';
import { flows } from './ru/flows.ts';
import { inspector } from './ru/inspector.ts';
import { letters } from './ru/letters.ts';
import { palette } from './ru/palette.ts';
import { revisions } from './ru/revisions.ts';
import { runs } from './ru/runs.ts';
import { settings } from './ru/settings.ts';
import { shared } from './ru/shared.ts';
import { shell } from './ru/shell.ts';
import { transfer } from './ru/transfer.ts';

export const ru = {
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
};
