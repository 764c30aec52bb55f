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

const contender =
  (phase: Phase): Contender =>
  async (task) => {
    const pool = new pg.Pool({ connectionString: task.url })
    try {
      return await engineRun(task, phase, catalogImport(PostgresSink.make({ pool })), catalogSource(task.file))
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
