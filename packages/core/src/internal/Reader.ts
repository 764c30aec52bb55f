/**
 * The reader takes pages of raw rows through normalization, decoding, mapping, rules and key checks into the collector. It is
 * synchronous; what comes out of a page are full batches and lines for the logs.
 */
import * as Canonical from "../Canonical.ts"
import * as Decode from "../Decode.ts"
import type * as Entity from "../Entity.ts"
import type { Field, Value } from "../Field.ts"
import type { Import, Mode } from "../Import.ts"
import * as Issue from "../Issue.ts"
import * as Ref from "../Ref.ts"
import type { Page, PageChange, PageIssue } from "../Source.ts"
import type { Collector, Full, Looked } from "./Collector.ts"
import type { Aliases } from "./decisions.ts"
import type { Pending } from "./Pending.ts"
import { RefLog } from "./RefLog.ts"
import type { Tally } from "./Tally.ts"

/** What a page gave: batches that became full, and lines of the logs. */
export interface PageResult {
  readonly full: ReadonlyArray<Full>
  readonly normalization: ReadonlyArray<string>
  readonly rejected: ReadonlyArray<string>
}

const noIssues: ReadonlyArray<Decode.CellIssue> = []

const problemOf = (field: Field, value: Value): string | undefined => {
  if (value === undefined) return field.optional ? undefined : "expected a value, there is none"
  if (value === null && field.kind !== "json") return field.nullable ? undefined : "expected a value, found null"
  return field.problem(value)
}

// what is wrong with a record; `only` are the positions to look at, all of them where it is not given
const checkFields = (
  entity: Entity.Any,
  values: Entity.Values,
  only?: ReadonlyArray<number>,
): ReadonlyArray<Decode.CellIssue> => {
  let issues: Array<Decode.CellIssue> | undefined
  const { fields } = entity
  const count = only === undefined ? fields.length : only.length
  for (let index = 0; index < count; index++) {
    const at = only === undefined ? index : only[index]!
    const field = fields[at]!
    const problem = problemOf(field, values[at])
    if (problem === undefined) continue
    issues ??= []
    issues.push({ column: field.name, code: `field.${field.kind}`, message: problem, value: values[at] })
  }
  return issues ?? noIssues
}

const valuesOf = (entity: Entity.Any, value: Entity.EntityRecord["value"]): Array<Value> =>
  entity.fields.map((field) => (Object.hasOwn(value, field.name) ? (value[field.name] as Value) : undefined))

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
  // for a column map: the fields whose cells do not already promise a value of theirs
  private unchecked: ReadonlyArray<number> = []
  // the row in hand, and what was found of it so far; one of each for all rows
  private place = ""
  private label: Ref.Label = 0
  private readonly cellIssues: Array<Decode.CellIssue> = []
  private readonly changes: Array<Decode.CellChange> = []
  private readonly record: Array<Entity.Values[number]> = []
  private readonly aliased: Array<Omit<PageChange, "row">> = []

  constructor(
    private readonly definition: Import,
    readonly mode: Mode,
    private readonly collector: Collector,
    private readonly pending: Pending,
    private readonly tally: Tally,
    private readonly aliases: Aliases | undefined = undefined,
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
    const changesBySource = groupByRow(page.changes ?? [])
    const { rows } = page
    for (let at = 0; at < rows.length; at++) {
      this.place = page.place
      this.label = page.labels[at]!
      const number = this.rows.size
      this.rows.push(this.place, this.label)
      this.cellIssues.length = 0
      this.changes.length = 0
      const good = this.decoder.decode(rows[at], this.cellIssues, this.changes)
      const ownChanges = changesBySource?.get(at)
      if (ownChanges !== undefined) this.log(ownChanges, result.normalization)
      if (this.changes.length > 0) this.log(this.changes, result.normalization)
      const ofSource = bySource?.get(at)
      const found: Array<Issue.Issue> = []
      if (ofSource !== undefined) for (const issue of ofSource) found.push(Issue.make({ ...issue, ref: this.ref() }))
      this.found(found, null, this.cellIssues)
      const looked: Array<Looked> = []
      const taken = good && this.records(found, looked)
      if (this.aliased.length > 0) this.log(this.aliased.splice(0), result.normalization)
      for (const issue of found) this.tally.issue(issue)
      const error = found.length === 0 ? undefined : found.find((issue) => issue.severity === "error")
      if (error !== undefined || !taken) {
        this.tally.reject(error?.code ?? "row.schema")
        result.rejected.push(this.deadLetter(page, at, ofSource, found))
      } else this.settle(looked, number)
      this.collector.endRow(looked, result.full)
    }
    this.tally.pages++
    this.tally.processed += rows.length
    return result
  }

  // the ref of the row in hand
  private readonly ref = (): string => Ref.make(this.place, this.label)

  private found(list: Array<Issue.Issue>, entity: string | null, issues: ReadonlyArray<Decode.CellIssue>): void {
    for (let at = 0; at < issues.length; at++) list.push(Issue.make({ ...issues[at]!, entity, ref: this.ref() }))
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
    const { fields } = map.entity
    this.unchecked = fields
      .map((_, at) => at)
      .filter((at) => !Decode.promises(this.definition.row, map.columns[at] ?? null, fields[at]!))
  }

  private log(changes: ReadonlyArray<Omit<PageChange, "row">>, lines: Array<string>): void {
    const ref = this.ref()
    for (const { after, before, column, rule } of changes) {
      this.tally.normalized(rule)
      lines.push(Canonical.stringify({ ref, column, rule, before, after }))
    }
  }

  // a row as it came, with what the source said of it and what became of it
  private deadLetter(
    { columns, place, rows }: Page,
    at: number,
    source: ReadonlyArray<PageIssue> | undefined,
    issues: ReadonlyArray<Issue.Issue>,
  ): string {
    const row = rows[at] ?? null
    return Canonical.stringify({
      ref: this.ref(),
      at: [place, this.label],
      row: columns === null ? { value: JSON.parse(JSON.stringify(row)) } : { columns, cells: row },
      source: source?.map(({ code, column, message, severity, value }) => ({ code, column, message, severity, value })),
      issues,
    })
  }

  // looks up the records of the decoded row; false where an issue forbids them
  private records(found: Array<Issue.Issue>, looked: Array<Looked>): boolean {
    if (this.rules.length > 0) this.runRules(found)
    const { map } = this.definition
    if (typeof map !== "function") {
      const { record } = this
      const { values } = this.decoder
      for (let at = 0; at < this.positions.length; at++)
        record[at] = this.positions[at]! < 0 ? undefined : values[this.positions[at]!]
      const isRead = this.aliases?.read(map.entity, record, this.ref, this.aliased, map.columns) ?? false
      return this.take(map.entity, record, checkFields(map.entity, record, isRead ? undefined : this.unchecked), looked, found)
    }
    let good = true
    for (const { entity, value } of map(this.decoder.row())) {
      const values = valuesOf(entity, value)
      this.aliases?.read(entity, values, this.ref, this.aliased)
      good = this.take(entity, values, checkFields(entity, values), looked, found) && good
    }
    return good
  }

  private take(
    entity: Entity.Any,
    values: Entity.Values,
    issues: ReadonlyArray<Decode.CellIssue>,
    looked: Array<Looked>,
    found: Array<Issue.Issue>,
  ): boolean {
    const refused = issues.length > 0 ? issues : (this.definition.sink.unholdable?.(entity, values) ?? noIssues)
    if (refused.length > 0) {
      this.found(found, entity.name, refused)
      return false
    }
    const record = this.collector.look(entity, values)
    looked.push(record)
    const other = this.otherContent(record, looked)
    if (other === undefined) return true
    this.found(found, entity.name, [
      {
        code: "key.conflict",
        column: entity.key.join(", "),
        value: record.key,
        message: `${other} has the same key with other content; expected a key that is there once`,
      },
    ])
    return false
  }

  // where a record of the same key with other content was seen, if one was
  private otherContent(record: Looked, sameRow: ReadonlyArray<Looked>): string | undefined {
    if (record.entry >= 0)
      return record.state.index.sameContent(record.entry, record.high, record.low)
        ? undefined
        : this.rows.at(record.state.index.rowOf(record.entry))
    if (sameRow.length === 1) return undefined
    const twin = sameRow.find((it) => it.state === record.state && it.key === record.key)
    return twin === undefined || (twin.high === record.high && twin.low === record.low) ? undefined : this.ref()
  }

  private runRules(found: Array<Issue.Issue>): void {
    const row: unknown = this.decoder.row()
    for (const rule of this.rules)
      for (const { column, message, value } of rule.look(row, this.ref))
        found.push(
          Issue.make({
            severity: rule.severity,
            code: `rule.${rule.code}`,
            ref: this.ref(),
            column: column ?? null,
            message,
            value: value ?? (column === undefined ? undefined : (row as Record<string, unknown>)[column]),
          }),
        )
  }

  private settle(records: ReadonlyArray<Looked>, number: number): void {
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
      this.collector.add(record, number, this.place, this.label)
    }
    for (const record of records)
      if (record.state.entity.references.length > 0) this.pending.note(record.state.entity, record.values, this.ref)
    if (added > 0) this.tally.imported++
    else this.tally.skip(records.length === 0 ? "row.no-records" : "row.duplicate")
  }
}

const groupByRow = <A extends { readonly row: number }>(
  all: ReadonlyArray<A>,
): ReadonlyMap<number, ReadonlyArray<A>> | undefined => {
  if (all.length === 0) return undefined
  const groups = new Map<number, Array<A>>()
  for (const one of all) {
    const group = groups.get(one.row)
    if (group === undefined) groups.set(one.row, [one])
    else group.push(one)
  }
  return groups
}
