/**
 * A worker process: waits for its task, and works at the job that is there until its end or its own. `node dist/child.js`
 *
 * @module
 */
import { Engine, JobStore, SnapshotStore, Worker } from "@waybill/core"
import { MongoJobStore, MongoSink, MongoSnapshotStore } from "@waybill/sink-mongo"
import { PostgresJobStore, PostgresSink, PostgresSnapshotStore } from "@waybill/sink-postgres"
import { Duration, Effect, Layer, Logger } from "effect"
import { MongoClient } from "mongodb"
import pg from "pg"
import { definition, source } from "./largeImport.ts"
import { laterClock } from "./laterClock.ts"
import type { Equipment } from "./Scene.ts"
import type { Message, Task } from "./task.ts"

const tell = (message: Message, then?: () => void): void => void process.send?.(message, undefined, undefined, then)

const equip = async ({ database, kind, url }: Task): Promise<Omit<Equipment, "sever">> => {
  if (kind === "postgres") {
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    return {
      sink: PostgresSink.make({ pool }),
      jobs: PostgresJobStore.make({ pool }),
      parts: PostgresSnapshotStore.make({ pool }),
      close: () => pool.end(),
    }
  }
  const client = new MongoClient(url)
  const db = client.db(database)
  return {
    sink: MongoSink.make({ db }),
    jobs: MongoJobStore.make({ db }),
    parts: MongoSnapshotStore.make({ db }),
    close: () => client.close(),
  }
}

const work = async (task: Task): Promise<Message> => {
  const { close, jobs, parts, sink } = await equip(task)
  const large = definition(sink, task.batch)
  const rows = source(task.records)
  const lease = Duration.minutes(10)
  const all = Effect.gen(function* () {
    let [job] = yield* jobs.find({ import: "large" })
    if (job === undefined) job = yield* Engine.validate(large, rows)
    else if (job.status === "validating") job = yield* Engine.resume(large, job.id, rows)
    if (task.until === "sealed") return job
    for (
      let tries = 0;
      tries < 5 && (job.status === "pending" || job.status === "running" || job.failure?.retryable === true);
      tries++
    )
      job = yield* Engine.commit(large, job.id)
    return job
  })
  const job = await Effect.runPromise(
    Effect.provide(
      all,
      Layer.mergeAll(
        Layer.succeed(JobStore.JobStore, jobs),
        Layer.succeed(SnapshotStore.SnapshotStore, parts),
        Layer.succeed(Worker.Worker, { name: `worker-${task.number}`, lease }),
        laterClock(2 * task.number * Duration.toMillis(lease)),
        Logger.layer([]),
      ),
    ),
  )
  await close()
  return { _tag: "Done", status: job.status, failure: job.failure?.message ?? null, counts: job.counts }
}

// nobody waits for it any more
process.once("disconnect", () => process.exit(1))
process.once("message", (message) => {
  tell({ _tag: "Begun" })
  work(message as Task)
    .catch((error: unknown): Message => ({ _tag: "Failed", reason: error instanceof Error ? error.message : String(error) }))
    .then((done) => tell(done, () => process.exit(0)))
})
