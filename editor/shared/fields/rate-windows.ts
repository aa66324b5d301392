import { parseDuration } from '../../../runtime/flow/units.ts';
import { formatDuration, t } from '../../i18n/index.ts';
import type { Option } from '../option.ts';

/** The windows of time that a rate is chosen from; one that somebody wrote into the file stays among them. */
export function windowsOf(present: string): readonly Option[] {
  const usual: Option[] = [
    { value: '1s', label: t('shared.rate-second') },
    { value: '1m', label: t('shared.rate-minute') },
    { value: '1h', label: t('shared.rate-hour') },
    { value: '1d', label: t('shared.rate-day') },
  ];
  return usual.some(({ value }) => value === present) ? usual : [...usual, { value: present, label: t('shared.rate-other', { time: formatDuration(parseDuration(present) ?? 0) }) }];
}
