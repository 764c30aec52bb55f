/**
 * Waybill, MongoDB: NDJSON stations, validated and planned, then committed.
 *
 * @module
 */
import { MongoSink } from "@waybill/sink-mongo"
import { MongoClient } from "mongodb"
import type { Contender } from "../contender.ts"
import { engineRun, type Phase } from "../engineRun.ts"
import { ndjsonSource } from "../ndjsonSource.ts"
import { stationCollection } from "../stationDocument.ts"
import { stationImport } from "../stationImport.ts"

const contender =
  (phase: Phase): Contender =>
  async (task) => {
    const client = await MongoClient.connect(task.url)
    try {
      const sink = MongoSink.make({ db: client.db(), collections: { station: stationCollection } })
      return await engineRun(task, phase, stationImport(sink), ndjsonSource(task.file))
    } finally {
      await client.close()
    }
  }

/** Both phases. */
export const run = contender("run")

/** Validates only. */
export const validate = contender("validate")

/** Commits a validated job. */
export const commit = contender("commit")
