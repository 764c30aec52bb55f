/**
 * A profile says how the files of one partner are written: which columns they are known by, other names of columns, dialect, sheet, how numbers and dates
 * are written, what stands for nothing, what is to be taken where a column is missing or empty, and what a file may use up. It is one JSON file with a name and a
 * version; its SHA-256 is that of its canonical form (RFC 8785), so that blanks and the order of members do not count.
 *
 * A {@link ProfiledSource} chooses among profiles by a file's header.
 *
 * @module
 */
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { Fingerprint, type Source } from "@waybill/core"
import { Data, Effect, Result } from "effect"
import * as Input from "./internal/Input.ts"
import * as problems from "./internal/ProfileProblems.ts"
import type { Definition } from "./internal/ProfileSchema.ts"

export type { Problem } from "./internal/ProfileProblems.ts"
export type { CsvDefinition, Definition, XlsxDefinition } from "./internal/ProfileSchema.ts"

/** A profile that has been read and is right; made by {@link parse}, {@link read} or {@link make}. */
export interface Profile {
  readonly definition: Definition
  /** Of its canonical form. */
  readonly sha256: string
}

/** A file that is no profile. `message` names the file and every problem with its path. */
export class ProfileError extends Data.TaggedError("ProfileError")<{
  /** The file's name. */
  readonly place: string
  readonly problems: ReadonlyArray<problems.Problem>
  readonly message: string
}> {}

const wrong = (place: string, found: ReadonlyArray<problems.Problem>): ProfileError =>
  new ProfileError({
    place,
    problems: found,
    message: `${place}: ${found.map(({ message, path }) => `${path}: ${message}`).join("; ")}`,
  })

const of = (definition: Definition): Profile => ({ definition, sha256: Fingerprint.of(definition) })

const decode = (value: unknown, place: string): Result.Result<Profile, ProfileError> =>
  problems.decode(value).pipe(
    Result.map(of),
    Result.mapError((found) => wrong(place, found)),
  )

/** The profile that a JSON text is. `place` is what messages call it. */
export const parse = (text: string, place = "profile.json"): Result.Result<Profile, ProfileError> => {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""))
  } catch (error) {
    return Result.fail(wrong(place, [{ path: "$", message: `is no JSON: ${(error as SyntaxError).message}` }]))
  }
  return decode(value, place)
}

/** The profile in a file: `ProfileError` where it is none, `SourceError` where it cannot be read. */
export const read = (file: string): Effect.Effect<Profile, ProfileError | Source.SourceError> =>
  Effect.flatMap(
    Input.attempt(basename(file), () => readFile(file, "utf8")),
    (text) => Effect.fromResult(parse(text, basename(file))),
  )

/** A profile that is written in code; one that is not right is a defect, thrown here. */
export const make = (definition: Definition): Profile => {
  const made = decode(definition, definition.name)
  if (Result.isFailure(made)) throw new TypeError(made.failure.message)
  return made.success
}

/** What people call a profile: `nordwind, version 3`. */
export const nameOf = ({ definition: { name, version } }: Profile): string => `${name}, version ${version}`
