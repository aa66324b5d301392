import type { Translation } from '../catalogue.ts';
import type { deploy as english } from '../en/deploy.ts';

export const deploy: Translation<typeof english> = {
  'deploy.done': 'Применено: ревизия {n}',
  'deploy.failed': 'Применение отклонено',
  'deploy.state-live': 'Поток работает.',
  'deploy.state-stopped': 'Поток остановлен.',
  'deploy.state-failed': 'Поток не смог запуститься.',
  'deploy.started': { one: '{n} узел запущен', few: '{n} узла запущено', many: '{n} узлов запущено', other: '{n} узла запущено' },
  'deploy.stopped': { one: '{n} узел остановлен', few: '{n} узла остановлено', many: '{n} узлов остановлено', other: '{n} узла остановлено' },
  'deploy.kept': { one: '{n} узел продолжил работу', few: '{n} узла продолжили работу', many: '{n} узлов продолжили работу', other: '{n} узла продолжили работу' },
  'deploy.running': 'Применяется',
  'deploy.dismiss': 'Закрыть',
  'deploy.problems': { one: '{n} проблема', few: '{n} проблемы', many: '{n} проблем', other: '{n} проблемы' },
  'deploy.show': 'Показать',
};
