/**
 * What a commit sends of its batches: encoded ahead, while the target works on the batch before, or when a batch is applied.
 *
 * @module
 */
import { type Batch, Plan, type Sink } from "@waybill/core"
import type { CopyText, Encoded } from "./CopyText.ts"

/** The creates and updates of a batch, with the fingerprints that the plan saw. */
const selectionOf = ({ actions, updates }: Plan.PlannedBatch) => {
  const fingerprints = new Map(updates.map((it) => [it.index, it.fingerprint]))
  return {
    takes: (index: number) => actions[index] === Plan.code.create || actions[index] === Plan.code.update,
    fingerprint: (index: number) => fingerprints.get(index) ?? null,
  }
}

/** The encodings of one entity. An encoder's bytes are valid until it is used again, so one works ahead while the other's are sent. */
export class Encodings {
  private ahead: (Sink.PlannedRecords & { readonly encoded: Encoded }) | null = null
  private readonly encoders: [current: CopyText, next: CopyText]

  constructor(make: () => CopyText) {
    this.encoders = [make(), make()]
  }

  /** Encodes the batch that comes next. */
  prepare(batch: Batch.Batch, planned: Plan.PlannedBatch): void {
    this.ahead = { batch, planned, encoded: this.encoders[1].encode(batch, selectionOf(planned)) }
  }

  /** The encoding of the batch that is applied now; what was encoded before it is valid no more. */
  take(batch: Batch.Batch, planned: Plan.PlannedBatch): Encoded {
    if (this.ahead?.batch !== batch || this.ahead.planned !== planned) return this.encoders[0].encode(batch, selectionOf(planned))
    const { encoded } = this.ahead
    this.ahead = null
    this.encoders.reverse()
    return encoded
  }
}
