/** What the laws of shared stores share: their form, and the texts that databases stumble over. */
import type { Effect } from "effect"

/** A law over a way to open stores. */
export interface SharedLaw<Open> {
  /** What holds; the name of the test. */
  readonly name: string
  /** Ends if the law holds, dies with an assertion error if it does not. */
  readonly check: (open: Open) => Effect.Effect<void, unknown>
}

export const law = <Open>(name: string, check: SharedLaw<Open>["check"]): SharedLaw<Open> => ({ name, check })

export const hostile = [
  "",
  " ",
  "'; DROP TABLE x; --",
  '"quoted" \\back\\slash\n\r\t',
  "$set",
  "$where.a.b.",
  "a.b..c",
  "__proto__",
  "per%cent_under",
  "nul \u0000 inside",
  "half a pair \ud83d",
  "\udc4d half a pair",
  "naïve 北京 👍🏽 \u202eright to left",
  "e\u0301 is not \u00e9",
  "{}",
  "null",
]
