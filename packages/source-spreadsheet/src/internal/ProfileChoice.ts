/**
 * The choice of a profile for a file: the header is read as each profile says, and the profiles that know the file by it are counted. One is right;
 * none and several are errors that say why.
 */
import type { Source } from "@waybill/core"
import { Effect, Option, Result, Stream } from "effect"
import * as Headers from "../Headers.ts"
import { nameOf, type Profile } from "../Profile.ts"
import { malformed } from "./classifyError.ts"
import { nearest } from "./nearest.ts"
import type { Definition } from "./ProfileSchema.ts"

/** What there is at a file's start, read as a profile says: its header, or why there is none. */
export type Header = Result.Result<ReadonlyArray<string>, string>

/** The names of the columns that a profile speaks of, each with its other names: whatever their case, they are found in the header. */
export const aliasesOf = ({
  aliases = {},
  defaults = {},
  excludes = [],
  formats = {},
  normalizations = [],
  requires,
}: Definition) => {
  const known = new Map(Object.entries(aliases))
  const named = [
    ...requires,
    ...excludes,
    ...Object.keys(formats),
    ...Object.keys(defaults),
    ...normalizations.flatMap((it) => it.columns ?? []),
  ]
  for (const column of named) if (!known.has(column)) known.set(column, [])
  return Object.fromEntries(known)
}

/** The header of a source that renames no column; an error of the file is a reason against a profile, one of the world is one of the source. */
export const headerOf = (source: Source.Source): Effect.Effect<Header, Source.SourceError> =>
  Stream.runHead(Stream.rechunk(source.read(null), 1)).pipe(
    Effect.map((page): Header => Result.succeed(Option.isSome(page) ? (page.value.columns ?? []) : [])),
    Effect.catch((error) =>
      error.isRetryable || !["Malformed", "NotFound", "TooLarge"].includes(error.reason)
        ? Effect.fail(error)
        : Effect.succeed<Header>(Result.fail(error.message)),
    ),
  )

/** A profile, with the header as it reads it. */
export interface Candidate {
  readonly profile: Profile
  readonly header: Header
}

const has = (definition: Definition, folded: ReadonlySet<string>, column: string): boolean =>
  [column, ...(definition.aliases?.[column] ?? [])].some((name) => folded.has(Headers.fold(name)))

// what speaks against a profile; none where it fits
const against = ({ header, profile: { definition } }: Candidate): ReadonlyArray<string> => {
  if (Result.isFailure(header)) return [header.failure]
  const found = header.success
  const folded = new Set(found.map(Headers.fold))
  const names = new Set(
    Object.entries(aliasesOf(definition)).flatMap(([column, others]) => [column, ...others].map(Headers.fold)),
  )
  const unknown = found.filter((name) => !names.has(Headers.fold(name)))
  return [
    ...definition.requires
      .filter((column) => !has(definition, folded, column))
      .map((column) => {
        const others = definition.aliases?.[column] ?? []
        const near = nearest([column, ...others], unknown)
        const also = others.length === 0 ? "" : ` (or ${others.slice(0, 5).map(quoted).join(", ")})`
        return `there is no ${quoted(column)}${also}${near === undefined ? "" : `: did you mean it by ${quoted(near)}?`}`
      }),
    ...(definition.excludes ?? [])
      .filter((column) => has(definition, folded, column))
      .map((column) => `there is ${quoted(column)}, which it excludes`),
  ]
}

const quoted = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)

const sentence = (text: string): string => (/[.?]$/.test(text) ? text : `${text}.`)

const headersShown = 30

// each header that was found, with the profiles that read it so
const headersOf = (candidates: ReadonlyArray<Candidate>): string => {
  const all = new Set(
    candidates.flatMap(({ header }) =>
      Result.isFailure(header)
        ? []
        : [
            `${header.success.slice(0, headersShown).map(quoted).join(", ")}${header.success.length > headersShown ? ` and ${header.success.length - headersShown} more` : ""}`,
          ],
    ),
  )
  return all.size === 0 ? "" : ` The header is ${[...all].join("; or, read as another profile says, ")}.`
}

/** The one profile that fits; an error of the source otherwise, which says of each what speaks against it, or which of them fit. */
export const choose = (name: string, candidates: ReadonlyArray<Candidate>): Effect.Effect<Profile, Source.SourceError> => {
  const judged = candidates.map((candidate) => ({ candidate, reasons: against(candidate) }))
  const fitting = judged.filter(({ reasons }) => reasons.length === 0).map(({ candidate }) => candidate)
  if (fitting.length === 1) return Effect.succeed(fitting[0]!.profile)
  if (fitting.length > 1) {
    const names = fitting.map(({ profile }) => nameOf(profile)).join(" and ")
    return Effect.fail(
      malformed(
        `${name}: several profiles fit: ${names}.${headersOf(fitting)} Let \`requires\` of one of them name a column that only its files have, or \`excludes\` one that they never have; or give only one of them`,
      ),
    )
  }
  const reasons = judged.map(({ candidate, reasons: some }) => `${nameOf(candidate.profile)}: ${sentence(some.join("; "))}`)
  return Effect.fail(malformed(`${name}: no profile fits. ${reasons.join(" ")}${headersOf(candidates)}`))
}
