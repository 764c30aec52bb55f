/**
 * The reader takes pages of raw rows through normalization, decoding, mapping, rules and key checks into the collector. It is
 * synchronous; what comes out of a page are full batches and lines for the logs.
 */
import * as Canonical from "../Canonical.ts"
import * as Decode from "../Decode.ts"
import type * as Entity from "../Entity.ts"
import type { Import, Mode } from "../Import.ts"
import * as Issue from "../Issue.ts"
import * as Ref from "../Ref.ts"
import type { Page, PageIssue } from "../Source.ts"
import type { Collector, Full, Looked } from "./Collector.ts"
import type { Pending } from "./Pending.ts"
import { RefLog } from "./RefLog.ts"
import type { Tally } from "./Tally.ts"

/** What a page gave: batches that became full, and lines of the logs. */
export interface PageResult {
  readonly full: ReadonlyArray<Full>
  readonly normalization: ReadonlyArray<string>
  readonly rejected: ReadonlyArray<string>
}

// a record's values with what is wrong with them
type Checked = { readonly values: Entity.Values; readonly issues: ReadonlyArray<Decode.CellIssue> }

const noIssues: ReadonlyArray<Decode.CellIssue> = []

const checkFields = (entity: Entity.Any, values: Entity.Values): ReadonlyArray<Decode.CellIssue> => {
  let issues: Array<Decode.CellIssue> | undefined
  const { fields } = entity
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at]!
    const value = values[at]
    const problem =
      value === undefined
        ? field.optional
          ? undefined
          : "expected a value, there is none"
        : value === null && field.kind !== "json"
          ? field.nullable
            ? undefined
            : "expected a value, found null"
          : field.problem(value)
    if (problem === undefined) continue
    issues ??= []
    issues.push({ column: field.name, code: `field.${field.kind}`, message: problem, value })
  }
  return issues ?? noIssues
}

const fromRecord = ({ entity, value }: Entity.EntityRecord): Checked => {
  const values = entity.fields.map((field) =>
    Object.hasOwn(value, field.name) ? (value[field.name] as Entity.Values[number]) : undefined,
  )
  return { values, issues: checkFields(entity, values) }
}

/** See the file's first sentence. */
export class Reader {
  /** The refs of all rows read so far, by their number. */
  readonly rows = new RefLog()
  private readonly normalizations
  private readonly rules
  private layout: string | undefined
  private decoder!: Decode.RowDecoder
  // for a column map: where in the decoder's values each field is found, -1 where it is absent
  private positions: ReadonlyArray<number> = []

  constructor(
    private readonly definition: Import,
    readonly mode: Mode,
    private readonly collector: Collector,
    private readonly pending: Pending,
    private readonly tally: Tally,
  ) {
    this.normalizations = Decode.startRules(definition.normalize)
    this.rules = definition.rules.map(({ code, severity, start }) => ({ code, severity, look: start() }))
  }

  /** Columns that this page lacks and every row needs. */
  missingColumns(page: Page): ReadonlyArray<string> {
    return page.columns === null ? [] : Decode.missingColumns(this.definition.row, page.columns)
  }

  /** Reads a page. */
  page(page: Page): PageResult {
    this.prepare(page.columns)
    const result = { full: [] as Array<Full>, normalization: [] as Array<string>, rejected: [] as Array<string> }
    const bySource = groupByRow(page.issues)
    const cellIssues: Array<Decode.CellIssue> = []
    const changes: Array<Decode.CellChange> = []
    const { rows, place, labels } = page
    for (let at = 0; at < rows.length; at++) {
      const label = labels[at]!
      const number = this.rows.size
      this.rows.push(place, label)
      cellIssues.length = 0
      changes.length = 0
      const good = this.decoder.decode(rows[at], cellIssues, changes)
      const found: Array<Issue.Issue> = []
      const ref = (): string => Ref.make(place, label)
      if (changes.length > 0) this.log(changes, ref(), result.normalization)
      const ofSource = bySource?.get(at)
      if (ofSource !== undefined) for (const issue of ofSource) found.push(Issue.make({ ...issue, ref: ref() }))
      for (const issue of cellIssues) found.push(Issue.make({ ...issue, ref: ref() }))
      const records = good ? this.records(ref, found) : undefined
      for (const issue of found) this.tally.issue(issue)
      const error = found.length === 0 ? undefined : found.find((issue) => issue.severity === "error")
      if (error !== undefined || records === undefined) {
        this.tally.reject(error?.code ?? "row.schema")
        result.rejected.push(Canonical.stringify({ ref: ref(), row: this.raw(page, at), issues: found }))
        continue
      }
      this.settle(records, number, place, label, ref, result.full)
    }
    this.tally.pages++
    this.tally.processed += rows.length
    return result
  }

  private prepare(columns: ReadonlyArray<string> | null): void {
    const layout = columns === null ? "" : JSON.stringify(columns)
    if (layout === this.layout) return
    this.layout = layout
    this.decoder = Decode.compile(this.definition.row, columns, this.normalizations)
    const { map } = this.definition
    if (typeof map === "function") return
    const { names } = this.decoder
    if (names === null) throw new TypeError(`import ${this.definition.name}: a column map needs a row schema of cell codecs`)
    this.positions = map.columns.map((column) => {
      if (column === null) return -1
      const position = names.indexOf(column)
      if (position < 0) throw new TypeError(`import ${this.definition.name}: the row has no column ${column} to map`)
      return position
    })
  }

  private log(changes: ReadonlyArray<Decode.CellChange>, ref: string, lines: Array<string>): void {
    for (const { after, before, column, rule } of changes) {
      this.tally.normalized(rule)
      lines.push(Canonical.stringify({ ref, column, rule, before, after }))
    }
  }

  // a row as it came, for the dead letters
  private raw(page: Page, at: number): Canonical.Json {
    const row = page.rows[at]
    if (page.columns === null) return JSON.parse(JSON.stringify(row ?? null)) as Canonical.Json
    return { columns: page.columns, cells: row as ReadonlyArray<Canonical.Json> }
  }

  // the records of the decoded row, looked up; undefined where an issue forbids them
  private records(ref: () => string, found: Array<Issue.Issue>): ReadonlyArray<Looked> | undefined {
    if (this.rules.length > 0) this.runRules(ref, found)
    const { map, sink } = this.definition
    const looked: Array<Looked> = []
    let good = true
    const take = (entity: Entity.Any, { issues, values }: Checked): void => {
      for (const issue of issues) found.push(Issue.make({ ...issue, entity: entity.name, ref: ref() }))
      if (issues.length > 0) {
        good = false
        return
      }
      const refused = sink.unholdable?.(entity, values) ?? []
      for (const issue of refused) found.push(Issue.make({ ...issue, entity: entity.name, ref: ref() }))
      if (refused.length > 0) {
        good = false
        return
      }
      const record = this.collector.look(entity, values)
      const other = this.otherContent(record, looked, ref)
      if (other !== undefined) {
        good = false
        found.push(
          Issue.make({
            code: "key.conflict",
            entity: entity.name,
            column: entity.key.join(", "),
            ref: ref(),
            value: record.key,
            message: `${other} has the same key with other content; expected a key that is there once`,
          }),
        )
      }
      looked.push(record)
    }
    if (typeof map !== "function") {
      const { values } = this.decoder
      const record: Array<Entity.Values[number]> = new Array(this.positions.length)
      for (let at = 0; at < record.length; at++) record[at] = this.positions[at]! < 0 ? undefined : values[this.positions[at]!]
      take(map.entity, { values: record, issues: checkFields(map.entity, record) })
    } else for (const record of map(this.decoder.row())) take(record.entity, fromRecord(record))
    return good ? looked : undefined
  }

  // where a record of the same key with other content was seen, if one was
  private otherContent(record: Looked, sameRow: ReadonlyArray<Looked>, ref: () => string): string | undefined {
    if (record.entry >= 0)
      return record.state.index.sameContent(record.entry, record.line)
        ? undefined
        : this.rows.at(record.state.index.rowOf(record.entry))
    const twin = sameRow.find((it) => it.state === record.state && it.key === record.key)
    return twin === undefined || twin.line === record.line ? undefined : ref()
  }

  private runRules(ref: () => string, found: Array<Issue.Issue>): void {
    const row: unknown = this.decoder.row()
    for (const rule of this.rules)
      for (const { column, message, value } of rule.look(row, ref))
        found.push(
          Issue.make({
            severity: rule.severity,
            code: `rule.${rule.code}`,
            ref: ref(),
            column: column ?? null,
            message,
            value: value ?? (column === undefined ? undefined : (row as Record<string, unknown>)[column]),
          }),
        )
  }

  private settle(
    records: ReadonlyArray<Looked>,
    number: number,
    place: string,
    label: Ref.Label,
    ref: () => string,
    full: Array<Full>,
  ): void {
    let added = 0
    for (const record of records) {
      // two records of one row may have the same key: look again
      const entry = record.entry >= 0 ? record.entry : added === 0 ? -1 : record.state.index.find(record.key)
      if (entry >= 0) {
        if (record.state.index.rowOf(entry) !== number) record.state.index.share(entry)
        continue
      }
      added++
      this.tally.entity(record.state.entity.name).records++
      const batch = this.collector.add(record, number, place, label)
      if (batch !== undefined) full.push(batch)
    }
    for (const record of records)
      if (record.state.entity.references.length > 0) this.pending.note(record.state.entity, record.values, ref)
    if (added === 0) this.tally.skip(records.length === 0 ? "row.no-records" : "row.duplicate")
  }
}

const groupByRow = (issues: ReadonlyArray<PageIssue>): ReadonlyMap<number, ReadonlyArray<PageIssue>> | undefined => {
  if (issues.length === 0) return undefined
  const groups = new Map<number, Array<PageIssue>>()
  for (const issue of issues) {
    const group = groups.get(issue.row)
    if (group === undefined) groups.set(issue.row, [issue])
    else group.push(issue)
  }
  return groups
}
