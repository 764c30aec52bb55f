/**
 * The laws of a sink. A sink's test gives a {@link Harness} with targets that have a table or collection for each of {@link entities},
 * and runs each law:
 *
 * `for (const law of SinkSuite.laws(harness)) test(titleOf(law), () => Effect.runPromise(law.check))`
 *
 * @module
 */
import type { Law } from "./Law.ts"
import { conflictLaws } from "./sink/conflicts.ts"
import { forgettingLaws } from "./sink/forgetting.ts"
import type { Harness } from "./sink/Harness.ts"
import { holdingLaws } from "./sink/holding.ts"
import { listingLaws } from "./sink/listing.ts"
import { owningLaws } from "./sink/owning.ts"
import { planningLaws } from "./sink/planning.ts"
import { probingLaws } from "./sink/probing.ts"
import { removingLaws } from "./sink/removing.ts"
import { survivingLaws } from "./sink/surviving.ts"
import { tellingLaws } from "./sink/telling.ts"
import { undoingLaws } from "./sink/undoing.ts"
import { verifyingLaws } from "./sink/verifying.ts"

export { entities, Maker, Offer, Product, Value } from "./sink/entities.ts"
export type { Capabilities, Fields, Harness, Target } from "./sink/Harness.ts"

/** The laws, with those waived that the harness gives a reason for. */
export const laws = (harness: Harness): ReadonlyArray<Law> => [
  ...planningLaws(harness),
  ...listingLaws(harness),
  ...conflictLaws(harness),
  ...survivingLaws(harness),
  ...verifyingLaws(harness),
  ...probingLaws(harness),
  ...undoingLaws(harness),
  ...removingLaws(harness),
  ...forgettingLaws(harness),
  ...owningLaws(harness),
  ...holdingLaws(harness),
  ...tellingLaws(harness),
]
