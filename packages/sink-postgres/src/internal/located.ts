/**
 * Says which record of a batch the server refused, where it told the line of a COPY or the values of a key.
 *
 * @module
 */
import { Plan, Sink } from "@waybill/core"
import type { ServerError } from "./Driver.ts"
import type { Layout } from "./Layout.ts"
import { lineOf } from "./refusal.ts"

const isSent = (action: number): boolean =>
  action === Plan.code.create || action === Plan.code.update || action === Plan.code.delete

const byLine = ({ actions }: Plan.PlannedBatch, line: number): number => {
  let lines = 0
  return actions.findIndex((action) => isSent(action) && ++lines === line)
}

// Key (ean)=(4006381333931) already exists.
const byKey = (layout: Layout, { batch, planned }: Sink.PlannedRecords, detail: string): number => {
  const key = /\(([^()]+)\)=\((.*)\)/.exec(detail)
  const column = key?.[1]?.replace(/^"?(.*?)"?$/, '"$1"')
  const stored = layout.stored.find((it) => it.lookup === null && it.name === column)
  if (key === null || stored === undefined) return -1
  const position = stored.positions[0]!
  // of two with the same value the first can go in
  return batch.records().findLastIndex((values, at) => isSent(planned.actions[at]!) && String(values[position]) === key[2])
}

/** The error of a batch, with the record that it is about if that can be told. */
export const located = (layout: Layout, records: Sink.PlannedRecords, error: Sink.SinkError): Sink.SinkError => {
  // who looked at the references of a deletion knows it already
  if (error.reason !== "DataRefused" || typeof error.refused?.index === "number") return error
  const line = lineOf(layout, error)
  const { detail } = (error.cause ?? {}) as Partial<ServerError>
  const index = line === null ? byKey(layout, records, detail ?? "") : byLine(records.planned, line)
  return new Sink.SinkError({
    ...error,
    refused: {
      entity: layout.entity.name,
      index: index < 0 ? null : index,
      part: records.batch.part,
      constraint: error.refused?.constraint ?? null,
    },
  })
}
