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
import { bareDb } from "../withoutBookkeeping.ts"

const contender =
  (phase: Phase, isBare = false): Contender =>
  async (task) => {
    const client = await MongoClient.connect(task.url)
    try {
      const db = isBare ? bareDb(client.db()) : client.db()
      const sink = MongoSink.make({ db, collections: { station: stationCollection } })
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

/** Commits a validated job without checkpoints and before-images. */
export const bareCommit = contender("commit", true)
