/**
 * The laws of a source. A source's test gives a {@link Harness} and runs each law:
 *
 * `for (const law of SourceSuite.laws(harness)) test(titleOf(law), () => Effect.runPromise(law.check))`
 *
 * @module
 */
import type { Law } from "./Law.ts"
import type { Harness } from "./source/Harness.ts"
import { identityLaws } from "./source/identity.ts"
import { pageLaws } from "./source/pages.ts"
import { readingLaws } from "./source/reading.ts"
import { troubleLaws } from "./source/trouble.ts"

export type { Broken, Harness, Open } from "./source/Harness.ts"

/** The laws, with those waived that the harness gives a reason for. */
export const laws = (harness: Harness): ReadonlyArray<Law> => [
  ...identityLaws(harness),
  ...readingLaws(harness),
  ...pageLaws(harness),
  ...troubleLaws(harness),
]
