/**
 * Waybill, PostgreSQL: the catalog's CSV file, validated and planned, then committed into the table `product`.
 *
 * @module
 */
import { PostgresSink } from "@waybill/sink-postgres"
import pg from "pg"
import { catalogImport } from "../catalogImport.ts"
import { catalogSource } from "../catalogSource.ts"
import type { Contender } from "../contender.ts"
import { engineRun, type Phase } from "../engineRun.ts"
import { barePool } from "../withoutBookkeeping.ts"

const contender =
  (phase: Phase, isBare = false): Contender =>
  async (task) => {
    const pool = new pg.Pool({ connectionString: task.url })
    try {
      const sink = PostgresSink.make({ pool: isBare ? barePool(pool) : pool })
      return await engineRun(task, phase, catalogImport(sink), catalogSource(task.file))
    } finally {
      await pool.end()
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
