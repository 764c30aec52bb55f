/**
 * A summary is what a job counted, as one value: for machines as JSON, for people as a table.
 *
 * @module
 */

/** What became of the records of one entity, and what is planned for them while a job is pending. */
export interface EntityCounts {
  readonly records: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly deleted: number
  readonly conflict: number
  readonly failed: number
  /** Of the records: those that smart mode makes because something refers to them. */
  readonly candidates: number
  /** Of the records: those that the feed has no more, and a mirror marks or deletes. */
  readonly missing: number
  /** Field → of how many records the plan keeps what the target has, by the entity's ownership; only where it keeps any. */
  readonly kept?: { readonly [field: string]: number }
}

/** What a job counts. Rows: `processed = imported + skipped + rejected + unprocessed`. Records, per entity: the sum of the outcomes. */
export interface Counts {
  readonly pagesProcessed: number
  /** Rows read. */
  readonly processed: number
  readonly imported: number
  readonly skipped: number
  readonly rejected: number
  readonly unprocessed: number
  /** Records over all entities; in a preview what is planned, after a commit what happened. */
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly deleted: number
  readonly conflict: number
  readonly failed: number
  /** Rows that were left out for their errors: the same number as `rejected`. */
  readonly skippedInvalid: number
  /** Rows skipped or rejected by the code that decided it. */
  readonly skippedByCode: { readonly [code: string]: number }
  readonly errors: number
  readonly warnings: number
  readonly issuesByCode: { readonly [code: string]: number }
  readonly normalizations: { readonly [rule: string]: number }
  readonly candidates: number
  readonly entities: { readonly [entity: string]: EntityCounts }
}

/** Counts of nothing. */
export const empty: Counts = {
  pagesProcessed: 0,
  processed: 0,
  imported: 0,
  skipped: 0,
  rejected: 0,
  unprocessed: 0,
  created: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
  conflict: 0,
  failed: 0,
  skippedInvalid: 0,
  skippedByCode: {},
  errors: 0,
  warnings: 0,
  issuesByCode: {},
  normalizations: {},
  candidates: 0,
  entities: {},
}

/** The sums that must hold, each as a sentence if it does not; empty when the counts add up. */
export const unbalanced = (counts: Counts): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const [name, count] of Object.entries(counts))
    if (typeof count === "number" && count < 0) problems.push(`${name} is ${count}`)
  const rows = counts.imported + counts.skipped + counts.rejected + counts.unprocessed
  if (rows !== counts.processed) problems.push(`${counts.processed} rows were read, but ${rows} have an outcome`)
  const byCode = Object.values(counts.skippedByCode).reduce((sum, count) => sum + count, 0)
  if (byCode !== counts.skipped + counts.rejected)
    problems.push(`${counts.skipped + counts.rejected} rows were left out, but ${byCode} have a code`)
  const totals = { created: 0, updated: 0, unchanged: 0, deleted: 0, conflict: 0, failed: 0 }
  for (const [entity, count] of Object.entries(counts.entities)) {
    for (const [name, number] of Object.entries(count))
      if (typeof number === "number" && number < 0) problems.push(`${entity}: ${name} is ${number}`)
    const outcomes = count.created + count.updated + count.unchanged + count.deleted + count.conflict + count.failed
    if (outcomes !== count.records) problems.push(`${entity}: ${count.records} records, but ${outcomes} have an outcome`)
    totals.created += count.created
    totals.updated += count.updated
    totals.unchanged += count.unchanged
    totals.deleted += count.deleted
    totals.conflict += count.conflict
    totals.failed += count.failed
  }
  for (const [name, total] of Object.entries(totals))
    if (total !== counts[name as keyof typeof totals])
      problems.push(`${total} records are ${name} by entity, but ${counts[name as keyof typeof totals]} in all`)
  return problems
}

// the fields of a value that are numbers, each summed over all
const add = <T extends object>(zero: T, all: ReadonlyArray<T>): T => {
  const sums = { ...zero }
  for (const key of Object.keys(zero) as Array<keyof T>)
    if (typeof zero[key] === "number")
      sums[key] = all.reduce((total, it) => total + ((it[key] as number | undefined) ?? 0), 0) as T[typeof key]
  return sums
}

const merge = (all: ReadonlyArray<{ readonly [key: string]: number }>): { readonly [key: string]: number } => {
  const sums = new Map<string, number>()
  for (const counts of all) for (const [key, count] of Object.entries(counts)) sums.set(key, (sums.get(key) ?? 0) + count)
  return Object.fromEntries(sums)
}

/** Counts of an entity without records. */
export const noRecords: EntityCounts = {
  records: 0,
  created: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
  conflict: 0,
  failed: 0,
  candidates: 0,
  missing: 0,
}

/** The counts of several jobs together. Where each adds up, so does the sum. */
export const sum = (all: ReadonlyArray<Counts>): Counts => {
  const names = new Set(all.flatMap((it) => Object.keys(it.entities)))
  return {
    ...add(empty, all),
    skippedByCode: merge(all.map((it) => it.skippedByCode)),
    issuesByCode: merge(all.map((it) => it.issuesByCode)),
    normalizations: merge(all.map((it) => it.normalizations)),
    entities: Object.fromEntries(
      [...names].map((name) => {
        const of = all.flatMap((it) => it.entities[name] ?? [])
        const kept = merge(of.map((it) => it.kept ?? {}))
        return [name, { ...add(noRecords, of), ...(Object.keys(kept).length === 0 ? {} : { kept }) }]
      }),
    ),
  }
}
