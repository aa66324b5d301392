import type { Text } from '../flow/flow.ts';

/** Why modules cannot be bundled, in a sentence without its full stop. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly text: Text;
  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}
