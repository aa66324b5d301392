/** The kind of data that a node type has while it is dragged from the palette. */
export const NODE_TYPE_DRAG = 'application/x-millrace-node';
