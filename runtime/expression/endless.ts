/** The evaluation costs more than it may. */
export class EndlessExpression extends Error {}
