/**
 * An import is the definition a user writes: the schema of its rows, the entities they become, rules, sink and limits. It is
 * handed a source when it is validated.
 *
 * @module
 */
import { Duration, Schedule, type Schema, SchemaAST } from "effect"
import type { Json } from "./Canonical.ts"
import * as Cell from "./Cell.ts"
import * as Entity from "./Entity.ts"
import * as Fingerprint from "./Fingerprint.ts"
import * as Limits from "./Limits.ts"
import type { Mirror } from "./Mirror.ts"
import type { Normalization } from "./Normalize.ts"
import type { Rule } from "./Rule.ts"
import type { ConflictPolicy, Sink, Transaction } from "./Sink.ts"

/** Strict: a reference that leads nowhere is an error of its row. Smart: the missing record is created. */
export type Mode = "strict" | "smart"

/** A direct mapping, column to field, which needs no object per row; made by {@link columns}. */
export interface ColumnMap {
  readonly _tag: "ColumnMap"
  readonly entity: Entity.Any
  /** For each field of the entity the row's column that fills it, or `null` for a field that is absent. */
  readonly columns: ReadonlyArray<string | null>
}

/** How rows become records. */
export type Mapping<Row> = ((row: Row) => ReadonlyArray<Entity.EntityRecord>) | ColumnMap

/** What {@link make} takes. */
export interface Options<Row> {
  readonly name: string
  /** Raise it when the definition changes its meaning; it is part of every snapshot. 1 by default. */
  readonly revision?: number
  /** The schema of a row: a struct of cell codecs for tables, any schema for objects. */
  readonly row: Schema.Codec<Row, any>
  readonly normalize?: ReadonlyArray<Normalization>
  readonly entities: ReadonlyArray<Entity.Any>
  readonly map: Mapping<Row>
  readonly rules?: ReadonlyArray<Rule<NoInfer<Row>>>
  /** What becomes of references that nothing answers; `strict` by default. */
  readonly mode?: Mode
  /** What becomes of records that the feed has no more, at most one for an entity; without one they stay as they are. */
  readonly mirrors?: ReadonlyArray<Mirror>
  readonly sink: Sink
  /** Atomic (the default where the sink can) or batched. */
  readonly transaction?: Transaction
  /** What a record does to a commit that is no longer what the plan saw; `abort` by default. */
  readonly onConflict?: ConflictPolicy
  /** Whether rows with errors are left out and counted (`true`), or one of them stops the commit (`false`, the default). */
  readonly allowPartial?: boolean
  readonly limits?: Partial<Limits.Limits>
  /** How long snapshot, plan and raw rows of a job are kept after its last change; 90 days by default. See {@link Retention}. */
  readonly retention?: Duration.Duration
  /** How failed calls to the source and the target are repeated, where their errors say that they may be. */
  readonly retry?: Schedule.Schedule<unknown, unknown>
}

/** An import; made by {@link make}. */
export interface Import {
  readonly name: string
  readonly revision: number
  readonly row: Schema.Codec<any, any>
  readonly normalize: ReadonlyArray<Normalization>
  /** In reference order. */
  readonly entities: ReadonlyArray<Entity.Any>
  readonly map: Mapping<any>
  readonly rules: ReadonlyArray<Rule<any>>
  readonly mode: Mode
  readonly mirrors: ReadonlyArray<Mirror>
  readonly sink: Sink
  readonly transaction: Transaction | null
  readonly onConflict: ConflictPolicy
  readonly allowPartial: boolean
  readonly limits: Limits.Limits
  readonly retention: Duration.Duration
  readonly retry: Schedule.Schedule<unknown, unknown>
  /** What the definition means, as a hash: entities, row schema, normalizations, rules. */
  readonly definition: Fingerprint.Sha256
}

/** 1 s, doubled up to 60 s, five times, jittered. */
export const defaultRetry: Schedule.Schedule<unknown, unknown> = Schedule.min([
  Schedule.exponential("1 second"),
  Schedule.spaced("60 seconds"),
]).pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/** How long the parts of a job are kept after its last change, where an import does not say. */
export const defaultRetention: Duration.Duration = Duration.days(90)

const rowColumns = (row: Schema.Codec<any, any>): Json => {
  const { ast } = row
  if (!SchemaAST.isObjects(ast)) return ast._tag
  return ast.propertySignatures.map((property) => [
    String(property.name),
    Cell.declarationOf(property.type)?.kind ?? property.type._tag,
    SchemaAST.isOptional(property.type),
  ])
}

/**
 * Makes an import. What can be known to be wrong without data (an entity that refers to one that is not listed, a mapped column that
 * the row has not, smart mode without a way to create) is a defect, thrown here.
 */
export const make = <Row>(options: Options<Row>): Import => {
  const revision = options.revision ?? 1
  const mode = options.mode ?? "strict"
  const normalize = options.normalize ?? []
  const rules = options.rules ?? []
  const mirrors = options.mirrors ?? []
  const entities = Entity.inReferenceOrder(options.entities)
  for (const entity of entities)
    for (const reference of entity.references)
      if (!entities.includes(reference.entity))
        throw new TypeError(
          `import ${options.name}: ${entity.name} refers to ${reference.entity.name}, which is not among its entities`,
        )
  for (const [at, { entity }] of mirrors.entries())
    if (!entities.includes(entity) || mirrors.findIndex((it) => it.entity === entity) < at)
      throw new TypeError(
        `import ${options.name}: it has a mirror of ${entity.name}, which ${entities.includes(entity) ? "has one already" : "is not among its entities"}`,
      )
  if (typeof options.map !== "function" && !entities.includes(options.map.entity))
    throw new TypeError(`import ${options.name}: it maps to ${options.map.entity.name}, which is not among its entities`)
  return {
    name: options.name,
    revision,
    row: options.row,
    normalize,
    entities,
    map: options.map,
    rules,
    mode,
    mirrors,
    sink: options.sink,
    transaction: options.transaction ?? null,
    onConflict: options.onConflict ?? "abort",
    allowPartial: options.allowPartial ?? false,
    limits: { ...Limits.defaults, ...options.limits },
    retention: options.retention ?? defaultRetention,
    retry: options.retry ?? defaultRetry,
    definition: Fingerprint.of({
      name: options.name,
      revision,
      mode,
      row: rowColumns(options.row),
      entities: entities.map(Entity.describe),
      normalize: normalize.map(({ columns, options: settings, rule }) => [rule, columns, settings]),
      rules: rules.map(({ code, severity }) => [code, severity]),
      map: typeof options.map === "function" ? null : options.map.columns,
      // an import without mirrors means what it meant before there were any
      ...(mirrors.length === 0
        ? {}
        : {
            mirrors: mirrors.map(({ entity, missing, scope, set }) => [
              entity.name,
              missing === "delete" ? missing : set.map(({ position, value }) => [position, value ?? null]),
              scope.map(({ position, value }) => [position, value ?? null]),
            ]),
          }),
    }),
  }
}

/**
 * Maps columns to the fields of one entity directly: `Import.columns(Product, { sku: "sku", title: "title_en" })`. Fields that are
 * not named are filled from the column of their own name; name a field with `null` to leave it absent.
 */
export const columns = <Fields extends Schema.Struct.Fields>(
  entity: Entity.Entity<Fields>,
  mapping: { readonly [field in Extract<keyof Fields, string>]?: string | null } = {},
): ColumnMap => ({
  _tag: "ColumnMap",
  entity,
  columns: entity.fields.map((field) => {
    const column = (mapping as Record<string, string | null | undefined>)[field.name]
    return column === undefined ? field.name : column
  }),
})
