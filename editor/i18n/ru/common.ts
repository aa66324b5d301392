import type { Translation } from '../catalogue.ts';
import type { common as english } from '../en/common.ts';

export const common: Translation<typeof english> = {
  'common.cancel': 'Отмена',
  'common.close': 'Закрыть',
  'common.copy': 'Копировать',
  'common.copied': 'Скопировано',
  'common.delete': 'Удалить',
  'common.retry': 'Повторить',
  'common.save': 'Сохранить',
  'common.loading': 'Загрузка',
  'unit.us': '{value} мкс',
  'unit.ms': '{value} мс',
  'unit.s': '{value} с',
  'unit.min': '{value} мин',
  'unit.h': '{value} ч',
  'unit.d': '{value} дн.',
  'unit.per-second': '{value}/с',
  'unit.bytes': '{value} Б',
  'unit.kb': '{value} КБ',
  'unit.mb': '{value} МБ',
};
