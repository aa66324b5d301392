import type { Translation } from '../catalogue.ts';
import type { shared as english } from '../en/shared.ts';

export const shared: Translation<typeof english> = {
  'shared.copy-path': 'Скопировать путь',
  'shared.copy-value': 'Скопировать значение',
  'shared.value': 'Значение',
  'shared.added': 'добавлено',
  'shared.changed': 'изменено',
  'shared.removed': 'удалено',
  'shared.more': { one: 'Показать ещё, остался {n}', few: 'Показать ещё, осталось {n}', many: 'Показать ещё, осталось {n}', other: 'Показать ещё, осталось {n}' },
  'shared.enlarge': 'Развернуть',
  'shared.suggestions': 'Показать варианты',
  'shared.leave-editor': 'Редактор кода. Чтобы выйти, нажмите Escape, затем Tab.',
};
