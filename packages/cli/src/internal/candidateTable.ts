/**
 * Candidates and decisions as people read them: where each stands in its job, which keys are near, and what was decided.
 */
import { Candidates, type Engine } from "@waybill/core"
import { quote } from "./commandLine.ts"
import { count, moment } from "./format.ts"
import type { Style } from "./style.ts"
import { type Column, table } from "./table.ts"

/** A candidate, with what is remembered about it and which keys are near where that was looked for. */
export type Shown = Engine.Candidate & Partial<Pick<Candidates.Listed, "nearest" | "remembered">>

const saying: { readonly [verdict in Candidates.Verdict]: (as: string | null) => string } = {
  create: () => "created",
  map: (as) => `read as ${as}`,
  reject: () => "rejected",
}

/** What a decision says. */
export const said = ({ as, verdict }: Pick<Candidates.Decision, "as" | "verdict">): string =>
  verdict === null ? "open" : saying[verdict](as)

/** Where a candidate stands in its job. */
export const standing = (of: Engine.Candidate): string => {
  const at = Candidates.standingOf(of)
  return at === "mapped" ? said({ verdict: "map", as: of.decided?.as ?? null }) : at
}

/** What the next validation makes of a candidate, where that is not what its job made of it. */
export const since = (of: Shown): string => {
  if (of.remembered === undefined) return ""
  if (of.remembered === null) return of.decided === undefined ? "" : "taken back"
  const now = said(of.remembered)
  return now === standing(of) ? "" : `${now}, as ${of.remembered.by} decided`
}

/** Candidates as a table; the columns `nearest` and `decided since` are there where they have something to say. */
export const candidates = (values: ReadonlyArray<Shown>, style: Style): string => {
  const further: ReadonlyArray<readonly [Column, (of: Shown) => string]> = [
    [{ heading: "nearest" }, ({ nearest = [] }) => nearest.map(quote).join(", ")],
    [{ heading: "decided since" }, since],
  ]
  const shown = further.filter(([, cell]) => values.some((of) => cell(of) !== ""))
  return table(
    [
      { heading: "entity" },
      { heading: "key" },
      { heading: "rows", align: "right" },
      { heading: "first row" },
      { heading: "standing" },
      ...shown.map(([column]) => column),
    ],
    values.map((of) => [of.entity, of.key, count(of.rows), of.firstRef, standing(of), ...shown.map(([, cell]) => cell(of))]),
    style,
  )
}

/** Decisions as a table. */
export const decisions = (values: ReadonlyArray<Candidates.Decision>, style: Style): string =>
  table(
    [
      { heading: "import" },
      { heading: "entity" },
      { heading: "key" },
      { heading: "is" },
      { heading: "decided by" },
      { heading: "at" },
      { heading: "version", align: "right" },
    ],
    values.map((of) => [of.import, of.entity, of.key, said(of), of.by, moment(of.at), count(of.version)]),
    style,
  )
