/**
 * A tally is the counts of a job while they grow, and the issues on their way to the job store.
 */
import type { Issue } from "../Issue.ts"
import { type Counts, type EntityCounts, noRecords } from "../Summary.ts"

type Mutable<T> = { -readonly [key in keyof T]: T[key] }

const bump = (counts: Record<string, number>, key: string, by = 1): void => {
  counts[key] = (counts[key] ?? 0) + by
}

/** Mutable counts. */
export class Tally {
  pages = 0
  processed = 0
  imported = 0
  skipped = 0
  rejected = 0
  unprocessed = 0
  errors = 0
  warnings = 0
  private skippedByCode: Record<string, number> = {}
  private issuesByCode: Record<string, number> = {}
  private normalizations: Record<string, number> = {}
  private entities = new Map<string, Mutable<EntityCounts>>()
  private kept = 0
  private waiting: Array<Issue> = []

  constructor(private readonly limit: number) {}

  /** A tally that goes on from a job's counts. */
  static from(counts: Counts, limit: number): Tally {
    const tally = new Tally(limit)
    tally.pages = counts.pagesProcessed
    tally.processed = counts.processed
    tally.imported = counts.imported + counts.unprocessed
    tally.skipped = counts.skipped
    tally.rejected = counts.rejected
    tally.errors = counts.errors
    tally.warnings = counts.warnings
    tally.kept = Math.min(limit, counts.errors + counts.warnings)
    tally.skippedByCode = { ...counts.skippedByCode }
    tally.issuesByCode = { ...counts.issuesByCode }
    tally.normalizations = { ...counts.normalizations }
    for (const [name, count] of Object.entries(counts.entities))
      tally.entities.set(name, {
        ...{ ...noRecords },
        records: count.records,
        candidates: count.candidates,
        missing: count.missing,
        ...(count.kept === undefined ? {} : { kept: count.kept }),
      })
    return tally
  }

  entity(name: string): Mutable<EntityCounts> {
    let counts = this.entities.get(name)
    if (counts === undefined) {
      counts = { ...noRecords }
      this.entities.set(name, counts)
    }
    return counts
  }

  /** Counts values that a plan keeps, by field. */
  keptValues(entity: string, fields: EntityCounts["kept"]): void {
    if (fields === undefined) return
    const counts = this.entity(entity)
    const sums = { ...counts.kept }
    for (const [field, count] of Object.entries(fields)) bump(sums, field, count)
    counts.kept = sums
  }

  /** Counts an issue and keeps it as long as the limit allows. */
  issue(issue: Issue): void {
    if (issue.severity === "error") this.errors++
    else this.warnings++
    bump(this.issuesByCode, issue.code)
    if (this.kept < this.limit) {
      this.kept++
      this.waiting.push(issue)
    }
  }

  reject(code: string): void {
    this.rejected++
    bump(this.skippedByCode, code)
  }

  /** Rejects a row that was counted as imported. */
  rejectAfterAll(code: string): void {
    this.imported--
    this.reject(code)
  }

  skip(code: string): void {
    this.skipped++
    bump(this.skippedByCode, code)
  }

  normalized(rule: string): void {
    bump(this.normalizations, rule)
  }

  /**
   * Gives an outcome to what a commit that stopped has not done: records that were to be written are `failed`, and where nothing was
   * written, rows are `unprocessed`. After an atomic commit nothing was written, whatever was counted on the way.
   */
  stop(atomic: boolean): void {
    let written = 0
    for (const counts of this.entities.values()) {
      if (atomic) Object.assign(counts, { created: 0, updated: 0, deleted: 0 })
      counts.failed = counts.records - counts.created - counts.updated - counts.unchanged - counts.deleted - counts.conflict
      written += counts.created + counts.updated + counts.deleted
    }
    if (written > 0) return
    this.unprocessed += this.imported
    this.imported = 0
  }

  /**
   * Notes how it stands; what is returned puts it back there. An attempt that is repeated must not count twice: `outcomes` puts
   * back what became of records and rows, `issues` the issues that were found since.
   */
  mark(): { readonly outcomes: () => void; readonly issues: () => void } {
    const { errors, imported, kept, unprocessed, warnings } = this
    const issuesByCode = { ...this.issuesByCode }
    const waiting = this.waiting.length
    const entities = new Map([...this.entities].map(([name, counts]) => [name, { ...counts }]))
    return {
      outcomes: () => {
        Object.assign(this, { imported, unprocessed })
        for (const [name, counts] of entities) Object.assign(this.entity(name), counts)
      },
      issues: () => {
        Object.assign(this, { errors, warnings, kept, issuesByCode: { ...issuesByCode } })
        this.waiting.length = waiting
      },
    }
  }

  /** The issues to be saved, handed out once. */
  drainIssues(): ReadonlyArray<Issue> {
    const issues = this.waiting
    this.waiting = []
    return issues
  }

  /** The counts as they are now. */
  counts(): Counts {
    const totals = { created: 0, updated: 0, unchanged: 0, deleted: 0, conflict: 0, failed: 0, candidates: 0 }
    const entities: Record<string, EntityCounts> = {}
    for (const [name, counts] of this.entities) {
      entities[name] = { ...counts }
      for (const total of Object.keys(totals) as Array<keyof typeof totals>) totals[total] += counts[total]
    }
    return {
      pagesProcessed: this.pages,
      processed: this.processed,
      imported: this.imported,
      skipped: this.skipped,
      rejected: this.rejected,
      unprocessed: this.unprocessed,
      ...totals,
      skippedInvalid: this.rejected,
      skippedByCode: { ...this.skippedByCode },
      errors: this.errors,
      warnings: this.warnings,
      issuesByCode: { ...this.issuesByCode },
      normalizations: { ...this.normalizations },
      entities,
    }
  }
}
