/** One line of a menu. `separator` draws a line above it. */
export interface MenuItem {
  readonly label: string;
  readonly icon?: string;
  readonly shortcut?: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly checked?: boolean;
  readonly separator?: boolean;
  readonly onSelect: () => void;
}
