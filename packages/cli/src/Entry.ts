/**
 * An entry is an import as the command line offers it: its definition, and how what a person types becomes its source.
 *
 * @module
 */
import type { Import, Partition, Source } from "@waybill/core"
import { Effect, type Scope } from "effect"

/** What a person typed for an entry: its arguments, and those of its options that were given. */
export interface Input {
  readonly [name: string]: string | undefined
}

/**
 * An entry of any arguments. A plain import without arguments needs no more than `{ definition, source }`; {@link make} types
 * the input of the others.
 */
export interface Entry<R = never> {
  /** One line for the help text. */
  readonly description?: string
  /**
   * The definition, or an effect that makes it when a command needs it (it opens a pool, say); its scope closes with the command.
   */
  readonly definition: Import.Import | Effect.Effect<Import.Import, unknown, R | Scope.Scope>
  /** Arguments in their order, all of them needed: name → what it is, for the help text. */
  readonly arguments?: { readonly [name: string]: string }
  /** Options that take a value, none of them needed: name → what it is, for the help text. */
  readonly options?: { readonly [name: string]: string }
  /** The source to read, made anew for each validation; one that divides is imported by a job for each of its partitions. */
  readonly source: (input: Input) => Source.Source<R> | Partition.Partitioned<R>
}

/** What an entry's `source` is handed: a text for each argument, a text or `undefined` for each option. */
export type InputOf<Arguments, Options> = { readonly [name in keyof Arguments]: string } & {
  readonly [name in keyof Options]: string | undefined
}

/**
 * Makes an entry whose source knows its input by type.
 *
 * @example
 * Entry.make({
 *   definition: prices,
 *   arguments: { file: "the workbook to import" },
 *   options: { sheet: "the sheet to read, the first by default" },
 *   source: ({ file, sheet }) => XlsxSource.make({ file, ...(sheet === undefined ? {} : { sheet }) }),
 * })
 */
export const make = <
  const Arguments extends { readonly [name: string]: string } = Record<never, string>,
  const Options extends { readonly [name: string]: string } = Record<never, string>,
  R = never,
>(
  entry: Omit<Entry<R>, "arguments" | "options" | "source"> & {
    readonly arguments?: Arguments
    readonly options?: Options
    readonly source: (input: InputOf<Arguments, Options>) => Source.Source<R> | Partition.Partitioned<R>
  },
): Entry<R> => entry as unknown as Entry<R>

/** The services that an entry needs. */
export type Services<E> = E extends Entry<infer R> ? R : never

/** The definition of an entry. */
export const definition = <R>(entry: Entry<R>): Effect.Effect<Import.Import, unknown, R | Scope.Scope> =>
  Effect.isEffect(entry.definition) ? entry.definition : Effect.succeed(entry.definition)
