/**
 * An extra is a command of an application's own, beside those that every import has: to set a database up, to write a template.
 *
 * @module
 */
import type { JobStore, SnapshotStore } from "@waybill/core"
import type { Effect, Scope } from "effect"
import type { Input, InputOf } from "./Entry.ts"
import type { Host } from "./Host.ts"

/**
 * The failure of an extra whose request makes no sense: its sentence, the way to its help, and exit code 64. Any error with this `_tag` and a
 * `message` counts as one.
 */
export { UsageError } from "./internal/complaint.ts"

/** An extra of any arguments; {@link make} types its input. */
export interface Extra<R = never> {
  /** One line for the help text. */
  readonly description: string
  /** Arguments in their order, all of them needed: name → what it is. */
  readonly arguments?: { readonly [name: string]: string }
  /** Options that take a value, none of them needed: name → what it is. */
  readonly options?: { readonly [name: string]: string }
  /** Does it. Results go to the host's standard output; a failure is one sentence and exit code 1, a {@link UsageError} exit code 64. */
  readonly run: (
    input: Input,
    host: Host,
  ) => Effect.Effect<void, unknown, R | JobStore.JobStore | SnapshotStore.SnapshotStore | Scope.Scope>
}

/** Makes an extra that knows its input by type. */
export const make = <
  const Arguments extends { readonly [name: string]: string } = Record<never, string>,
  const Options extends { readonly [name: string]: string } = Record<never, string>,
  R = never,
>(
  extra: Omit<Extra<R>, "arguments" | "options" | "run"> & {
    readonly arguments?: Arguments
    readonly options?: Options
    readonly run: (input: InputOf<Arguments, Options>, host: Host) => ReturnType<Extra<R>["run"]>
  },
): Extra<R> => extra as unknown as Extra<R>

/** The services that an extra needs. */
export type Services<E> = E extends Extra<infer R> ? R : never
