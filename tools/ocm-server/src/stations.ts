/**
 * The stations of a server: raw POIs by ID, editable while it runs, each with its JSON text kept.
 *
 * @module
 */

/** A POI as the API gives it. */
export type RawPoi = { readonly ID: number } & { readonly [key: string]: unknown }

/** A part of a POI to change; objects are merged, all else is replaced. */
export type PoiPatch = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const merge = (value: unknown, patch: unknown): unknown => {
  if (!isObject(value) || !isObject(patch)) return patch
  const merged: Record<string, unknown> = { ...value }
  for (const key of Object.keys(patch)) merged[key] = Object.hasOwn(value, key) ? merge(value[key], patch[key]) : patch[key]
  return merged
}

/** See the file's first sentence. */
export class Stations {
  private readonly byId = new Map<number, RawPoi>()
  private sorted: Array<RawPoi> | undefined

  constructor(pois: Iterable<RawPoi>) {
    for (const poi of pois) this.byId.set(poi.ID, poi)
  }

  get size(): number {
    return this.byId.size
  }

  get(id: number): RawPoi | undefined {
    return this.byId.get(id)
  }

  /** Adds a POI, or replaces the one of its ID. */
  add(poi: RawPoi): void {
    this.byId.set(poi.ID, poi)
    this.sorted = undefined
  }

  /** Changes parts of a POI: `edit(5326, { AddressInfo: { Title: "New name" } })`. An ID that is not there is an error. */
  edit(id: number, patch: PoiPatch): void {
    const poi = this.byId.get(id)
    if (poi === undefined) throw new Error(`no station has the ID ${id}`)
    this.add(merge(poi, patch) as RawPoi)
  }

  /** Removes a POI; says whether it was there. */
  remove(id: number): boolean {
    this.sorted = undefined
    return this.byId.delete(id)
  }

  /** All POIs by ascending ID. */
  ascending(): ReadonlyArray<RawPoi> {
    this.sorted ??= [...this.byId.values()].sort((a, b) => a.ID - b.ID)
    return this.sorted
  }
}
