/**
 * What the author of a source gives to have its laws checked.
 */
import type { Effect, Scope } from "effect"
import type { Reason, Source } from "../../Source.ts"
import type { Can } from "../Law.ts"

/** Opens a source. Each call makes another one, over the same input, as another process would. */
export type Open = Effect.Effect<Source, unknown, Scope.Scope>

/** A source that cannot be read, and what its error is. */
export interface Broken {
  /** What is wrong with it, for people. */
  readonly name: string
  readonly open: Open
  readonly reason: Reason
  readonly isRetryable: boolean
}

/** What the author of a source gives: the source over a fixture of theirs, and what is known of the fixture. */
export interface Harness {
  /** The source over an input of three pages or more. */
  readonly open: Open
  /** The rows that the input has, in order, as the source delivers them. */
  readonly rows: ReadonlyArray<unknown>
  /** The refs of these rows, `place:label`. */
  readonly refs: ReadonlyArray<string>
  /** The most rows of a page, as the source was asked for. */
  readonly pageRows: number
  /** The source over the same input with one byte changed; or why no change of the input can be told by its hash. */
  readonly changed: Open | Extract<Can, string>
  /** The source over an input without rows: it gives none, or ends in the error that is declared; or why there is no such input. */
  readonly empty: Open | Broken | Extract<Can, string>
  /** How many handles (files, connections) sources of this kind hold at the moment; or why that cannot be counted. */
  readonly held: Effect.Effect<number> | Extract<Can, string>
  /** Sources that cannot be read, one for each kind of trouble that is known. */
  readonly broken: ReadonlyArray<Broken>
  /** What must not be told of {@link open} and {@link broken}: a key or password that they use; or why they use none. */
  readonly secrets: ReadonlyArray<string> | Extract<Can, string>
}
