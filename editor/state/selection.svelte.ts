/** Which nodes and wires are selected, by id. Each change makes new sets, so that whoever read one sees it. */
export class Selection {
  nodes = $state.raw<ReadonlySet<string>>(new Set());
  wires = $state.raw<ReadonlySet<string>>(new Set());

  /** The one selected node, when nothing else is selected. */
  readonly node = $derived(this.nodes.size === 1 && this.wires.size === 0 ? [...this.nodes][0] : undefined);
  readonly wire = $derived(this.wires.size === 1 && this.nodes.size === 0 ? [...this.wires][0] : undefined);
  readonly isEmpty = $derived(this.nodes.size === 0 && this.wires.size === 0);

  set(nodes: Iterable<string>, wires: Iterable<string> = []): void {
    this.nodes = new Set(nodes);
    this.wires = new Set(wires);
  }

  clear(): void {
    if (!this.isEmpty) this.set([]);
  }

  /** Drops what is no longer there. */
  prune(nodes: { readonly [id: string]: unknown }, wires: ReadonlySet<string>): void {
    const keptNodes = [...this.nodes].filter((id) => Object.hasOwn(nodes, id));
    const keptWires = [...this.wires].filter((id) => wires.has(id));
    if (keptNodes.length < this.nodes.size || keptWires.length < this.wires.size) this.set(keptNodes, keptWires);
  }
}
